"""The part of an evaluation that runs in a worker process: find the function, call it, read its result.

Only the primitives of the context cross the boundary. A function that needs a resource or a config fails in the worker.
"""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rivers.definitions.functions.evaluation_contexts import (
    FixedMoment,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
)
from rivers.definitions.functions.trigger_parameters import call_trigger, classify_trigger_parameters
from rivers.definitions.signatures import read_signature
from rivers.definitions.triggers.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.crossing_errors import dumps
from rivers.execution.attempts.failure_records import error_text
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.workers.addresses import FunctionAddress
from rivers.records import AutomationKind


@dataclass(frozen=True)
class WorkerTask:
    """One evaluation for a worker. ``job_name`` is the trigger's own target.

    A task with a ``scheduled_execution_time`` is that of a schedule; any other is that of a sensor.
    """

    function: FunctionAddress | Callable[..., Any]
    name: str
    job_name: str | None
    now: datetime
    scheduled_execution_time: str | None = None
    cursor: str | None = None
    last_tick_time: float | None = None

    @property
    def kind(self) -> AutomationKind:
        """The kind of the trigger."""
        return "sensor" if self.scheduled_execution_time is None else "schedule"


def packed_task(task: WorkerTask) -> bytes:
    """Return the task as ``evaluate_packed`` reads it.

    :raises ExecutionError: naming the trigger, when its function cannot be sent
    """
    try:
        return pickle.dumps(task) if isinstance(task.function, FunctionAddress) else dumps(task)
    except Exception as error:
        raise ExecutionError(
            f"{task.kind} '{task.name}' cannot be sent to a worker process: its function cannot be pickled "
            f"({error_text(error)}); use EvalMode.InProcess for it"
        ) from error


def evaluate_packed(packed: bytes) -> bytes:
    """Evaluate the packed task and return the ``Evaluated``, pickled.

    Whatever the user's code does short of ending the process is an ``Evaluated``, and so is what cannot be read here or
    cannot be sent back.
    """
    try:
        return dumps(Evaluated.of_result(_evaluate(pickle.loads(packed))))
    except BaseException as error:
        return dumps(Evaluated.of_error(error))


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
