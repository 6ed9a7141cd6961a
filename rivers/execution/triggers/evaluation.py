"""Evaluating schedules and sensors for the daemons: on a thread, on the coroutine loop or in a worker process.

Whatever a user's function does becomes an :class:`Evaluated`. Its timeout is the daemon's business, which cancels the
task that awaits the evaluation. Then a worker process is killed and a coroutine is cancelled. A thread cannot be
stopped, so it is abandoned: counted until it returns.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import anyio

from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.definitions.triggers.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    default_schedule_result,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.exceptions import ConfigurationError, ExecutionError, Killed, Superseded
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.runs.environment import Environment, running_in
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.triggers.here import TriggerCaller, awaited, function_of
from rivers.execution.triggers.in_worker import WorkerTask
from rivers.execution.triggers.subprocess_evaluations import SubprocessEvaluations
from rivers.execution.workers.addresses import address_of
from rivers.records import EvalMode
from rivers.wording import utc_text

__all__ = ["Evaluated", "Evaluator", "FunctionEvaluator"]

WORKERS_MAX: Final = 16
"""How many worker processes evaluate. More than there are CPUs, since a function that hangs keeps its worker."""

SECOND_NS: Final = 1_000_000_000


class Evaluator(Protocol):
    """Answers for the triggers of one graph: what daemons use, and what may be handed in to a graph."""

    @property
    def abandoned(self) -> Mapping[tuple[str, str], float]:
        """Evaluations that were given up on and still run: (kind, name) to the epoch second of giving up."""
        ...

    async def evaluate_schedule(self, schedule: Schedule, scheduled_at_ns: int) -> Evaluated:
        """Return the outcome for the scheduled time, in epoch nanoseconds. Raises nothing but a cancellation."""
        ...

    async def evaluate_sensor(self, sensor: Sensor, cursor: str | None, last_tick_at_ns: int | None) -> Evaluated:
        """Return the outcome of one poll. ``last_tick_at_ns`` is ``None`` for the very first."""
        ...

    def close(self) -> None:
        """End what still runs. Called once, when the graph has ended."""
        ...


class FunctionEvaluator:
    """The evaluator that calls the functions of the triggers of a bound repository.

    Owns a coroutine loop and worker processes, which start when they are needed. ``environment`` is that of a
    ``repo.materialize()`` inside an evaluation.
    """

    def __init__(self, environment: Environment, triggers: TriggerCaller) -> None:
        self.abandoned: dict[tuple[str, str], float] = {}
        self._environment = environment
        self._triggers = triggers
        self._clock = environment.clock
        self._coroutines = CoroutineHost()
        self._subprocesses = SubprocessEvaluations(WORKERS_MAX)

    async def evaluate_schedule(self, schedule: Schedule, scheduled_at_ns: int) -> Evaluated:
        """Return the outcome for the scheduled time. A schedule without a function is answered without any thread."""
        function = schedule.evaluation_fn
        if function is None:
            return Evaluated.of_result(default_schedule_result(schedule.name, schedule.job_name))
        when = utc_text(scheduled_at_ns)
        if schedule.eval_mode is EvalMode.Subprocess:
            now = self._clock.datetime()
            return await self._in_subprocess(
                WorkerTask(_portable(function), schedule.name, schedule.job_name, now, when)
            )
        return await self._in_process(
            ("schedule", schedule.name),
            function,
            lambda: self._triggers.call_schedule(schedule, when),
            lambda value: interpret_schedule_result(schedule.name, schedule.job_name, value),
        )

    async def evaluate_sensor(self, sensor: Sensor, cursor: str | None, last_tick_at_ns: int | None) -> Evaluated:
        """Return the outcome of one poll. ``last_tick_at_ns`` is ``None`` for the very first."""
        last_tick_time = None if last_tick_at_ns is None else last_tick_at_ns / SECOND_NS
        try:
            function = function_of(sensor)
        except ConfigurationError as error:
            return Evaluated.of_error(error)
        if sensor.eval_mode is EvalMode.Subprocess:
            now = self._clock.datetime()
            return await self._in_subprocess(
                WorkerTask(_portable(function), sensor.name, sensor.job_name, now, None, cursor, last_tick_time)
            )
        return await self._in_process(
            ("sensor", sensor.name),
            function,
            lambda: self._triggers.call_sensor(sensor, cursor, last_tick_time),
            lambda value: interpret_sensor_result(sensor.name, sensor.job_name, value),
        )

    def close(self) -> None:
        """Kill the worker processes and cancel the coroutines. Abandoned threads are left to end by themselves."""
        self._subprocesses.close()
        self._coroutines.close()

    async def _in_process(
        self,
        key: tuple[str, str],
        function: Callable[..., Any],
        call: Callable[[], Any],
        read: Callable[[Any], ScheduleTickResult | SensorTickResult],
    ) -> Evaluated:
        """Evaluate on a thread, or on the coroutine loop for an ``async def``.

        The evaluation is abandoned when the awaiting task is cancelled.
        """
        function_call = _FunctionCall(lambda: self._clock.post(self.abandoned.pop, key, None))

        def on_thread() -> Evaluated:
            with function_call:
                return _evaluated(self._environment, lambda: read(awaited(call(), self._coroutines)))

        async def on_loop() -> Evaluated:
            with function_call:
                return await _evaluated_coroutine(self._environment, call, read)

        try:
            if inspect.iscoroutinefunction(function):
                return await self._clock.offload_future(key, lambda: self._coroutines.submit(on_loop))
            return await self._clock.offload(key, on_thread)
        except ExecutionError as error:  # the coroutine was cancelled, though not by us
            return Evaluated.of_error(error)
        except anyio.get_cancelled_exc_class():
            if function_call.give_up():
                self.abandoned[key] = self._clock.now()
            raise

    async def _in_subprocess(self, task: WorkerTask) -> Evaluated:
        """Evaluate in a worker process, which is killed when the awaiting task is cancelled."""
        try:
            return await self._clock.offload_future((task.kind, task.name), lambda: self._subprocesses.submit(task))
        except Exception as error:  # a dead worker, or what cannot be sent or read back
            return Evaluated.of_error(error)


class _FunctionCall:
    """Whether user code is inside its function now. The loop asks, and the thread that runs the function answers."""

    def __init__(self, came_back: Callable[[], None]) -> None:
        """``came_back`` is called at the end of the ``with`` block if the loop has given up meanwhile."""
        self._lock = threading.Lock()
        self._inside = False
        self._given_up = False
        self._came_back = came_back

    def __enter__(self) -> None:
        with self._lock:
            self._inside = True

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside = False
            given_up = self._given_up
        if given_up:
            self._came_back()

    def give_up(self) -> bool:
        """Stop waiting, and return whether user code is still inside."""
        with self._lock:
            self._given_up = True
            return self._inside


def _evaluated(environment: Environment, evaluate: Callable[[], ScheduleTickResult | SensorTickResult]) -> Evaluated:
    token = running_in.set(environment)
    try:
        with environment.evaluating():
            return Evaluated.of_result(evaluate())
    except (Killed, Superseded):
        raise
    except BaseException as error:
        return Evaluated.of_error(error)
    finally:
        running_in.reset(token)


async def _evaluated_coroutine(
    environment: Environment, call: Callable[[], Any], read: Callable[[Any], ScheduleTickResult | SensorTickResult]
) -> Evaluated:
    running_in.set(environment)  # in the coroutine's own copy of the context
    try:
        with environment.evaluating():
            value = await call()
        return Evaluated.of_result(read(value))
    except (asyncio.CancelledError, Killed, Superseded):
        raise
    except BaseException as error:
        return Evaluated.of_error(error)


def _portable(function: Callable[..., Any]) -> Any:
    return address_of(function) or function
