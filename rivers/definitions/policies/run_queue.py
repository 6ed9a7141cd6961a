"""The limits on runs in flight, and the place where runs are launched: the configuration, not the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rivers.definitions.argument_checks import (
    instance_list,
    require_optional_text,
    require_text,
    require_whole_number,
)
from rivers.durations import parse_duration
from rivers.exceptions import _NegativeCount  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True, repr=False)
class TagConcurrencyLimit:
    """At most ``limit`` runs in flight among those that carry a tag.

    With ``value``, these are the runs whose tag ``key`` has it. Without, they are all that have ``key``: together, or
    with ``per_unique_value`` for each value apart. 0 blocks every run that matches.

    :raises OverflowError: when ``limit`` is negative (also a ``ValueError``)
    """

    key: str
    limit: int
    value: str | None = None
    per_unique_value: bool = False

    def __post_init__(self) -> None:
        require_text("key", self.key)
        require_whole_number("limit", self.limit)
        require_optional_text("value", self.value)
        if self.limit < 0:
            raise _NegativeCount(f"limit must not be negative, got {self.limit}")

    def __repr__(self) -> str:
        value = "" if self.value is None else f"value={self.value!r}, "
        unique = ", per_unique_value=True" if self.per_unique_value else ""
        return f"TagConcurrencyLimit(key={self.key!r}, {value}limit={self.limit}{unique})"


@dataclass(frozen=True, init=False, repr=False)
class RunQueueConfig:
    """The run queue of a repository. A negative ``max_concurrent_runs`` is unlimited, 0 admits nothing.

    ``dequeue_interval`` and ``start_timeout`` are durations; ``*_ns`` gives them in nanoseconds.

    :raises ValueError: for an invalid duration, naming the parameter
    """

    max_concurrent_runs: int
    tag_concurrency_limits: list[TagConcurrencyLimit]
    dequeue_interval: str
    start_timeout: str
    dequeue_interval_ns: int
    start_timeout_ns: int

    def __init__(
        self,
        max_concurrent_runs: int = 10,
        tag_concurrency_limits: Sequence[TagConcurrencyLimit] | None = None,
        dequeue_interval: str = "250ms",
        start_timeout: str = "180s",
    ) -> None:
        require_whole_number("max_concurrent_runs", max_concurrent_runs)
        limits = () if tag_concurrency_limits is None else tag_concurrency_limits
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(
            max_concurrent_runs=max_concurrent_runs,
            tag_concurrency_limits=list(instance_list("tag_concurrency_limits", limits, TagConcurrencyLimit)),
            dequeue_interval=dequeue_interval,
            start_timeout=start_timeout,
            dequeue_interval_ns=parse_duration(dequeue_interval, "dequeue_interval"),
            start_timeout_ns=parse_duration(start_timeout, "start_timeout"),
        )

    def __repr__(self) -> str:
        return (
            f"RunQueueConfig(max_concurrent_runs={self.max_concurrent_runs}, "
            f"tag_concurrency_limits=[...{len(self.tag_concurrency_limits)}], "
            f"dequeue_interval={self.dequeue_interval!r}, start_timeout={self.start_timeout!r})"
        )


@dataclass(frozen=True)
class KubernetesBackend:
    """The pods that runs and their steps are launched in."""

    image: str | None = None
    namespace: str | None = None
    service_account: str = "rivers-executor"
    run_cpu: str = "500m"
    run_memory: str = "512Mi"
    worker_cpu: str = "500m"
    worker_memory: str = "512Mi"


@dataclass(frozen=True)
class RunBackendConfig:
    """The place where queued runs are launched; build it with ``local()`` or ``kubernetes()``."""

    kubernetes_settings: KubernetesBackend | None = None

    @classmethod
    def local(cls) -> RunBackendConfig:
        """Launch runs in the process of the automation graph."""
        return cls()

    @classmethod
    def kubernetes(
        cls,
        image: str | None = None,
        *,
        namespace: str | None = None,
        service_account: str = "rivers-executor",
        run_cpu: str = "500m",
        run_memory: str = "512Mi",
        worker_cpu: str = "500m",
        worker_memory: str = "512Mi",
    ) -> RunBackendConfig:
        """Launch each run in a pod of its own."""
        return cls(KubernetesBackend(image, namespace, service_account, run_cpu, run_memory, worker_cpu, worker_memory))

    def is_kubernetes(self) -> bool:
        """Return whether runs are launched in pods."""
        return self.kubernetes_settings is not None
