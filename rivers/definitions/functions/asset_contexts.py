"""The contexts of the functions of assets and tasks: what a step knows, and what it may report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, cast

from rivers.definitions.config import ConfigT
from rivers.definitions.functions.evaluation_contexts import WALL_NOW, WALL_SLEEP
from rivers.definitions.values.output_report import OutputReport
from rivers.exceptions import ExecutionError, _NoSinglePartitionKey  # pyright: ignore[reportPrivateUsage]
from rivers.partitions.context import PartitionContext
from rivers.partitions.keys import PartitionKey
from rivers.wording import quoted

_LISTED_MAX: Final = 5
"""The most keys of a batch that a message shows."""


class _StepContext(Generic[ConfigT]):
    """The common part of asset and task contexts: the clock, the config, the partition."""

    def __init__(
        self,
        who: str,
        partition: PartitionContext | None,
        config: ConfigT | None,
        now: Callable[[], datetime] | None,
        sleep: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._who = who
        self._partition = partition
        self._config = config
        self._now = now
        self._sleep = sleep
        self._cancelled = cancelled

    @property
    def config(self) -> ConfigT:
        """An instance of the model that the annotation is subscripted with, ``None`` without one."""
        return cast("ConfigT", self._config)

    def now(self) -> datetime:
        """Return the aware UTC time of the clock that the run is on."""
        return (self._now or WALL_NOW)()

    def sleep(self, seconds: float) -> None:
        """Wait on the clock that the run is on. Blocks the calling thread.

        :raises RunCanceled: when the run is cancelled before or meanwhile
        """
        (self._sleep or WALL_SLEEP)(seconds)

    @property
    def cancelled(self) -> bool:
        """Whether the run has been cancelled. A long computation may look from time to time, and return or raise."""
        return self._cancelled is not None and self._cancelled()

    @property
    def partition(self) -> PartitionContext | None:
        """The ``PartitionContext`` of this step, ``None`` when it is not partitioned."""
        return self._partition

    @property
    def has_partition_key(self) -> bool:
        """Whether the step runs for a partition."""
        return self._partition is not None

    @property
    def partition_key(self) -> str:
        """The key of a step that runs for one key of one dimension.

        :raises ValueError: otherwise (also a ``PartitionValidationError``)
        """
        if self._partition is None:
            raise _NoSinglePartitionKey(f"{self._who} is not partitioned, so it has no partition_key")
        keys = self._partition.keys
        values = getattr(keys[0], "key", None) if len(keys) == 1 else None
        if values is None or len(values) != 1:
            raise _NoSinglePartitionKey(
                f"partition_key needs one key of one dimension, and {self._who} runs for {_listed(keys)}; "
                f"use context.partition.keys"
            )
        return values[0]

    @property
    def partition_time_window(self) -> tuple[datetime, datetime] | None:
        """The half-open ``(start, end)`` of a single time-window key, else ``None``."""
        return None if self._partition is None else self._partition.time_window()


class AssetExecutionContext(_StepContext[ConfigT], OutputReport):
    """The context of an asset's function. Subscript it with a pydantic model to get ``config``.

    It can be constructed by hand for tests. Without ``now`` and ``sleep`` it uses the time of this machine.
    """

    def __init__(
        self,
        asset_name: str,
        tags: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        group: str | None = None,
        code_version: str | None = None,
        asset_metadata: Mapping[str, Any] | None = None,
        partition: PartitionContext | None = None,
        is_multi_asset: bool = False,
        output_selection: Sequence[str] | None = None,
        config: ConfigT | None = None,
        run_id: str | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        sleep: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(f"asset '{asset_name}'", partition, config, now, sleep, cancelled)
        OutputReport.__init__(self)
        self._asset_name = asset_name
        self._tags = None if tags is None else list(tags)
        self._kinds = list(kinds or ())
        self._group = group
        self._code_version = code_version
        self._asset_metadata = None if asset_metadata is None else dict(asset_metadata)
        self._is_multi_asset = is_multi_asset
        self._output_selection = list(output_selection or ())
        self._run_id = run_id
        self._partition_failures: dict[str, str] = {}
        self._partition_texts: frozenset[str] | None = None

    @property
    def asset_name(self) -> str:
        """The name of the asset."""
        return self._asset_name

    @property
    def tags(self) -> list[str] | None:
        """The tags of the asset's definition."""
        return self._tags

    @property
    def kinds(self) -> list[str]:
        """The kinds of the asset's definition."""
        return self._kinds

    @property
    def group(self) -> str | None:
        """The group of the asset's definition."""
        return self._group

    @property
    def code_version(self) -> str | None:
        """The code version of the asset's definition."""
        return self._code_version

    @property
    def asset_metadata(self) -> dict[str, Any] | None:
        """The static metadata of the asset, with this run's overrides."""
        return self._asset_metadata

    @property
    def is_multi_asset(self) -> bool:
        """Whether the function computes several assets."""
        return self._is_multi_asset

    @property
    def output_selection(self) -> list[str]:
        """The outputs asked for, in order of definition; empty for a single asset."""
        return self._output_selection

    @property
    def run_id(self) -> str | None:
        """The id of the run, ``None`` for a context made by hand."""
        return self._run_id

    @property
    def log(self) -> logging.Logger:
        """The logger ``rivers.assets.<asset_name>``, whose messages are captured for this step."""
        return logging.getLogger(f"rivers.assets.{self._asset_name}")

    def mark_partition_failed(self, partition_key: PartitionKey | str, error: object) -> None:
        """Record that one key of a batch failed while the rest of the step goes on; the last message for a key wins.

        :raises ExecutionError: when the key is not one of this step's
        """
        if self._partition_texts is None:  # kept, since a batch of thousands of keys may mark each of them
            keys = () if self._partition is None else self._partition.keys
            self._partition_texts = frozenset(map(_key_text, keys))
        wanted = _key_text(partition_key)
        if wanted not in self._partition_texts:
            runs = "is not partitioned" if self._partition is None else f"runs for {_listed(self._partition.keys)}"
            raise ExecutionError(f"cannot mark partition {wanted!r} as failed: {self._who} {runs}")
        self._partition_failures[wanted] = str(error)

    @property
    def partition_failures(self) -> dict[str, str]:
        """The messages given to ``mark_partition_failed``, by key."""
        return dict(self._partition_failures)


class TaskExecutionContext(_StepContext[ConfigT]):
    """The context of a task's function. ``task_name`` is namespaced inside a graph, as in ``g/step``."""

    def __init__(
        self,
        task_name: str,
        tags: Sequence[str] | None = None,
        partition: PartitionContext | None = None,
        config: ConfigT | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        sleep: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(f"task '{task_name}'", partition, config, now, sleep, cancelled)
        self._task_name = task_name
        self._tags = None if tags is None else list(tags)

    @property
    def task_name(self) -> str:
        """The name of the task's node."""
        return self._task_name

    @property
    def tags(self) -> list[str] | None:
        """The tags of the task's definition."""
        return self._tags

    @property
    def log(self) -> logging.Logger:
        """The logger ``rivers.tasks.<task_name>``, whose messages are captured for this step."""
        return logging.getLogger(f"rivers.tasks.{self._task_name}")


def _listed(keys: Sequence[PartitionKey]) -> str:
    return quoted([_key_text(key) for key in keys], _LISTED_MAX)


def _key_text(key: object) -> str:
    values = cast("list[object] | None", getattr(key, "key", None))
    return str(values[0] if values is not None and len(values) == 1 else key)
