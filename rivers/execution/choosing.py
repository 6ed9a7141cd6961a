"""Which executor executes a step: what the run, its job, the repository and the step itself ask for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from rivers.definitions.policies.executors import Executor
from rivers.exceptions import ConfigurationError
from rivers.execution.dispatch.executor_entry import ExecutorEntry
from rivers.execution.dispatch.executors import EXECUTORS, configured, entry_of
from rivers.execution.run_config import RunConfig
from rivers.execution.steps.compiled_steps import Step

_log: Final = logging.getLogger("rivers.executors")


def executor_of_run(default: Executor, job: Executor | None, config: RunConfig) -> Executor:
    """The executor of the steps that ask for none: the job's, else the run config's, else the repository's.

    :raises ConfigurationError: for one that cannot execute here
    """
    chosen = job
    if chosen is None:
        options = {key: value for key, value in config.execution.items() if key != "executor" and value is not None}
        chosen = configured(config.execution.get("executor"), options, default) or default
    if entry_of(chosen) is None:
        raise ConfigurationError(
            f"{type(chosen).__name__} describes where steps run in a cluster; this process can execute with "
            "Executor.in_process() and Executor.parallel() only"
        )
    return chosen


def executor_of_step(step: Step, of_run: Executor) -> Executor:
    """The executor that the step asks for in its metadata, else the run's.

    :raises ConfigurationError: naming the value and those that are valid
    """
    if step.executor is None:
        return of_run
    entry = EXECUTORS.get(step.executor)
    if entry is None:
        raise ConfigurationError(
            f"'{step.name}': rivers/executor is {step.executor!r}; it must be one of {', '.join(EXECUTORS)}",
            kind="Step",
            name=step.name,
            value=str(step.executor),
        )
    return of_run if isinstance(of_run, entry.options) else entry.options()


def check_executors(levels: Sequence[Sequence[Step]], of_run: Executor) -> None:
    """Refuse a run with a step that asks for an executor that there is not, before it begins.

    :raises ConfigurationError: as ``executor_of_step``
    """
    for level in levels:
        for step in level:
            if step.executor is not None:
                executor_of_step(step, of_run)


def by_executor(steps: Sequence[Step], of_run: Executor) -> list[tuple[ExecutorEntry[Any], Executor, list[Step]]]:
    """The steps of one level in batches of one executor each, in order of their first steps."""
    batches: list[tuple[Executor, list[Step]]] = []
    for step in steps:
        executor = of_run if step.executor is None else executor_of_step(step, of_run)
        for known, batch in batches:
            if known is executor or known == executor:
                batch.append(step)
                break
        else:
            batches.append((executor, [step]))
    return [(entry, executor, batch) for executor, batch in batches if (entry := entry_of(executor)) is not None]


def warn_of_compute(step: Step, executor: Executor) -> None:
    """Say that nobody here gives the step the ``compute`` that it asks for."""
    _log.warning("'%s' asks for compute=, which %s ignores", step.name, type(executor).__name__)
