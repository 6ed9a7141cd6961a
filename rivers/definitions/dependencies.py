"""Declared dependencies of an asset: those that load a value, and those that only order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rivers.definitions.argument_checks import is_rivers_kind, require_text, require_text_mapping
from rivers.exceptions import AssetDefinitionError


@dataclass(frozen=True, repr=False, eq=False)
class DepDef:
    """One declared dependency; build it with ``AssetDef.input`` or ``AssetDef.dep``.

    ``io_handler`` (an instance or a resource key) loads this input instead of the upstream's own handler;
    ``metadata`` replaces the upstream's for that load.
    """

    name: str
    is_input: bool
    partition_mapping: Any = None
    metadata: dict[str, str] | None = None
    io_handler: Any = field(default=None)

    def __repr__(self) -> str:
        return f"DepDef.{'input' if self.is_input else 'dep'}({self.name!r})"


class AssetDef:
    """Builds the declared dependencies of an asset."""

    @staticmethod
    def input(
        name: str,
        partition_mapping: Any = None,
        io_handler: Any = None,
        metadata: Mapping[str, str] | None = None,
    ) -> DepDef:
        """The value of ``name`` is loaded for the parameter of that name.

        :raises AssetDefinitionError: when ``io_handler`` is neither a BaseIOHandler nor a resource key
        """
        require_text("name", name)
        require_io_handler(f"input {name!r}", io_handler)
        require_text_mapping("metadata", metadata)
        return DepDef(name, True, partition_mapping, None if metadata is None else dict(metadata), io_handler)

    @staticmethod
    def dep(name: str, partition_mapping: Any = None) -> DepDef:
        """``name`` comes first in lineage and in time; nothing is loaded."""
        require_text("name", name)
        return DepDef(name, False, partition_mapping)


def require_io_handler(owner: str, io_handler: object) -> None:
    """Check that ``io_handler`` is ``None``, a resource key or an instance of ``BaseIOHandler``."""
    if io_handler is None or isinstance(io_handler, str) or is_rivers_kind(io_handler, "BaseIOHandler"):
        return
    raise AssetDefinitionError(
        f"io_handler of {owner} must be a BaseIOHandler instance or a string resource reference, "
        f"got {type(io_handler).__name__}"
    )
