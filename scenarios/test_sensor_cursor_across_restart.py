"""A sensor reads on where it stopped, however often the system under it is killed."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.simulation import Scenario


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
