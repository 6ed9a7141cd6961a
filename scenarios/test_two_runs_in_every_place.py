"""Two runs at a time, their steps in workers, on threads and as coroutines, one of them cancelled: one trace."""

from __future__ import annotations

import anyio
import pytest

import rivers as rs
from rivers.execution.workers import process as worker_process
from rivers.simulation import Scenario
from scenarios.checks import tellings_that_differ
from scenarios.elsewhere import told_elsewhere
from scenarios.places_story import tell, told_by_a_coroutine
from tests.soak import SOAK

TELLINGS = [("asyncio", 3), ("trio", 3)] if SOAK else [("trio", 1)]
ELSEWHERE = [("asyncio", "0"), ("trio", "20261121")] if SOAK else [("asyncio", "0")]


@pytest.fixture(scope="module")
def told() -> str:
    """The story as asyncio tells it."""
    return anyio.run(tell, backend="asyncio")


def test_the_story_has_both_runs_at_each_time_and_one_of_them_cancelled(told: str) -> None:
    first, *effects = told.splitlines()
    assert first.endswith("['Canceled', 'Failure', 'Failure', 'Failure']")
    assert [effects.count(f"{minute}:12 coroutine_0") for minute in ("05", "10")] == [2, 2]
    assert [effects.count(f"{minute}:28 here") for minute in ("05", "10")] == [1, 2]


@pytest.mark.parametrize(("backend", "tellings"), TELLINGS)
def test_it_is_told_alike_every_time_and_leaves_no_worker_behind(told: str, backend: str, tellings: int) -> None:
    before = set(worker_process._living)
    assert tellings_that_differ(told, (anyio.run(tell, backend=backend) for _ in range(tellings))) == []
    assert set(worker_process._living) <= before


@pytest.mark.parametrize(("backend", "hash_seed"), ELSEWHERE)
def test_another_process_tells_it_the_same(told: str, backend: str, hash_seed: str) -> None:
    assert told_elsewhere("places_story", backend, PYTHONHASHSEED=hash_seed) == told


@pytest.mark.anyio
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), rs.Executor.parallel()], ids=["in process", "parallel"])
async def test_a_coroutine_that_waits_on_the_clock_does_not_hold_up_that_of_another_run(executor: rs.Executor) -> None:
    step = rs.Asset(told_by_a_coroutine, name="step")
    every_minute = [
        rs.Schedule(name=name, cron_schedule="* * * * *", job_name="job", default_status=rs.ScheduleStatus.Running)
        for name in ("left", "right")
    ]
    repo = rs.CodeRepository([step], jobs=[rs.Job("job", [step])], schedules=every_minute, default_executor=executor)
    async with Scenario(repo) as sim:
        await sim.clock.advance("90s")
        assert [((run.end_time or 0) - run.start_time) / 1e9 for run in sim.runs("Success")] == [12, 12]
