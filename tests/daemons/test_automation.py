"""What whoever started the graph sees of it and asks of it."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
import pytest

import rivers as rs
from rivers.channels.messages import SubmitRun
from rivers.clock import SimClock
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.graph import automation_graph
from rivers.ids import SeededIds
from rivers.simulation.step_behaviour import SimulatedSteps
from rivers.storage import Storage

pytestmark = pytest.mark.anyio


@rs.Asset
def raw() -> int:
    return 1


class Slow:
    """A schedule function that waits on the clock."""

    __name__ = "slow"

    def __init__(self, clock: SimClock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds

    def __call__(self) -> rs.RunRequest:
        self.clock.sleep_blocking(self.seconds)
        return rs.RunRequest()


@pytest.fixture
def storage() -> Generator[Storage]:
    with Storage.memory() as made:
        yield made


def repo_of(**triggers: Any) -> rs.CodeRepository:
    return rs.CodeRepository([raw], jobs=[rs.Job("job", [raw])], default_executor=rs.Executor.in_process(), **triggers)


@asynccontextmanager
async def evaluating_for(seconds: float, storage: Storage) -> AsyncGenerator[tuple[AutomationGraph, SimClock]]:
    """A graph whose only schedule takes that long and is given up after ten seconds, on a simulated clock."""
    clock = SimClock(patience=10)
    slow = rs.Schedule(
        Slow(clock, seconds),
        name="each",
        cron_schedule="* * * * *",
        job_name="job",
        default_status=rs.ScheduleStatus.Running,
        eval_timeout="10s",
    )
    steps = SimulatedSteps(durations={"raw": "10m"}, failures={}, execute=True, patch_time=False)
    async with automation_graph(repo_of(schedules=[slow]), storage, clock, SeededIds(1), interceptor=steps) as graph:
        yield graph, clock
    clock.kill_blocked_threads()  # time will not move again: a step that sleeps on this clock would sleep for ever
    await clock.settle()


async def test_health_counts_what_runs_and_names_what_was_given_up(storage: Storage) -> None:
    async with evaluating_for(300, storage) as (graph, clock):
        request = SubmitRun(selection=("raw",))
        async with anyio.create_task_group() as group:
            group.start_soon(graph.control, request)
            await clock.settle()
        assert graph.health().running_runs == 1
        assert [run.status for run in graph.running_runs.values()] == ["Started"]
        await clock.advance("2m")
        assert graph.health().abandoned_evaluations == {"schedule each": pytest.approx(50)}


async def test_a_stop_waits_for_the_evaluations_in_flight_and_fires_no_more(storage: Storage) -> None:
    release, entered = threading.Event(), threading.Event()

    @rs.Sensor(job_name="job", minimum_interval="1ms", default_status=rs.SensorStatus.Running)
    def held() -> rs.SensorResult:
        entered.set()
        release.wait(10)
        return rs.SensorResult(cursor="drained")

    async with automation_graph(repo_of(sensors=[held]), storage) as graph:
        await anyio.to_thread.run_sync(entered.wait)
        async with anyio.create_task_group() as group:
            group.start_soon(graph.stop)
            await anyio.wait_all_tasks_blocked()
            assert storage.get_ticks("held") == []
            release.set()
        assert {daemon.state for daemon in graph.health().daemons.values()} == {"stopped"}
    assert [tick.cursor for tick in storage.get_ticks("held")] == ["drained"]


async def test_a_stop_does_not_wait_for_a_thread_that_was_given_up(storage: Storage) -> None:
    async with evaluating_for(36_000, storage) as (graph, clock):
        await clock.advance("2m")
        assert graph.health().abandoned_evaluations
        await graph.stop()
        assert {daemon.state for daemon in graph.health().daemons.values()} == {"stopped"}
