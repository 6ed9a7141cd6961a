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
"""Without a queue nobody asked for a start timeout; long enough that the launcher looks as rarely as the others."""

SHORTEST_START_TIMEOUT_NS: Final = 2 * NANOS_PER_SECOND
"""A shorter one would end runs whose start has been told of and not been heard yet."""

DEFAULT_DEQUEUE_INTERVAL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The run queue as configured. ``limits`` is ``None`` when the repository has no queue."""

    limits: Limits | None
    dequeue_interval_seconds: float
    start_timeout_ns: int

    @property
    def launch_interval_seconds(self) -> float:
        """How often the launcher looks unasked: twice within the start timeout, so that a lost hint fails no run."""
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

    ``targets`` are the nodes of each job; ``read_keys`` gives what reads the partition keys of requests, from their
    texts and the moment in epoch nanoseconds; ``queued`` says whether new runs enter a queue; ``retain`` is how many
    ticks of a name are kept, ``None`` for all.
    """

    targets: Mapping[str, tuple[str, ...]]
    read_keys: Callable[[Sequence[str | None], int], KeyReading]
    queued: bool
    retain: int | None

    def keys(self, evaluated: Evaluated, at: int) -> KeyReading:
        """What reads the partition keys of what an evaluation asks for."""
        texts = [getattr(request, "partition_key", None) for request in evaluated.requests]
        return self.read_keys(texts, at)

    @classmethod
    def of(cls, repo: CodeRepository, retain: int | None) -> TriggerSettings:
        """Read the jobs and the queue of a resolved repository."""
        return cls(repo.launch_targets(), repo.launch_keys, repo.run_queue is not None, retain)
