"""Evaluations on threads, on the coroutine loop and in worker processes, and their end when they are given up on.

What becomes of a function's result is shown without a thread or process in ``test_in_worker``.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.clock import Clock, SimClock, WallClock
from rivers.execution.triggers.evaluation import Evaluated, Evaluator, FunctionEvaluator
from rivers.ids import SeededIds
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage
from tests.execution.triggers.faults import LEAVING

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z


@rs.Asset
def raw() -> int:
    return 1


class Greeting(rs.Resource):
    word: str = "hello"


class Limits(BaseModel):
    rows: int = 5


class Bench:
    """A repository with some triggers, bound to a clock, and its evaluator."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock
        self._made: list[tuple[CodeRepository, Evaluator]] = []

    def evaluator(self, *triggers: rs.Schedule | rs.Sensor, **arguments: Any) -> Evaluator:
        repo = CodeRepository(
            [raw],
            jobs=[rs.Job("j", [raw])],
            schedules=[trigger for trigger in triggers if isinstance(trigger, rs.Schedule)],
            sensors=[trigger for trigger in triggers if isinstance(trigger, rs.Sensor)],
            **arguments,
        )
        ids = SeededIds(1)
        bound = repo.bound(self.storage.bound(self.clock, ids), self.clock, ids)
        self._made.append((bound, FunctionEvaluator(bound.environment, bound.triggers)))
        return self._made[-1][1]

    def close(self) -> None:
        for repo, evaluator in self._made:
            evaluator.close()
            repo.shutdown()

    async def run(self, evaluate: Callable[[], Any]) -> Evaluated:
        """Await an evaluation; a simulated clock has to be driven for that."""
        answers: list[Evaluated] = []

        async def ask() -> None:
            answers.append(await evaluate())

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            if isinstance(self.clock, SimClock):
                await self.clock.settle()
        return answers[0]


@pytest.fixture
def bench() -> Generator[Bench]:
    with Storage.memory() as storage:
        made = Bench(storage, SimClock("2026-01-01T00:00:00Z"))
        yield made
        made.close()


def sensor(function: Callable[..., Any], **arguments: Any) -> rs.Sensor:
    return rs.Sensor(function, job_name="j", **arguments)


def schedule(function: Callable[..., Any] | None, **arguments: Any) -> rs.Schedule:
    return rs.Schedule(function, cron_schedule="* * * * *", job_name="j", **arguments)


async def test_a_schedule_without_a_function_asks_for_its_job_without_any_thread(bench: Bench) -> None:
    plain = schedule(None)
    evaluated = await bench.evaluator(plain).evaluate_schedule(plain, T0_NS)
    assert [request.job_name for request in evaluated.requests] == ["j"]


async def test_a_function_runs_on_another_thread_with_context_resources_and_config(bench: Bench) -> None:
    def decide(context: rs.ScheduleEvaluationContext[Limits], greeting: Greeting, extra: int = 3) -> rs.RunRequest:
        facts = (context.scheduled_execution_time, greeting.word, context.config.rows, extra)
        assert threading.get_ident() != here
        return rs.RunRequest(tags={"facts": repr(facts)})

    here = threading.get_ident()
    trigger = schedule(decide)
    evaluator = bench.evaluator(trigger, resources={"greeting": Greeting()})
    evaluated = await bench.run(lambda: evaluator.evaluate_schedule(trigger, T0_NS))
    assert evaluated.error is None
    [request] = evaluated.requests
    assert request.tags == {"facts": repr(("2026-01-01T00:00:00Z", "hello", 5, 3))}


async def test_a_sensor_is_told_its_cursor_and_the_time_of_its_last_tick_in_seconds(bench: Bench) -> None:
    def look(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        assert (context.cursor, context.last_tick_time) == ("7", 1767225600.0)
        return rs.SensorResult(cursor="8", skip_reason="nothing new")

    trigger = sensor(look)
    evaluator = bench.evaluator(trigger)
    evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, "7", T0_NS))
    assert evaluated == Evaluated(skip_reason="nothing new", cursor="8")


async def test_a_coroutine_runs_on_asyncio_whatever_the_backend(bench: Bench) -> None:
    async def look() -> rs.RunRequest:
        await asyncio.sleep(0)
        return rs.RunRequest(run_key="k")

    trigger = sensor(look)
    evaluator = bench.evaluator(trigger)
    evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, None, None))
    assert [request.run_key for request in evaluated.requests] == ["k"]


@pytest.mark.parametrize(("function", "error"), LEAVING, ids=[function.__name__ for function, _ in LEAVING])
async def test_what_would_end_a_thread_a_loop_or_a_daemon_becomes_an_error_text(
    bench: Bench, function: Callable[..., Any], error: str | tuple[str, ...]
) -> None:
    trigger = sensor(function)
    evaluator = bench.evaluator(trigger)
    evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, "kept by the caller", None))
    assert evaluated.error is not None
    assert evaluated.error.startswith(error)
    assert evaluated.traceback is not None
    assert (evaluated.requests, evaluated.cursor) == ((), None)


async def test_a_sensor_without_a_function_is_an_error(bench: Bench) -> None:
    trigger = rs.Sensor(name="empty", job_name="j")
    evaluator = bench.evaluator(trigger)
    evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, None, None))
    assert evaluated.error == "ConfigurationError: Sensor has no evaluation function"


