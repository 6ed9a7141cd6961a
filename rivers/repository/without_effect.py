"""What a repository declares that this build does not act on, logged once so that nobody relies on it.

A declaration that has no effect yet is accepted; accepting it in silence would be worse than an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from rivers.definitions.policies.executors import KubernetesExecutor
from rivers.durations import parse_duration
from rivers.repository.declarations import Declarations

_log = logging.getLogger("rivers")


def log_what_has_no_effect(given: Declarations) -> None:
    """Log a warning for each declaration that has no effect."""
    for text in what_has_no_effect(given):
        _log.warning("rivers: %s", text)


def what_has_no_effect(given: Declarations) -> Iterator[str]:
    """Yield a sentence for each such declaration, in order: what it is, and what holds instead."""
    for asset in given.assets:
        if asset.automation_condition is not None:
            yield f"asset '{asset.name}' has an automation_condition, but there are none yet: nothing fires it"
    yield from _executors(given)
    if given.run_backend is not None and given.run_backend.is_kubernetes():
        yield "run_backend is kubernetes, which is not there yet: runs execute in this process"
    yield from _durations(given)


def _executors(given: Declarations) -> Iterator[str]:
    if isinstance(given.default_executor, KubernetesExecutor):
        yield f"default_executor is Executor.kubernetes(), {_NO_CLUSTER}"
    for job in given.jobs:
        if isinstance(job.executor, KubernetesExecutor):
            yield f"the executor of job '{job.name}' is Executor.kubernetes(), {_NO_CLUSTER}"


_NO_CLUSTER = "which is not there yet: a run with it ends with an error that says so"


def _durations(given: Declarations) -> Iterator[str]:
    """Yield a sentence for each duration of a trigger that cannot be read. They are not checked when declared."""
    for kind, triggers in (("schedule", given.schedules), ("sensor", given.sensors)):
        for trigger in triggers.values():
            if trigger.eval_timeout is not None:
                yield from _unreadable(kind, trigger.name, "eval_timeout", trigger.eval_timeout, "it has no timeout")
    for sensor in given.sensors.values():
        if sensor.minimum_interval is not None:
            instead = "it is polled every 30 s"
            yield from _unreadable("sensor", sensor.name, "minimum_interval", sensor.minimum_interval, instead)


def _unreadable(kind: str, name: str, parameter: str, text: str, instead: str) -> Iterator[str]:
    try:
        parse_duration(text, parameter)
    except ValueError as error:
        yield f"{kind} '{name}': {error}; {instead}"
