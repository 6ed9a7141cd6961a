"""The attributes that every kind of asset has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rivers.definitions.assets.declared_settings import DeclaredData
from rivers.definitions.policies.hooks import Hook
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping


class BaseAsset(DeclaredData):
    """The common part of single, multi, graph and external assets. All attributes are read-only."""

    _kind: ClassVar[str]

    @property
    def name(self) -> str:
        """The name of the asset; ``AssetDefinitionError`` while there is none."""
        if self._settings.name is None:
            raise AssetDefinitionError("this asset has no name: it is not applied to a function yet")
        return self._settings.name

    @property
    def partition_mapping(self) -> dict[str, PartitionMapping] | None:
        """The mapping of each declared dependency that has one, ``None`` when none has."""
        return {
            dep.name: dep.partition_mapping for dep in self._settings.deps if dep.partition_mapping is not None
        } or None

    @property
    def hooks(self) -> list[Hook]:
        """The hooks that are called after the step has succeeded or failed."""
        return list(self._settings.hooks)

    @property
    def automation_condition(self) -> Any:
        """The condition under which it is materialized without being asked."""
        return self._settings.automation_condition

    @property
    def backfill_strategy(self) -> Any:
        """The way in which a backfill that includes it divides into runs, unless the backfill names another."""
        return self._settings.backfill_strategy

    @property
    def retry(self) -> RetryPolicy | str | None:
        """The retry policy, or the name of a registered one."""
        return self._settings.retry

    @property
    def compute(self) -> Compute | None:
        """The CPU and memory that its step asks of a worker."""
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
        return self._kind == "single"

    @property
    def is_multi(self) -> bool:
        """Whether one function computes several assets."""
        return self._kind == "multi"

    @property
    def is_graph(self) -> bool:
        """Whether it is composed of tasks."""
        return self._kind == "graph"

    @property
    def is_external(self) -> bool:
        """Whether it is made elsewhere."""
        return self._kind == "external"
