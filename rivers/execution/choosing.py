"""Which executor executes a step, and which place that is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from rivers.definitions.policies.executors import Executor, InProcessExecutor, ParallelExecutor
from rivers.exceptions import ConfigurationError
from rivers.execution.dispatch.places import Place
from rivers.execution.run_config import EXECUTORS, RunConfig
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.crossing import may_cross

_log: Final = logging.getLogger("rivers.executors")

LocalExecutor = InProcessExecutor | ParallelExecutor


def executor_of_run(default: Executor, job: Executor | None, config: RunConfig) -> LocalExecutor:
    """The executor of the steps that ask for none: the job's, else the run config's, else the repository's.

    :raises ConfigurationError: for one that cannot execute here
    """
    chosen = job
    if chosen is None:
        chosen = _configured(config.execution, default) or default
    if not isinstance(chosen, LocalExecutor):
        raise ConfigurationError(
            f"{type(chosen).__name__} describes where steps run in a cluster; this process can execute with "
            "Executor.in_process() and Executor.parallel() only"
        )
    return chosen


def executor_of_step(step: Step, of_run: LocalExecutor) -> LocalExecutor:
    """The executor that the step asks for in its metadata, else the run's.

    :raises ConfigurationError: naming the value and those that are valid
    """
    if step.executor is None:
        return of_run
    if step.executor == "in_process":
        return of_run if isinstance(of_run, InProcessExecutor) else Executor.in_process()
    if step.executor == "parallel":
        return of_run if isinstance(of_run, ParallelExecutor) else Executor.parallel()
    raise ConfigurationError(
        f"'{step.name}': rivers/executor is {step.executor!r}; it must be one of {', '.join(EXECUTORS)}",
        kind="Step",
        name=step.name,
        value=str(step.executor),
    )


def check_executors(levels: Sequence[Sequence[Step]], of_run: LocalExecutor) -> None:
    """Refuse a run with a step that asks for an executor that there is not, before it begins.

    :raises ConfigurationError: as ``executor_of_step``
    """
    for level in levels:
        for step in level:
            executor_of_step(step, of_run)


def by_executor(steps: Sequence[Step], of_run: LocalExecutor) -> list[tuple[LocalExecutor, list[Step]]]:
    """The steps of one level in batches of one executor each, in order of their first steps."""
    batches: list[tuple[LocalExecutor, list[Step]]] = []
    for step in steps:
        executor = executor_of_step(step, of_run)
        for known, batch in batches:
            if known == executor:
                batch.append(step)
                break
        else:
            batches.append((executor, [step]))
    return batches


def place_of(step: Step, *, is_parallel: bool, is_alone: bool, has_interceptor: bool) -> Place:
    """Where a step of a batch executes. ``is_alone`` says that it is the only one that is not asynchronous.

    One with a timeout never executes on the run's thread, which could not be taken from it; in a worker it can be
    killed, on a thread it is abandoned.
    """
    if step.is_async:
        return Place.HERE if has_interceptor else Place.LOOP
    if is_parallel and step.command is not None and not is_alone:
        return Place.THREAD
    if is_parallel and (step.timeout is not None or not is_alone) and step.command is None and may_cross(step):
        return Place.WORKER
    return Place.HERE if step.timeout is None else Place.THREAD


def warn_of_compute(step: Step, executor: LocalExecutor) -> None:
    """Say that nobody here gives the step what it asks for."""
    if step.compute is not None:
        _log.warning("'%s' asks for compute=, which %s ignores", step.name, type(executor).__name__)


def _configured(execution: Any, default: Executor) -> Executor | None:
    kind = execution.get("executor")
    workers, tasks = execution.get("max_workers"), execution.get("max_async_concurrent")
    if kind == "in_process":
        return Executor.in_process()
    if kind is None and workers is None and tasks is None:
        return None
    known = default if isinstance(default, ParallelExecutor) else None
    return Executor.parallel(
        workers if workers is not None or known is None else known.max_workers,
        tasks if tasks is not None or known is None else known.max_async_concurrent,
    )
