"""The attributes that assets, outputs of multi-assets and tasks share."""

from __future__ import annotations

from typing import Any

from rivers.definitions.assets.asset_settings import AssetSettings, DepDef
from rivers.definitions.partition_arguments import PartitionsReference


class Declared:
    """Something that is declared and becomes a step, or the value of one. All attributes are read-only."""

    def __init__(self, settings: AssetSettings) -> None:
        self._settings = settings

    @property
    def settings(self) -> AssetSettings:
        """The checked settings of the declaration."""
        return self._settings

    @property
    def tags(self) -> list[str] | None:
        """The labels of the declaration."""
        return None if self._settings.tags is None else list(self._settings.tags)

    @property
    def io_handler(self) -> Any:
        """The handler, or the resource key of one, that stores the value; ``None`` means the repository's default."""
        return self._settings.io_handler

    @property
    def partitions_def(self) -> PartitionsReference | None:
        """The partitions definition, or the name of a registered one."""
        return self._settings.partitions_def


class DeclaredData(Declared):
    """An asset, or one output of a multi-asset."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of data that it is: ``table``, ``model``, ..."""
        return list(self._settings.kinds)

    @property
    def group(self) -> str | None:
        """The group that pages show it in."""
        return self._settings.group

    @property
    def code_version(self) -> str | None:
        """The version of the code that makes it, when its author keeps one."""
        return self._settings.code_version

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Static metadata."""
        return None if self._settings.metadata is None else dict(self._settings.metadata)

    @property
    def deps(self) -> list[DepDef]:
        """The declared dependencies."""
        return list(self._settings.deps)

    @property
    def pool(self) -> list[tuple[str, int]]:
        """The concurrency pools that its step claims, and how many slots of each."""
        return list(self._settings.pool)
