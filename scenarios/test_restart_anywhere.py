"""A kill at any point gives the runs of a system that was never killed; only the run it interrupted has failed."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.simulation import Faults, Scenario


@rs.Asset
def extract() -> list[int]:
    """Takes half an hour in these stories."""
    return [1, 2, 3]


@rs.Asset
def load(extract: list[int]) -> int:
    """Takes none."""
    return sum(extract)


def make_repo() -> rs.CodeRepository:
    return rs.CodeRepository(
        assets=[extract, load],
        jobs=[rs.Job("etl", [extract, load])],
        schedules=[
            rs.Schedule(name=name, cron_schedule="0 * * * *", job_name="etl", default_status=rs.ScheduleStatus.Running)
            for name in ("first", "second")
        ],
        run_queue=rs.RunQueueConfig(max_concurrent_runs=1),
        default_executor=rs.Executor.in_process(),
    )


async def outcome(
    *, faults: Faults | None = None, restart_at: str | None = None, takes: str | None = None
) -> dict[str, str]:
    """Status of every run by id after four hours."""
    durations = {"extract": takes} if takes else {}
    async with Scenario(make_repo(), faults=faults, durations=durations) as sim:
        if restart_at is not None:
            await sim.clock.advance_to(restart_at)
            await sim.restart()
        await sim.clock.advance_to("2026-01-01T04:00:00Z")
        assert not [run for run in sim.runs() if run.status in ("Started", "NotStarted") and takes is None]
        return {run.run_id: run.status for run in sim.runs()}


@pytest.mark.anyio
async def test_a_kill_while_a_step_waits_on_the_clock() -> None:
    undisturbed = await outcome(takes="20m")
    killed = await outcome(takes="20m", restart_at="2026-01-01T01:10:00Z")

    assert set(killed) == set(undisturbed)
    changed = {run_id for run_id in killed if killed[run_id] != undisturbed[run_id]}
    assert [killed[run_id] for run_id in changed] == ["Failure"]


@pytest.mark.anyio
async def test_the_run_that_a_kill_interrupted_says_so() -> None:
    async with Scenario(make_repo(), durations={"extract": "20m"}) as sim:
        await sim.clock.advance("70m")
        (running,) = sim.runs(status="Started")
        await sim.restart()

        record = sim.storage.get_run(running.run_id)
        assert record is not None
        assert record.status == "Failure"
        assert record.error is not None
        assert "did not finish" in record.error


@pytest.mark.anyio
async def test_a_kill_between_any_commit_and_its_message() -> None:
    undisturbed = await outcome()
    assert len(undisturbed) == 8
    commits = await count_commits()
    assert commits > 20
    for number in range(1, commits + 1):
        killed = await outcome(faults=Faults(crash_after_commits=(number,)))
        changed = {run_id for run_id in undisturbed if killed.get(run_id) != undisturbed[run_id]}
        assert set(killed) == set(undisturbed), f"killed after commit {number}"
        assert {killed[run_id] for run_id in changed} <= {"Failure"}, f"killed after commit {number}"
        assert len(changed) <= 1, f"killed after commit {number}"


async def count_commits() -> int:
    """How many commits four undisturbed hours take."""
    count = 0

    def watch(changes: object) -> None:
        nonlocal count
        count += 1

    async with Scenario(make_repo()) as sim:
        sim.storage.subscribe(watch)
        await sim.clock.advance("4h")
        return count


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(5))
async def test_crashes_and_lost_messages_at_random_strand_nothing(seed: int) -> None:
    faults = Faults(crash_rate=0.05, lost_messages=0.3)
    async with Scenario(make_repo(), faults=faults, seed=seed) as sim:
        await sim.clock.advance("12h 50m")  # the last messages may be lost: storage is read again every 15 minutes
        runs = sim.runs()
        ticks = [tick for name in ("first", "second") for tick in sim.ticks(name)]

    assert {run.status for run in runs} <= {"Success", "Failure"}
    covered = sum(len(tick.run_ids) + tick.missed_count for tick in ticks)
    assert covered == 24
    assert sorted(run.run_id for run in runs) == sorted(run_id for tick in ticks for run_id in tick.run_ids)
