"""Three jobs and room for one: they take turns, and nothing waits for a poll."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.simulation import Scenario
from scenarios.checks import moments_over_the_limit

JOBS = ("early", "middle", "late")


@rs.Asset
def shared() -> int:
    """What all three jobs make."""
    return 1


def repo(dequeue_interval: str = "1h") -> rs.CodeRepository:
    return rs.CodeRepository(
        assets=[shared],
        jobs=[rs.Job(name, [shared]) for name in JOBS],
        schedules=[
            rs.Schedule(
                name=name,
                cron_schedule="0 6 * * *",
                job_name=name,
                tags={"rivers/priority": str(priority)},
                default_status=rs.ScheduleStatus.Running,
            )
            for priority, name in enumerate(reversed(JOBS))
        ],
        run_queue=rs.RunQueueConfig(max_concurrent_runs=1, dequeue_interval=dequeue_interval),
        default_executor=rs.Executor.in_process(),
    )


@pytest.mark.anyio
async def test_runs_that_take_no_time_all_end_in_the_instant_in_which_they_were_asked_for() -> None:
    async with Scenario(repo()) as sim:
        await sim.clock.advance("6h")

        runs = sim.runs()
        assert [run.status for run in runs] == ["Success"] * 3
        assert {run.end_time for run in runs} == {runs[0].start_time}


@pytest.mark.anyio
async def test_long_runs_take_turns_by_priority() -> None:
    async with Scenario(repo(), durations={"shared": "10m"}) as sim:
        await sim.clock.advance("6h")
        waiting = [run for run in sim.runs() if run.status == "Queued"]
        assert {run.block_reason for run in waiting} == {"global run limit (1/1)"}
        await sim.clock.advance("30m")

        runs = sorted(sim.runs(), key=lambda run: run.started_at or 0)
        assert [run.job_name for run in runs] == list(JOBS)
        minutes = [((run.started_at or 0) - run.start_time) // (60 * 10**9) for run in runs]
        assert minutes == [0, 10, 20]


async def moments_too_full() -> list[str]:
    """Two mornings with long runs and many looks at the queue, one of them with a kill in it."""
    async with Scenario(repo(dequeue_interval="1m"), durations={"shared": "10m"}) as sim:
        await sim.clock.advance("6h 15m")
        await sim.restart()
        await sim.clock.advance("1d")
        assert len(sim.runs()) == 2 * len(JOBS)
        return moments_over_the_limit(sim.trace.events(), 1)


@pytest.mark.anyio
async def test_the_limit_holds_at_every_instant() -> None:
    assert await moments_too_full() == []
