"""A kill at any point gives the runs of a system that was never killed; only the run it interrupted has failed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

import rivers as rs
from rivers.records import TERMINAL_STATUSES
from rivers.simulation import Faults, Scenario
from scenarios.checks import (
    changed_by_a_kill,
    gaps_between,
    runs_left_behind,
    runs_without_a_tick,
    times_unaccounted_for,
)
from tests.soak import SOAK


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
        await sim.clock.advance_to("2026-01-01T04:45:00Z")  # when the last runs have ended that take 20 minutes
        return {run.run_id: run.status for run in sim.runs()}


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


async def changed_by_kills() -> AsyncGenerator[str]:
    """What changes when the system is killed after a commit, for each commit in turn."""
    undisturbed = await outcome()
    assert len(undisturbed) == 8
    commits = await count_commits()
    assert commits > 20
    for number in range(1, commits + 1):
        killed = await outcome(faults=Faults(crash_after_commits=(number,)))
        for text in broken_by_a_kill(undisturbed, killed):
            yield f"killed after commit {number}: {text}"


async def changed_by_a_kill_in_a_step() -> list[str]:
    """What changes when the system is killed while a step waits on the clock."""
    undisturbed = await outcome(takes="20m")
    return broken_by_a_kill(undisturbed, await outcome(takes="20m", restart_at="2026-01-01T01:10:00Z"))


def broken_by_a_kill(undisturbed: dict[str, str], killed: dict[str, str]) -> list[str]:
    left = [f"run {run_id} is still {status}" for run_id, status in killed.items() if status not in TERMINAL_STATUSES]
    return left + changed_by_a_kill(undisturbed, killed)


@pytest.mark.anyio
async def test_a_kill_while_a_step_waits_on_the_clock() -> None:
    assert await changed_by_a_kill_in_a_step() == []


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
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"] if SOAK else ["asyncio"])
async def test_a_kill_between_any_commit_and_its_message() -> None:
    assert [text async for text in changed_by_kills()] == []


async def lost_or_repeated(seed: int) -> list[str]:
    """What went missing or came twice in half a day of crashes and lost messages."""
    faults = Faults(crash_rate=0.05, lost_messages=0.3)
    async with Scenario(make_repo(), faults=faults, seed=seed) as sim:
        await sim.clock.advance("12h 50m")  # the last messages may be lost: storage is read again every 15 minutes
        ticks = {name: sim.ticks(name) for name in ("first", "second")}
        return [
            *runs_left_behind(sim.runs()),
            *runs_without_a_tick(sim.runs(), [tick for each in ticks.values() for tick in each]),
            *(text for each in ticks.values() for text in times_unaccounted_for(each, 12)),
            *(text for each in ticks.values() for text in gaps_between(each)),
        ]


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(100 if SOAK else 2))
async def test_crashes_and_lost_messages_at_random_strand_nothing(seed: int) -> None:
    assert await lost_or_repeated(seed) == []
