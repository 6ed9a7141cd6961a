"""A nightly batch in Amsterdam runs once a night, also in the night with no 02:30 and in the night with two of them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

import rivers as rs
from rivers.records import StoredTick
from rivers.simulation import Scenario
from rivers.storage import Storage
from scenarios.checks import runs_of_another_length, times_unaccounted_for

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@rs.Asset
def sales() -> int:
    """What was sold."""
    return 7


@rs.Asset
def summary(sales: int) -> str:
    """A line about it."""
    return f"{sales} sold"


nightly = rs.Schedule(
    name="nightly",
    cron_schedule="30 2 * * *",
    timezone="Europe/Amsterdam",
    job_name="batch",
    default_status=rs.ScheduleStatus.Running,
)

repo = rs.CodeRepository(
    assets=[sales, summary],
    jobs=[rs.Job("batch", [sales, summary])],
    schedules=[nightly],
    default_executor=rs.Executor.in_process(),
)


def local(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds / 1e9, UTC).astimezone(AMSTERDAM):%m-%d %H:%M %z}"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("start", "night_of_the_change"),
    [
        ("2026-03-22T00:00:00Z", "03-29 03:00 +0200"),
        ("2026-10-18T00:00:00Z", "10-25 02:30 +0200"),
    ],
    ids=["into summer time", "out of summer time"],
)
async def test_two_weeks_have_fourteen_runs(start: str, night_of_the_change: str) -> None:
    async with Scenario(repo, start=start, durations={"sales": "20m"}) as sim:
        await sim.clock.advance("14d")

        runs = sim.runs()
        assert [run.status for run in runs] == ["Success"] * 14
        fired = [local(tick.scheduled_at) for tick in sim.ticks("nightly") if tick.scheduled_at]
        assert len({night[:5] for night in fired}) == 14
        assert night_of_the_change in fired
        assert all(night.split()[1] == "02:30" for night in fired if night != night_of_the_change)
        assert runs_of_another_length(runs, 20 * 60) == []


async def around_a_downtime() -> tuple[list[StoredTick], int]:
    """The ticks of a store on which nothing ran for nine nights, and how many runs there were."""
    with Storage.memory() as storage:
        for start in ("2026-03-22T00:00:00Z", "2026-03-31T12:00:00Z"):
            async with Scenario(repo, start=start, storage=storage) as sim:
                await sim.clock.advance("1d")
        return storage.get_ticks("nightly")[::-1], len(storage.get_runs())


@pytest.mark.anyio
async def test_nights_in_which_nothing_ran_are_one_skipped_tick() -> None:
    ticks, run_count = await around_a_downtime()
    assert times_unaccounted_for(ticks, 11) == []
    assert run_count == 2
    missed = [tick for tick in ticks if tick.missed_count]
    assert [(tick.status, tick.missed_count) for tick in missed] == [("Skipped", 9)]
    assert local(missed[0].missed_first or 0) == "03-23 02:30 +0100"
    assert local(missed[0].missed_last or 0) == "03-31 02:30 +0200"
    assert missed[0].skip_reason is not None
    assert "not running" in missed[0].skip_reason
