"""A store that is far away delays no trigger, changes no outcome, and loses nothing while its graph is closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import CancelRun, ChooseTrigger, RunsAdmitted, SubmitRun
from rivers.channels.ports import LauncherPorts
from rivers.clock import SimClock
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.graph import open_graph
from rivers.daemons.launcher import LauncherDaemon
from rivers.exceptions import NotQuiescent
from rivers.ids import SeededIds
from rivers.records import NewRun, RunRecord
from rivers.simulation.step_behaviour import SimulatedSteps
from rivers.storage import AsyncStore, Storage
from tests.late_engine import LateEngine, Trip

pytestmark = pytest.mark.anyio

T0 = "2026-01-01T00:00:00Z"
T0_NS = 1_767_225_600_000_000_000
SECOND = 10**9

AT_ONCE = Trip()
WAYS = [Trip(out=0.3), Trip(back=1.1), AT_ONCE, Trip(out=0.05, back=0.2), Trip(out=2.5), AT_ONCE, Trip(back=0.7)]


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def broken() -> int:
    raise ValueError("boom")


def keyed(context: rs.ScheduleEvaluationContext) -> list[rs.RunRequest]:
    return [rs.RunRequest(run_key=context.scheduled_execution_time[:15]), rs.RunRequest(job_name="fails")]


def counting(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    count = int(context.cursor or 0) + 1
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=str(count // 2))], cursor=str(count))


def schedule(name: str, function: Any = None, cron: str = "* * * * *") -> rs.Schedule:
    running = rs.ScheduleStatus.Running
    return rs.Schedule(function, name=name, cron_schedule=cron, job_name="works", default_status=running)


def repo_of(*schedules: rs.Schedule, **arguments: Any) -> rs.CodeRepository:
    jobs = [rs.Job("works", [raw]), rs.Job("fails", [broken])]
    executor = rs.Executor.in_process()
    return rs.CodeRepository(
        [raw, broken], jobs=jobs, schedules=list(schedules), default_executor=executor, **arguments
    )


@asynccontextmanager
async def opened(
    repo: rs.CodeRepository,
    storage: Storage,
    clock: SimClock,
    on_open: Callable[[], None] = lambda: None,
    **seconds: Any,
) -> AsyncGenerator[AutomationGraph]:
    """A graph, and ``on_open`` called before its daemons recover. It is closed in a task, while the clock goes on."""
    steps = SimulatedSteps(durations=seconds, failures={}, execute=True, patch_time=False)
    made: list[AutomationGraph] = []
    close = anyio.Event()

    async def host() -> None:
        async with open_graph(repo, storage, clock, SeededIds(1), interceptor=steps) as graph:
            made.append(graph)
            on_open()
            await close.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(host)
        await anyio.wait_all_tasks_blocked()
        yield made[0]
        close.set()
        await clock.advance("1m")


async def in_time(clock: SimClock, seconds: float, *calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    """What the calls return, which are begun one after another, once so many seconds have passed."""
    answers: list[Any] = []

    async def one_after_another() -> None:
        for call in calls:
            answers.append(await call())

    async with anyio.create_task_group() as group:
        group.start_soon(one_after_another)
        await clock.advance(seconds)
    return answers


# -- the same story ----------------------------------------------------------------------------------------------------


async def outcomes(storage: Storage, clock: SimClock, on_open: Callable[[], None], look: Callable[[], None]) -> Any:
    """What ten minutes come to: ticks, runs and the replies to people."""

    @rs.Sensor(job_name="works", minimum_interval="20s", default_status=rs.SensorStatus.Running)
    def inbox(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        return counting(context)

    queue = rs.RunQueueConfig(max_concurrent_runs=2)
    repo = repo_of(schedule("plain"), schedule("keyed", keyed, "*/2 * * * *"), sensors=[inbox], run_queue=queue)
    async with opened(repo, storage, clock, on_open, raw=3.0) as graph:
        await clock.advance("130s")
        answers = await in_time(
            clock,
            30,
            lambda: graph.control(ChooseTrigger(kind="schedule", name="plain", choice="stopped")),
            lambda: graph.control(SubmitRun(job_name="works")),
            lambda: graph.add_trigger(schedule("added")),
            lambda: graph.control(CancelRun(run_id="nobody's")),
        )
        await clock.advance("330s")
        answers += await in_time(clock, 100, lambda: graph.remove_trigger("sensor", "inbox"))
    look()
    # A tick bears the time at which its daemon decided it, and a daemon that awaits the store decides later.
    ticks = {
        name: [replace(tick, timestamp=0) for tick in storage.get_ticks(name, 1000)]
        for name in ("plain", "keyed", "inbox", "added")
    }
    runs = [(run.run_id, run.job_name, run.status, run.error, run.tags, run.run_key) for run in storage.get_runs(1000)]
    return ticks, sorted(runs, key=lambda run: run[0]), answers


async def test_ticks_runs_and_ends_are_those_of_an_engine_that_answers_at_once() -> None:
    with Storage.memory() as near:
        expected = await outcomes(near, SimClock(T0, patience=10), lambda: None, lambda: None)
    ticks, runs, answers = expected
    assert {name: len(ticks[name]) for name in ticks} == {"plain": 2, "keyed": 4, "inbox": 25, "added": 7}
    assert {status for _, _, status, *_ in runs} == {"Success", "Failure"}
    assert answers[1] is not None

    clock = SimClock(T0, patience=10)
    with LateEngine(clock) as far:

        def leave_home() -> None:
            far.trip = Trip(out=0.1, back=0.1)
            far.trips.extend(islice(cycle(WAYS), 400))

        def come_home() -> None:
            far.trip = None

        assert await outcomes(far.storage, clock, leave_home, come_home) == expected


# -- on time -----------------------------------------------------------------------------------------------------------


async def test_a_schedule_fires_on_time_while_a_call_of_another_daemon_is_late() -> None:
    clock = SimClock(T0, patience=10)
    fired: list[float] = []

    def note() -> rs.RunRequest:
        fired.append(clock.monotonic())
        return rs.RunRequest()

    with LateEngine(clock) as far:
        async with opened(repo_of(schedule("each", note)), far.storage, clock) as graph:
            await clock.advance("40s")
            far.trips += [AT_ONCE, Trip(out=45)]  # the run is created, and then takes its time to start
            far.trip = AT_ONCE
            (run_id,) = await in_time(clock, 30, lambda: graph.control(SubmitRun(job_name="works")))
            assert fired == [60.0]
            await clock.advance("60s")
            far.trip = None
            assert fired == [60.0, 120.0]
            submitted, *others = sorted(far.storage.get_runs(), key=lambda run: run.start_time)
            assert (submitted.run_id, submitted.started_at) == (run_id, T0_NS + 40 * SECOND)
            assert [run.start_time for run in others] == [T0_NS + 60 * SECOND, T0_NS + 120 * SECOND]
            assert [tick.timestamp for tick in far.storage.get_ticks("each")] == [
                run.start_time for run in others[::-1]
            ]


@pytest.mark.parametrize(("calls_before", "named"), [(0, "read_launch_facts"), (1, "commit_ticks"), (2, "start_runs")])
async def test_a_store_that_never_answers_is_named(calls_before: int, named: str) -> None:
    clock = SimClock(T0, patience=0.3)
    with LateEngine(clock) as far:
        async with opened(repo_of(schedule("each", lambda: rs.RunRequest(run_key="k"))), far.storage, clock):
            await clock.advance("30s")
            far.trips += [*([AT_ONCE] * calls_before), Trip(never_returns=True)]
            far.trip = AT_ONCE
            with pytest.raises(NotQuiescent, match=rf"\('storage', '.*{named}'\)"):
                await clock.advance("1m")
            far.close()


# -- while the graph is closed -----------------------------------------------------------------------------------------


async def kept_busy(graph: AutomationGraph, far: LateEngine, seconds: float) -> None:
    """Have a call under way, behind which all others wait."""
    far.trips.append(Trip(out=seconds))
    far.trip = AT_ONCE
    await graph.store.run(Storage.kv_get, "anything")


async def test_an_end_that_waits_for_the_store_when_the_graph_is_closed_is_stored() -> None:
    clock = SimClock(T0, patience=10)
    with LateEngine(clock) as far:
        async with anyio.create_task_group() as group:
            async with opened(repo_of(), far.storage, clock, raw=10.0, broken=10.0) as graph:
                runs = await in_time(clock, 5, *[lambda: graph.control(SubmitRun(selection=("raw",)))] * 2)
                runs += await in_time(clock, 4, lambda: graph.control(SubmitRun(selection=("broken",))))
                group.start_soon(kept_busy, graph, far, 20)
                await clock.advance("10s")
                assert sorted(graph.running_runs) == sorted(runs), "the store has none of their ends"
        far.trip = None
        stored = {run.run_id: run.status for run in far.storage.get_runs()}
        assert stored == dict(zip(runs, ["Success", "Success", "Failure"], strict=True))


class Launched:
    """In place of the executions: notes what it is asked to launch."""

    def __init__(self) -> None:
        self.run_ids: list[str] = []

    def launch(self, run: RunRecord) -> None:
        self.run_ids.append(run.run_id)


async def test_a_run_that_is_started_while_the_graph_is_closed_is_executed(stage: Callable[..., Any]) -> None:
    clock = SimClock(T0, patience=10)
    launched = Launched()
    with LateEngine(clock) as far:
        new = {"job_name": "works", "node_names": ("raw",), "status": "NotStarted", "start_time": T0_NS}
        far.storage.create_run(NewRun(run_id="r", **new))
        far.trip = Trip(out=5, back=5)
        async with stage() as play:
            ports = LauncherPorts(
                admitted=play.channel().recv,
                finished=play.channel().recv,
                cancellations=play.channel().recv,
                ended=play.channel().send,
            )
            executions: Any = launched
            daemon = LauncherDaemon(ports, AsyncStore(far.storage, clock), clock, executions, 900)
            scope = anyio.CancelScope()

            async def act(messages: Sequence[Any]) -> None:
                with scope:
                    await daemon.act(messages, stopping=False)

            async with anyio.create_task_group() as group:
                group.start_soon(act, [RunsAdmitted(run_ids=("r",))])
                await clock.advance("1s")
                scope.cancel()
                await clock.advance("20s")
        assert launched.run_ids == ["r"]
