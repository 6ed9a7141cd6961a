"""The part of an evaluation that runs in a worker process: find the function, call it, read its result.

Only the primitives of the context cross the boundary: a function that needs a resource or a config fails there.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rivers.definitions.functions.evaluation_contexts import (
    FixedMoment,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
)
from rivers.definitions.functions.trigger_parameters import classify_trigger_parameters
from rivers.definitions.signatures import read_signature
from rivers.definitions.triggers.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.execution.triggers.calling import call_trigger
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.workers.addresses import FunctionAddress


@dataclass(frozen=True)
class WorkerTask:
    """One evaluation for a worker. ``job_name`` is the trigger's own target."""

    function: FunctionAddress | Callable[..., Any]
    name: str
    job_name: str | None
    now: datetime
    scheduled_execution_time: str | None = None
    cursor: str | None = None
    last_tick_time: float | None = None


def evaluate_in_worker(task: WorkerTask) -> Evaluated:
    """Evaluate ``task``; whatever the user's code does short of ending the process becomes an ``Evaluated``."""
    try:
        return Evaluated.of_result(_evaluate(task))
    except BaseException as error:
        return Evaluated.of_error(error)


def _evaluate(task: WorkerTask) -> ScheduleTickResult | SensorTickResult:
    function = task.function.load() if isinstance(task.function, FunctionAddress) else task.function
    now = FixedMoment(task.now)
    if task.scheduled_execution_time is not None:
        arguments = classify_trigger_parameters(
            f"Schedule '{task.name}'", read_signature(function), ScheduleEvaluationContext, ()
        )
        context = ScheduleEvaluationContext[Any](task.scheduled_execution_time, task.name, now=now)
        value = _awaited(call_trigger(function, arguments, context, {}))
        return interpret_schedule_result(task.name, task.job_name or "", value)
    arguments = classify_trigger_parameters(
        f"Sensor '{task.name}'", read_signature(function), SensorEvaluationContext, ()
    )
    context = SensorEvaluationContext[Any](task.name, task.cursor, task.last_tick_time, now=now)
    value = _awaited(call_trigger(function, arguments, context, {}))
    return interpret_sensor_result(task.name, task.job_name, value)


def _awaited(value: Any) -> Any:
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())
