"""The handler that keeps values in this process, which is the default of a repository."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import PrivateAttr

from rivers.definitions.values.output_report import OutputContext
from rivers.io_handlers.base import BaseIOHandler
from rivers.io_handlers.locations import all_partition_segments, partition_segments
from rivers.records import InputContext


class InMemoryIOHandler(BaseIOHandler):
    """Keeps values in a dictionary of this process and hands back the very object that was stored, not a copy.

    ``load_input`` raises ``KeyError`` with the storage key when nothing was stored. All instances compare equal, since
    they have no settings; each has a dictionary of its own.
    """

    _values: dict[str, Any] = PrivateAttr(default_factory=dict[str, Any])

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep ``obj`` under the asset's name and partition; the value of a batch under each of its keys."""
        for segments in all_partition_segments(context.partition):
            self._values["/".join([context.asset_name, *segments])] = obj
        context.add_output_metadata({"storage": "memory", "size_bytes": sys.getsizeof(obj, 0)})

    def load_input(self, context: InputContext) -> Any:
        """Return the object that was stored.

        :raises KeyError: when there is none
        """
        key = "/".join([context.asset_name, *partition_segments(context.partition)])
        try:
            return self._values[key]
        except KeyError:
            raise KeyError(_MissingKey(key, context.asset_name, type(self).__name__)) from None

    def __copy__(self) -> InMemoryIOHandler:
        """Return a handler of the same kind that holds nothing, since two bound repositories share no values."""
        return type(self)()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InMemoryIOHandler)

    def __hash__(self) -> int:
        return hash(InMemoryIOHandler)


class _MissingKey(str):
    """A storage key whose ``repr``, which is all that a ``KeyError`` shows, tells what is missing."""

    __slots__ = ("asset_name", "handler")

    def __new__(cls, key: str, asset_name: str, handler: str) -> _MissingKey:
        made = super().__new__(cls, key)
        made.asset_name = asset_name
        made.handler = handler
        return made

    def __getnewargs__(self) -> tuple[str, str, str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return str(self), self.asset_name, self.handler

    def __repr__(self) -> str:
        return f"{str(self)!r}: {self.handler} has no value of '{self.asset_name}' in this process"
