"""The IO handlers that store the values of nodes and load them for consumers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rivers.graph.references import resolve_handler
from rivers.io_handlers import InMemoryIOHandler
from rivers.records import IOHandler


class Handlers:
    """The handlers of one bound repository, with a default for nodes that name none.

    A sibling repository shares no values: it has a default of its own, and a copy of each in-memory handler.
    """

    def __init__(self, resources: Mapping[str, Any], *, copy_memory: bool = False) -> None:
        self.default: IOHandler = InMemoryIOHandler()
        self._resources = resources
        self._copy_memory = copy_memory
        self._copies: dict[int, tuple[Any, Any]] = {}

    def resolve(self, owner: str, given: Any, resources: Mapping[str, Any] | None = None) -> IOHandler:
        """Return the handler that a declaration gives: an instance, a resource key, or ``None`` for the default.

        ``resources`` replace those of the repository for one run. Raises what ``resolve_handler`` raises.
        """
        if given is None:
            return self.default
        if self._copy_memory and isinstance(given, InMemoryIOHandler):
            # Kept with its copy, since an id is only unique while its object lives.
            _, copy = self._copies.setdefault(id(given), (given, given.model_copy()))
            return copy
        return resolve_handler(owner, given, self._resources if resources is None else resources)
