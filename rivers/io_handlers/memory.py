"""The handler that keeps values in this process, which is the default of a repository."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import PrivateAttr

from rivers.io_handlers.base import BaseIOHandler
from rivers.io_handlers.locations import partition_segments
from rivers.records import InputContext, OutputContext


def _storage_key(asset_name: str, partition: Any) -> str:
    return asset_name if partition is None else "/".join([asset_name, *partition_segments(partition)])


class InMemoryIOHandler(BaseIOHandler):
    """Keeps values in a dictionary of this process and hands back the very object that was stored, not a copy.

    ``load_input`` raises ``KeyError`` with the storage key when nothing was stored. All instances compare equal, since
    they have no settings; each has a dictionary of its own.
    """

    _values: dict[str, Any] = PrivateAttr(default_factory=dict[str, Any])

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep ``obj`` under the asset's name and partition."""
        self._values[_storage_key(context.asset_name, context.partition)] = obj
        context.add_output_metadata({"storage": "memory", "size_bytes": sys.getsizeof(obj, 0)})

    def load_input(self, context: InputContext) -> Any:
        """The object that was stored; ``KeyError`` when there is none."""
        return self._values[_storage_key(context.asset_name, context.partition)]

    def __copy__(self) -> InMemoryIOHandler:
        """A handler of the same kind that holds nothing: two bound repositories share no values."""
        return type(self)()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InMemoryIOHandler)

    def __hash__(self) -> int:
        return hash(InMemoryIOHandler)
