"""What every kind of asset tells about itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rivers.definitions.asset_settings import AssetSettings
from rivers.definitions.dependencies import DepDef
from rivers.definitions.hooks import Hook
from rivers.definitions.partition_arguments import PartitionsReference
from rivers.definitions.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping


class BaseAsset:
    """The common part of single, multi, graph and external assets. All attributes are read-only."""

    def __init__(self, settings: AssetSettings) -> None:
        self._settings = settings

    @property
    def settings(self) -> AssetSettings:
        """The checked settings of the declaration."""
        return self._settings

    @property
    def name(self) -> str:
        """The asset's name; ``AssetDefinitionError`` while there is none."""
        if self._settings.name is None:
            raise AssetDefinitionError("this asset has no name: it is not applied to a function yet")
        return self._settings.name

    @property
    def tags(self) -> list[str] | None:
        """Labels."""
        return None if self._settings.tags is None else list(self._settings.tags)

    @property
    def kinds(self) -> list[str]:
        """What the data is: ``table``, ``model``, ..."""
        return list(self._settings.kinds)

    @property
    def group(self) -> str | None:
        """The group that pages show it in."""
        return self._settings.group

    @property
    def code_version(self) -> str | None:
        """The version of the function, when its author keeps one."""
        return self._settings.code_version

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Static metadata."""
        return None if self._settings.metadata is None else dict(self._settings.metadata)

    @property
    def io_handler(self) -> Any:
        """The handler, or the resource key of one, that stores the value; ``None`` means the repository's default."""
        return self._settings.io_handler

    @property
    def partitions_def(self) -> PartitionsReference | None:
        """The partitions definition, or the name of a registered one."""
        return self._settings.partitions_def

    @property
    def partition_mapping(self) -> dict[str, PartitionMapping] | None:
        """The mapping of each declared dependency that has one, ``None`` when none has."""
        return {
            dep.name: dep.partition_mapping for dep in self._settings.deps if dep.partition_mapping is not None
        } or None

    @property
    def deps(self) -> list[DepDef]:
        """The declared dependencies."""
        return list(self._settings.deps)

    @property
    def hooks(self) -> list[Hook]:
        """What is called after the step has succeeded or failed."""
        return list(self._settings.hooks)

    @property
    def automation_condition(self) -> Any:
        """When it is materialized without being asked."""
        return self._settings.automation_condition

    @property
    def backfill_strategy(self) -> Any:
        """How a backfill that includes it divides into runs, unless told otherwise."""
        return self._settings.backfill_strategy

    @property
    def pool(self) -> list[tuple[str, int]]:
        """The concurrency pools its step claims, and how many slots of each."""
        return list(self._settings.pool)

    @property
    def retry(self) -> RetryPolicy | str | None:
        """The retry policy, or the name of a registered one."""
        return self._settings.retry

    @property
    def compute(self) -> Compute | None:
        """What its step asks of a worker."""
        return self._settings.compute

    @property
    def observe_fn(self) -> Callable[..., Any] | None:
        """The function that observes it, for an external asset."""
        return None

    @property
    def is_async(self) -> bool:
        """Whether its function is a coroutine function or an async generator."""
        return False

    @property
    def is_single(self) -> bool:
        """Whether one function computes this one asset."""
        return False

    @property
    def is_multi(self) -> bool:
        """Whether one function computes several assets."""
        return False

    @property
    def is_graph(self) -> bool:
        """Whether it is composed of tasks."""
        return False

    @property
    def is_external(self) -> bool:
        """Whether it is made elsewhere."""
        return False
