"""A declared dependency of an asset: one that loads a value, or one that only orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rivers.definitions.argument_checks import is_rivers_kind
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping


@dataclass(frozen=True, repr=False, eq=False)
class DepDef:
    """One declared dependency; build it with ``AssetDef.input`` or ``AssetDef.dep``.

    ``io_handler`` (an instance or a resource key) loads this input instead of the upstream's own handler;
    ``metadata`` replaces the upstream's for that load.
    """

    name: str
    is_input: bool
    partition_mapping: PartitionMapping | None = None
    metadata: dict[str, str] | None = None
    io_handler: Any = field(default=None)

    def __repr__(self) -> str:
        return f"DepDef.{'input' if self.is_input else 'dep'}({self.name!r})"


def require_io_handler(owner: str, io_handler: object) -> None:
    """Check that ``io_handler`` is ``None``, a resource key or an instance of ``BaseIOHandler``."""
    if io_handler is None or isinstance(io_handler, str) or is_rivers_kind(io_handler, "BaseIOHandler"):
        return
    raise AssetDefinitionError(
        f"io_handler of {owner} must be a BaseIOHandler instance or a string resource reference, "
        f"got {type(io_handler).__name__}"
    )
