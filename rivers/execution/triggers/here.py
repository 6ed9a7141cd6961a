"""Calling the functions of schedules and sensors in this process, with their contexts and resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rivers.clock import moment_ns
from rivers.definitions.config import build_config
from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext, SensorEvaluationContext
from rivers.definitions.functions.parameters import FunctionArguments
from rivers.definitions.functions.trigger_parameters import call_trigger
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.definitions.triggers.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    default_schedule_result,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.exceptions import ConfigurationError
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.wording import utc_text


class TriggerCaller:
    """Calls the functions of a repository's schedules and sensors in this process.

    ``now`` is the time of their contexts. ``arguments_of`` says how a trigger's function is called. Whatever a function
    raises comes through unchanged.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        resources: Mapping[str, Any],
        arguments_of: Callable[[Schedule | Sensor], FunctionArguments],
        coroutines: CoroutineHost,
    ) -> None:
        self._now = now
        self._resources = resources
        self._arguments_of = arguments_of
        self._coroutines = coroutines

    def run_schedule(self, schedule: Schedule, execution_time: str | None) -> ScheduleTickResult:
        """Call the schedule's function, and run its coroutine if it is one. ``execution_time`` defaults to now."""
        if schedule.evaluation_fn is None:
            return default_schedule_result(schedule.name, schedule.job_name)
        when = utc_text(moment_ns(self._now())) if execution_time is None else execution_time
        value = awaited(self.call_schedule(schedule, when), self._coroutines)
        return interpret_schedule_result(schedule.name, schedule.job_name, value)

    def run_sensor(self, sensor: Sensor, cursor: str | None, last_tick_time: float | None) -> SensorTickResult:
        """Call the sensor's function, and run its coroutine if it is one."""
        value = awaited(self.call_sensor(sensor, cursor, last_tick_time), self._coroutines)
        return interpret_sensor_result(sensor.name, sensor.job_name, value)

    def call_schedule(self, schedule: Schedule, execution_time: str) -> Any:
        """Return what the schedule's function returns, which may be awaitable."""
        arguments = self._arguments_of(schedule)
        config = build_config(schedule.name, arguments.config_annotation)
        context = ScheduleEvaluationContext[Any](execution_time, schedule.name, config, now=self._now)
        return call_trigger(function_of(schedule), arguments, context, self._resources)

    def call_sensor(self, sensor: Sensor, cursor: str | None, last_tick_time: float | None) -> Any:
        """Return what the sensor's function returns, which may be awaitable."""
        function = function_of(sensor)
        arguments = self._arguments_of(sensor)
        config = build_config(sensor.name, arguments.config_annotation)
        context = SensorEvaluationContext[Any](sensor.name, cursor, last_tick_time, config, now=self._now)
        return call_trigger(function, arguments, context, self._resources)


def function_of(trigger: Schedule | Sensor) -> Callable[..., Any]:
    """Return the trigger's function.

    :raises ConfigurationError: the trigger has none
    """
    if trigger.evaluation_fn is None:
        kind = "Sensor" if isinstance(trigger, Sensor) else "Schedule"
        raise ConfigurationError(f"{kind} has no evaluation function")
    return trigger.evaluation_fn


def awaited(value: Any, coroutines: CoroutineHost) -> Any:
    """Return ``value``, or the result of awaiting it on the coroutine loop, for which this thread waits."""
    return coroutines.run(lambda: value) if inspect.isawaitable(value) else value
