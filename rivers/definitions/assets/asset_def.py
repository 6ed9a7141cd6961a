"""``AssetDef``: one output of a multi-asset, and the place to declare dependencies, with ``input`` and ``dep``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rivers.definitions.argument_checks import require_text, require_text_mapping
from rivers.definitions.assets.asset_settings import (
    AssetKeywords,
    AssetSettings,
    DepDef,
    asset_settings,
    require_io_handler,
)
from rivers.definitions.assets.declared_settings import DeclaredData
from rivers.definitions.partition_arguments import PartitionsReference, edge_mapping, edge_mappings
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping


class AssetDef(DeclaredData):
    """One output of a multi-asset: an asset of its own. Equal by name; all attributes are read-only.

    ``type_hint`` is the type that its value is checked against; the IO handler gets it as well.

    :raises AssetDefinitionError: without a name, for a ``type_hint`` that is text, for a bad IO handler or pool
    :raises TypeError: for an argument of a wrong type
    """

    def __init__(
        self,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        kinds: str | Sequence[str] | None = None,
        group: str | None = None,
        code_version: str | None = None,
        io_handler: Any = None,
        metadata: Mapping[str, Any] | None = None,
        partitions_def: PartitionsReference | None = None,
        partition_mapping: Mapping[str, PartitionMapping] | None = None,
        pool: str | Sequence[str] | None = None,
        pool_slots: int | Mapping[str, int] | None = None,
        deps: Sequence[DepDef] | None = None,
        type_hint: Any = None,
    ) -> None:
        if name is None or name == "":
            raise AssetDefinitionError("an AssetDef needs a name")
        if isinstance(type_hint, str):
            raise AssetDefinitionError(
                f"type_hint of output '{name}' must be a type, got the text {type_hint!r}", name=name, value=type_hint
            )
        keywords = AssetKeywords(
            name=name,
            tags=tags,
            kinds=kinds,
            group=group,
            code_version=code_version,
            io_handler=io_handler,
            metadata=metadata,
            partitions_def=partitions_def,
            deps=deps,
            pool=pool,
            pool_slots=pool_slots,
        )
        super().__init__(asset_settings(keywords, "output"))
        self._partition_mapping = edge_mappings(f"output '{name}'", partition_mapping)
        self._pool_slots = pool_slots
        self._type_hint = type_hint

    @property
    def name(self) -> str:
        """The name of the output."""
        return self._settings.name or ""

    @property
    def partition_mapping(self) -> dict[str, PartitionMapping] | None:
        """The mapping of each dependency that has one."""
        declared = {dep.name: dep.partition_mapping for dep in self._settings.deps if dep.partition_mapping is not None}
        return {**self._partition_mapping, **declared} or None

    @property
    def pool_slots(self) -> int | Mapping[str, int] | None:
        """The slots as they were given; ``pool`` has them counted out."""
        return self._pool_slots

    @property
    def type_hint(self) -> Any:
        """The type that the value is checked against, ``None`` for no check."""
        return self._type_hint

    def with_defaults(self, defaults: AssetSettings) -> AssetDef:
        """Return the same output with the settings that a multi-asset gives to outputs which have none of their own.

        The settings of the step, such as its retry policy, are always the multi-asset's, and so is a partitions
        definition when it has one.
        """
        own = self._settings
        twin = AssetDef(own.name, type_hint=self._type_hint)
        twin._partition_mapping, twin._pool_slots = self._partition_mapping, self._pool_slots
        twin._settings = replace(
            own,
            tags=defaults.tags if own.tags is None else own.tags,
            kinds=own.kinds or defaults.kinds,
            group=defaults.group if own.group is None else own.group,
            code_version=defaults.code_version if own.code_version is None else own.code_version,
            io_handler=defaults.io_handler if own.io_handler is None else own.io_handler,
            partitions_def=own.partitions_def if defaults.partitions_def is None else defaults.partitions_def,
            hooks=defaults.hooks,
            automation_condition=defaults.automation_condition,
            retry=defaults.retry,
            compute=defaults.compute,
        )
        return twin

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, AssetDef) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"AssetDef({self.name!r})"

    @staticmethod
    def input(
        name: str,
        partition_mapping: PartitionMapping | None = None,
        io_handler: Any = None,
        metadata: Mapping[str, str] | None = None,
    ) -> DepDef:
        """Declare that the value of ``name`` is loaded for the parameter of that name.

        :raises AssetDefinitionError: when ``io_handler`` is neither a BaseIOHandler nor a resource key
        :raises TypeError: when ``partition_mapping`` is no mapping
        """
        require_text("name", name)
        require_io_handler(f"input {name!r}", io_handler)
        require_text_mapping("metadata", metadata)
        mapping = edge_mapping(f"input '{name}'", partition_mapping)
        return DepDef(name, True, mapping, None if metadata is None else dict(metadata), io_handler)

    @staticmethod
    def dep(name: str, partition_mapping: PartitionMapping | None = None) -> DepDef:
        """Declare that ``name`` comes first in lineage and in time; nothing is loaded."""
        require_text("name", name)
        return DepDef(name, False, edge_mapping(f"dep '{name}'", partition_mapping))
