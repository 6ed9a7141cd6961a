"""The attributes that both kinds of task have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rivers.definitions.assets.asset_settings import AssetKeywords, asset_settings
from rivers.definitions.assets.declared_settings import Declared
from rivers.definitions.partition_arguments import edge_mappings
from rivers.definitions.policies.retries import RetryPolicy
from rivers.partitions.mappings import PartitionMapping


class BaseTask(Declared):
    """The common part of tasks that call a function and tasks that run a command. All attributes are read-only.

    A task is a step, not an asset: it has no kinds, group, metadata, pools or hooks; those of its settings are empty.
    """

    is_mappable: ClassVar[bool] = False
    """Whether it can be run once for each element of a value."""

    def __init__(
        self, keywords: AssetKeywords, partition_mapping: Mapping[str, PartitionMapping] | None = None
    ) -> None:
        super().__init__(asset_settings(keywords, "task"))
        owner = "a task" if self._settings.name is None else f"task '{self._settings.name}'"
        self._partition_mapping = edge_mappings(owner, partition_mapping)

    @property
    def name(self) -> str | None:
        """The task's name; ``None`` while it is applied to no function."""
        return self._settings.name

    @property
    def partition_mapping(self) -> dict[str, PartitionMapping] | None:
        """The mapping of each dependency that has one, ``None`` when none has."""
        return dict(self._partition_mapping) or None

    @property
    def retry(self) -> RetryPolicy | str | None:
        """The retry policy, or the name of a registered one."""
        return self._settings.retry

    @property
    def is_async(self) -> bool:
        """Whether its function is a coroutine function."""
        return False