@rs.Schedule(cron_schedule="* * * * *", job_name="j", eval_mode=rs.EvalMode.Subprocess)
def in_a_worker(context: rs.ScheduleEvaluationContext) -> Generator[rs.RunRequest]:
    yield rs.RunRequest(tags={"at": context.scheduled_execution_time, "pid": str(os.getpid())})


async def test_a_decorated_function_runs_in_a_worker_and_its_generator_is_read_there(bench: Bench) -> None:
    evaluator = bench.evaluator(in_a_worker)
    evaluated = await bench.run(lambda: evaluator.evaluate_schedule(in_a_worker, T0_NS))
    assert evaluated.error is None
    [request] = evaluated.requests
    assert isinstance(request, rs.RunRequest)
    assert request.tags is not None
    assert request.tags["at"] == "2026-01-01T00:00:00Z"
    assert int(request.tags["pid"]) != os.getpid()
    assert request.job_name == "j"


async def test_a_worker_that_dies_is_an_error_that_names_the_trigger(bench: Bench) -> None:
    def look() -> None:
        os._exit(9)

    trigger = sensor(look, name="watch", eval_mode=rs.EvalMode.Subprocess)
    evaluator = bench.evaluator(trigger)
    evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, None, None))
    died = "WorkerDied: sensor 'watch': the worker process died before it gave an answer: EXIT(9)"
    assert evaluated.error == died


async def test_a_materialize_inside_an_evaluation_uses_its_clock_and_ids(bench: Bench) -> None:
    def look() -> rs.SensorResult:
        result = repo.materialize()
        return rs.SensorResult(cursor=result.run_id)

    trigger = sensor(look)
    repo = CodeRepository([raw], jobs=[rs.Job("j", [raw])], sensors=[trigger])
    ids = SeededIds(1)
    bound = repo.bound(bench.storage.bound(bench.clock, ids), bench.clock, ids)
    evaluator = FunctionEvaluator(bound.environment, bound.triggers)
    try:
        evaluated = await bench.run(lambda: evaluator.evaluate_sensor(trigger, None, None))
    finally:
        evaluator.close()
        bound.shutdown()
    assert evaluated.error is None
    assert evaluated.cursor == SeededIds(1).new_id()
    record = bench.storage.get_run(evaluated.cursor)
    assert record is not None
    assert record.status == "Success"
    assert record.start_time == bench.clock.now_ns()
    assert not repo.is_resolved


class Abandonment:
    """Starts an evaluation, waits until it is inside the function, and cancels the task that awaits it."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.leave = threading.Event()

    async def give_up_on(self, evaluator: Evaluator, trigger: rs.Sensor) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(evaluator.evaluate_sensor, trigger, None, None)
            await anyio.to_thread.run_sync(self.inside.wait, 30)
            group.cancel_scope.cancel()


@pytest.fixture
def wall_bench() -> Generator[Bench]:
    with Storage.memory() as storage:
        made = Bench(storage, WallClock())
        yield made
        made.close()


async def until_none_is_abandoned(evaluator: Evaluator) -> None:
    with anyio.fail_after(30):
        while evaluator.abandoned:
            await anyio.lowlevel.checkpoint()


async def test_a_thread_that_is_given_up_on_counts_as_abandoned_until_it_returns(wall_bench: Bench) -> None:
    state = Abandonment()

    def hang() -> None:
        state.inside.set()
        state.leave.wait(30)

    trigger = sensor(hang)
    evaluator = wall_bench.evaluator(trigger)
    await state.give_up_on(evaluator, trigger)
    assert list(evaluator.abandoned) == [("sensor", "hang")]
    assert evaluator.abandoned[("sensor", "hang")] <= wall_bench.clock.now()
    state.leave.set()
    await until_none_is_abandoned(evaluator)


async def test_a_coroutine_that_is_given_up_on_is_cancelled(wall_bench: Bench) -> None:
    state = Abandonment()
    cancelled = threading.Event()

    async def hang() -> None:
        state.inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    trigger = sensor(hang)
    evaluator = wall_bench.evaluator(trigger)
    await state.give_up_on(evaluator, trigger)
    await until_none_is_abandoned(evaluator)
    assert cancelled.is_set()


def until_it_exists(sign: Path) -> None:
    while not sign.exists():
        threading.Event().wait(0.005)


async def test_a_worker_that_is_given_up_on_is_killed(wall_bench: Bench, tmp_path: Path) -> None:
    sign = tmp_path / "pid"

    def hang() -> None:
        import time

        sign.with_suffix(".part").write_text(str(os.getpid()))
        sign.with_suffix(".part").rename(sign)
        time.sleep(600)

    trigger = sensor(hang, eval_mode=rs.EvalMode.Subprocess)
    evaluator = wall_bench.evaluator(trigger)
    async with anyio.create_task_group() as group:
        group.start_soon(evaluator.evaluate_sensor, trigger, None, None)
        await anyio.to_thread.run_sync(until_it_exists, sign)
        group.cancel_scope.cancel()
    assert evaluator.abandoned == {}
    evaluator.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)
