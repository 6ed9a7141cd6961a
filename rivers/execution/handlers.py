"""Which IO handler stores the value of a node, and which loads it for a consumer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rivers.exceptions import (
    AssetDefinitionError,
    _UnknownHandler,  # pyright: ignore[reportPrivateUsage]
)
from rivers.io_handlers import InMemoryIOHandler
from rivers.records import IOHandler


class Handlers:
    """The handlers of one bound repository: resource keys resolved, one default for nodes that name none.

    A sibling repository shares no values: it has a default of its own, and a copy of each in-memory handler.
    """

    def __init__(self, resources: Mapping[str, Any], *, copy_memory: bool = False) -> None:
        self.default: IOHandler = InMemoryIOHandler()
        self._resources = resources
        self._copy_memory = copy_memory
        self._copies: dict[int, tuple[Any, Any]] = {}

    def resolve(self, owner: str, given: Any) -> IOHandler:
        """The handler for a declaration: an instance, a resource key, or ``None`` for the default.

        :raises AssetDefinitionError: naming ``owner`` and the key, when there is no such resource (also a
            ``ConfigurationError``) or it is not a handler
        """
        if given is None:
            return self.default
        if isinstance(given, str):
            return self._registered(owner, given)
        if self._copy_memory and isinstance(given, InMemoryIOHandler):
            # Kept with its copy: an id is only unique while the object lives.
            _, copy = self._copies.setdefault(id(given), (given, given.model_copy()))
            return copy
        return given

    def _registered(self, owner: str, key: str) -> IOHandler:
        resource = self._resources.get(key)
        if resource is None:
            known = ", ".join(sorted(self._resources)) or "none"
            raise _UnknownHandler(f"'{owner}' names the io_handler '{key}', which is no resource (resources: {known})")
        if not callable(getattr(resource, "handle_output", None)) or not callable(
            getattr(resource, "load_input", None)
        ):
            raise AssetDefinitionError(
                f"'{owner}' names the io_handler '{key}', but that resource has no handle_output and load_input"
            )
        return resource
