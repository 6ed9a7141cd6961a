"""The place where the steps of a run are to execute. These are value objects; ``rivers.execution`` carries them out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import ClassVar

from rivers.definitions.argument_checks import require_whole_number
from rivers.exceptions import _NegativeCount  # pyright: ignore[reportPrivateUsage]


class Executor:
    """The executor of a run. Build one with a factory; the nested classes are for ``isinstance``."""

    InProcess: ClassVar[type[InProcessExecutor]]
    Parallel: ClassVar[type[ParallelExecutor]]
    Kubernetes: ClassVar[type[KubernetesExecutor]]

    def __init__(self) -> None:
        raise TypeError("Executor cannot be constructed; use Executor.in_process(), parallel() or kubernetes()")

    @staticmethod
    def in_process() -> InProcessExecutor:
        """Run sync steps one at a time in the calling process, async steps of one level together."""
        return InProcessExecutor()

    @staticmethod
    def parallel(max_workers: int | None = None, max_async_concurrent: int | None = None) -> ParallelExecutor:
        """Run sync steps of a level in worker processes, async steps together in the calling process.

        ``max_workers`` is by default the number of CPUs that this process may use. ``max_async_concurrent=None`` is
        unbounded.

        :raises OverflowError: for a negative count (also a ``ValueError``)
        """
        workers = _available_cpus() if max_workers is None else _count("max_workers", max_workers)
        tasks = None if max_async_concurrent is None else _count("max_async_concurrent", max_async_concurrent)
        return ParallelExecutor(workers, tasks)

    @staticmethod
    def kubernetes(
        worker_image: str | None = None,
        *,
        max_concurrent_steps: int | None = None,
        namespace: str | None = None,
        service_account: str = "rivers-executor",
        worker_cpu: str = "500m",
        worker_memory: str = "512Mi",
    ) -> KubernetesExecutor:
        """Run each step in a pod of its own."""
        steps = None if max_concurrent_steps is None else _count("max_concurrent_steps", max_concurrent_steps)
        return KubernetesExecutor(worker_image, steps, namespace, service_account, worker_cpu, worker_memory)


@dataclass(frozen=True)
class InProcessExecutor(Executor):
    """The executor that runs sync steps one at a time in the calling process."""


@dataclass(frozen=True)
class ParallelExecutor(Executor):
    """The executor that runs sync steps of a level in up to ``max_workers`` worker processes."""

    max_workers: int = field(default_factory=lambda: _available_cpus())
    max_async_concurrent: int | None = None


@dataclass(frozen=True)
class KubernetesExecutor(Executor):
    """The executor that runs each step in a pod of its own."""

    worker_image: str | None = None
    max_concurrent_steps: int | None = None
    namespace: str | None = None
    service_account: str = "rivers-executor"
    worker_cpu: str = "500m"
    worker_memory: str = "512Mi"


Executor.InProcess = InProcessExecutor
Executor.Parallel = ParallelExecutor
Executor.Kubernetes = KubernetesExecutor


def _available_cpus() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # missing on macOS and Windows
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _count(parameter: str, value: int) -> int:
    require_whole_number(parameter, value)
    if value < 0:
        raise _NegativeCount(f"{parameter} must not be negative, got {value}")
    return value
