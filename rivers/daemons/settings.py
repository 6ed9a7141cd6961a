"""What the daemons take from a repository's declarations, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rivers.daemons.safety import IDLE_SECONDS
from rivers.definitions.policies.run_queue import RunQueueConfig
from rivers.durations import NANOS_PER_SECOND
from rivers.execution.triggers.evaluation import Evaluated
from rivers.queueing.admission import Limits, TagLimit
from rivers.repository.code_repository import CodeRepository
from rivers.scheduling.launches import KeyReading

DEFAULT_START_TIMEOUT_NS: Final = int(2 * IDLE_SECONDS) * NANOS_PER_SECOND
"""The start timeout where there is no queue to set one. The launcher then looks as rarely as the other daemons."""

SHORTEST_START_TIMEOUT_NS: Final = 2 * NANOS_PER_SECOND
"""The shortest start timeout. A shorter one would end runs whose start hint is still on its way."""

DEFAULT_DEQUEUE_INTERVAL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The run queue as it is configured. ``limits`` is ``None`` when the repository has no queue."""

    limits: Limits | None
    dequeue_interval_seconds: float
    start_timeout_ns: int

    @property
    def launch_interval_seconds(self) -> float:
        """Seconds between unasked looks of the launcher: two within the start timeout, so a lost hint fails no run."""
        return min(IDLE_SECONDS, self.start_timeout_ns / 2 / NANOS_PER_SECOND)

    @classmethod
    def of(cls, config: RunQueueConfig | None) -> QueueSettings:
        """Read ``CodeRepository(run_queue=...)``."""
        if config is None:
            return cls(None, DEFAULT_DEQUEUE_INTERVAL_SECONDS, DEFAULT_START_TIMEOUT_NS)
        tag_limits = tuple(
            TagLimit(key=limit.key, limit=limit.limit, value=limit.value, per_unique_value=limit.per_unique_value)
            for limit in config.tag_concurrency_limits
        )
        return cls(
            Limits(max_concurrent_runs=config.max_concurrent_runs, tag_limits=tag_limits),
            config.dequeue_interval_ns / NANOS_PER_SECOND,
            max(SHORTEST_START_TIMEOUT_NS, config.start_timeout_ns),
        )


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """What every tick of a schedule or sensor is decided with.

    :param targets: the nodes of each job.
    :param read_keys: returns a reader of the partition keys of requests, given their texts and the moment in epoch
        nanoseconds. It may read the store.
    :param queued: whether new runs enter a queue.
    :param retain: how many ticks of a name are kept; ``None`` keeps all.
    """

    targets: Mapping[str, tuple[str, ...]]
    read_keys: Callable[[Sequence[str | None], int], KeyReading]
    queued: bool
    retain: int | None

    def keys(self, evaluated: Evaluated, at: int) -> KeyReading:
        """Return a reader of the partition keys that an evaluation asks for."""
        texts = [getattr(request, "partition_key", None) for request in evaluated.requests]
        return self.read_keys(texts, at)

    @classmethod
    def of(cls, repo: CodeRepository, retain: int | None) -> TriggerSettings:
        """Read the jobs and the queue of a resolved repository."""
        return cls(repo.launch_targets(), repo.launch_keys, repo.run_queue is not None, retain)
