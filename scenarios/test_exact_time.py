"""Work that takes real time takes no simulated time, wherever it runs; work that waits on the clock takes just that."""

from __future__ import annotations

import asyncio
import time

import pytest

import rivers as rs
from rivers.simulation import Scenario
from scenarios.checks import SECOND, runs_of_another_length, ticks_at_other_times

T0_NS = 1_767_225_600 * SECOND
MINUTES = 4


def busy_for_a_moment(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    """Takes twenty real milliseconds, in a thread or in a worker process."""
    time.sleep(0.02)
    return rs.RunRequest()


async def awaits_a_moment(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    """Takes twenty real milliseconds on the coroutine loop."""
    await asyncio.sleep(0.02)
    return rs.RunRequest()


@rs.Asset
def crunched() -> int:
    """Takes twenty real milliseconds."""
    time.sleep(0.02)
    return 1


@rs.Asset
async def fetched(crunched: int) -> int:
    """Likewise, as a coroutine."""
    await asyncio.sleep(0.02)
    return 2


def scheduled(name: str, function: object, mode: rs.EvalMode = rs.EvalMode.Auto) -> rs.Schedule:
    return rs.Schedule(
        function,
        name=name,
        cron_schedule="* * * * *",
        job_name="slow",
        eval_mode=mode,
        default_status=rs.ScheduleStatus.Running,
    )


NAMES = ("thread", "coroutine", "worker")

repo = rs.CodeRepository(
    [crunched, fetched],
    jobs=[rs.Job("slow", [crunched, fetched])],
    schedules=[
        scheduled("thread", busy_for_a_moment),
        scheduled("coroutine", awaits_a_moment),
        scheduled("worker", busy_for_a_moment, rs.EvalMode.Subprocess),
    ],
    default_executor=rs.Executor.in_process(),
)


async def inexact(waits: str | None = None) -> list[str]:
    """Every tick and run that was not at its exact moment, or not of its exact length."""
    durations = {"crunched": waits} if waits else {}
    async with Scenario(repo, durations=durations) as sim:
        await sim.clock.advance(MINUTES * 60)
        expected = [T0_NS + minute * 60 * SECOND for minute in range(1, MINUTES + 1)]
        found = [f"{name}: {text}" for name in NAMES for text in ticks_at_other_times(sim.ticks(name), expected)]
        # The last runs have only just begun when they take a while.
        await sim.clock.advance("59s")
        return found + runs_of_another_length(sim.runs(), 30 if waits else 0)


@pytest.mark.anyio
@pytest.mark.parametrize("waits", [None, "30s"])
async def test_real_time_does_not_show_and_simulated_time_shows_exactly(waits: str | None) -> None:
    assert await inexact(waits) == []
