"""A sensor reads on where it stopped, however often the system under it is killed."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.simulation import Scenario
from scenarios.checks import (
    cursors_set_back,
    gaps_between,
    keys_that_ran_twice,
    runs_without_a_tick,
    times_unaccounted_for,
)


@rs.Asset
def loaded() -> str:
    """What the run loads."""
    return "loaded"


@rs.Sensor(job_name="load", minimum_interval="10s", default_status=rs.SensorStatus.Running)
def inbox(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """One new file at every poll."""
    position = int(context.cursor or 0) + 1
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=f"file-{position}")], cursor=str(position))


repo = rs.CodeRepository(
    assets=[loaded],
    jobs=[rs.Job("load", [loaded])],
    sensors=[inbox],
    default_executor=rs.Executor.in_process(),
)


@rs.Sensor(job_name="load", minimum_interval="10s", default_status=rs.SensorStatus.Running)
def forgetful(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """Asks for each file three times, at three polls."""
    position = int(context.cursor or 0) + 1
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=f"file-{position // 3}")], cursor=str(position))


async def lost_or_repeated() -> list[str]:
    """What went missing or came twice for two sensors under four kills."""
    both = rs.CodeRepository(
        assets=[loaded],
        jobs=[rs.Job("load", [loaded])],
        sensors=[inbox, forgetful],
        default_executor=rs.Executor.in_process(),
    )
    async with Scenario(both) as sim:
        for _ in range(4):
            await sim.clock.advance("25s")
            await sim.restart()
        await sim.clock.advance("25s")
        found: list[str] = []
        for name in ("inbox", "forgetful"):
            ticks = sim.ticks(name)
            found += [f"{name}: {text}" for text in times_unaccounted_for(ticks, 15)]
            found += [f"{name}: {text}" for text in gaps_between(ticks)]
            found += [f"{name}: {text}" for text in cursors_set_back([tick.cursor for tick in ticks])]
        every_tick = [*sim.ticks("inbox"), *sim.ticks("forgetful")]
        return [*found, *keys_that_ran_twice(sim.runs()), *runs_without_a_tick(sim.runs(), every_tick)]


@pytest.mark.anyio
async def test_no_poll_is_lost_and_no_key_runs_twice() -> None:
    assert await lost_or_repeated() == []


@pytest.mark.anyio
async def test_the_cursor_goes_on_after_every_kill() -> None:
    async with Scenario(repo) as sim:
        for _ in range(4):
            await sim.clock.advance("25s")
            await sim.restart()
        await sim.clock.advance("25s")

        cursors = [int(tick.cursor or 0) for tick in sim.ticks("inbox")]
        assert cursors == list(range(1, len(cursors) + 1))
        assert len(cursors) == 15
        assert [run.run_key for run in sim.runs()] == [f"file-{number}" for number in cursors]
        assert {run.status for run in sim.runs()} == {"Success"}


@pytest.mark.anyio
async def test_a_kill_in_the_instant_of_a_poll_neither_repeats_nor_loses_a_file() -> None:
    async with Scenario(repo) as sim:
        await sim.clock.advance("20s")
        before = [run.run_id for run in sim.runs()]
        await sim.restart()
        await sim.restart()
        await sim.clock.advance("1s")

        keys = [run.run_key for run in sim.runs()]
        assert [run.run_id for run in sim.runs()][: len(before)] == before
        assert keys == [f"file-{number}" for number in range(1, len(keys) + 1)]
