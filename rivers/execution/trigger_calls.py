"""Calling the function of a schedule or sensor here and now, with its context and resources, and reading its result."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from rivers.definitions.config import build_config
from rivers.definitions.evaluation_contexts import ScheduleEvaluationContext, SensorEvaluationContext
from rivers.definitions.parameters import FunctionArguments
from rivers.definitions.schedules import Schedule
from rivers.definitions.sensors import Sensor
from rivers.definitions.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    default_schedule_result,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.exceptions import ConfigurationError
from rivers.execution.coroutine_host import CoroutineHost
from rivers.execution.environment import Environment
from rivers.execution.trigger_worker import call_trigger


class EvaluatingRepository(Protocol):
    """What evaluation needs of a bound repository."""

    @property
    def environment(self) -> Environment:
        """Clock, resources and the rest."""
        ...

    def trigger_arguments(self, trigger: Schedule | Sensor) -> FunctionArguments:
        """How the trigger's function is called. Raises ``ConfigurationError`` when it cannot be."""
        ...


def utc_text(epoch_ns: int) -> str:
    """A moment as schedules are told it: UTC, RFC 3339, whole seconds, ``Z``."""
    return datetime.fromtimestamp(epoch_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_schedule(
    repo: EvaluatingRepository, schedule: Schedule, execution_time: str, coroutines: CoroutineHost
) -> ScheduleTickResult:
    """Call the schedule's function here and read its result. What it raises comes through unchanged."""
    function = schedule.evaluation_fn
    if function is None:
        return default_schedule_result(schedule.name, schedule.job_name)
    value = call_schedule(repo, schedule, function, execution_time)
    return interpret_schedule_result(schedule.name, schedule.job_name, awaited(value, coroutines))


def run_sensor(
    repo: EvaluatingRepository,
    sensor: Sensor,
    cursor: str | None,
    last_tick_time: float | None,
    coroutines: CoroutineHost,
) -> SensorTickResult:
    """Call the sensor's function here and read its result. What it raises comes through unchanged."""
    value = call_sensor(repo, sensor, function_of(sensor), cursor, last_tick_time)
    return interpret_sensor_result(sensor.name, sensor.job_name, awaited(value, coroutines))


def call_schedule(
    repo: EvaluatingRepository, schedule: Schedule, function: Callable[..., Any], execution_time: str
) -> Any:
    """Call the schedule's function and return what it returns, which may be awaitable."""
    environment = repo.environment
    arguments = repo.trigger_arguments(schedule)
    config = build_config(schedule.name, arguments.config_annotation)
    context = ScheduleEvaluationContext[Any](execution_time, schedule.name, config, now=environment.clock.datetime)
    return call_trigger(function, arguments, context, environment.resources)


def call_sensor(
    repo: EvaluatingRepository,
    sensor: Sensor,
    function: Callable[..., Any],
    cursor: str | None,
    last_tick_time: float | None,
) -> Any:
    """Call the sensor's function and return what it returns, which may be awaitable."""
    environment = repo.environment
    arguments = repo.trigger_arguments(sensor)
    config = build_config(sensor.name, arguments.config_annotation)
    context = SensorEvaluationContext[Any](sensor.name, cursor, last_tick_time, config, now=environment.clock.datetime)
    return call_trigger(function, arguments, context, environment.resources)


def function_of(sensor: Sensor) -> Callable[..., Any]:
    """The sensor's function; ``ConfigurationError`` when it has none."""
    if sensor.evaluation_fn is None:
        raise ConfigurationError("Sensor has no evaluation function")
    return sensor.evaluation_fn


def awaited(value: Any, coroutines: CoroutineHost) -> Any:
    """``value``, or what it comes to when it is awaitable; then this thread waits for the coroutine loop."""
    return coroutines.run(lambda: value) if inspect.isawaitable(value) else value
