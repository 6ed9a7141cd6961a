"""What both kinds of task tell about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rivers.definitions.asset_settings import AssetSettings
from rivers.definitions.partition_arguments import PartitionsReference, edge_mappings
from rivers.definitions.retries import RetryPolicy
from rivers.partitions.mappings import PartitionMapping


class BaseTask:
    """The common part of tasks that call a function and tasks that run a command. All attributes are read-only.

    A task is a step, not an asset: it has no kinds, group, metadata, pools or hooks; those of its settings are empty.
    """

    is_mappable: ClassVar[bool] = False
    """Whether it can be run once for each element of a value."""

    def __init__(
        self, settings: AssetSettings, partition_mapping: Mapping[str, PartitionMapping] | None = None
    ) -> None:
        self._settings = settings
        owner = "a task" if settings.name is None else f"task '{settings.name}'"
        self._partition_mapping = edge_mappings(owner, partition_mapping)

    @property
    def settings(self) -> AssetSettings:
        """The checked settings of the declaration, in the form that assets have them in."""
        return self._settings

    @property
    def name(self) -> str | None:
        """The task's name; ``None`` while it is applied to no function."""
        return self._settings.name

    @property
    def tags(self) -> list[str] | None:
        """Labels."""
        return None if self._settings.tags is None else list(self._settings.tags)

    @property
    def io_handler(self) -> Any:
        """The handler, or the resource key of one, that stores the value; ``None`` means the default."""
        return self._settings.io_handler

    @property
    def partitions_def(self) -> PartitionsReference | None:
        """The partitions definition, or the name of a registered one."""
        return self._settings.partitions_def

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
