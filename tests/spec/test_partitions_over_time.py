"""The clock decides for which windows something runs."""

from __future__ import annotations

from datetime import datetime

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.simulation import Scenario
from tests.spec.partitioned import Shelves, materialized, one

pytestmark = pytest.mark.anyio

DAYS = rs.PartitionsDefinition.daily(datetime(2026, 1, 1))
HOURS = rs.PartitionsDefinition.hourly(datetime(2026, 1, 1))
M = rs.PartitionMapping
shelves = Shelves()


@rs.Asset(partitions_def=DAYS, io_handler=shelves)
def daily(context: rs.AssetExecutionContext) -> str:
    start, _ = context.partition_time_window or (None, None)
    return f"{start}"


@rs.Asset(
    partitions_def=DAYS, io_handler=shelves, deps=[rs.AssetDef.input("daily", partition_mapping=M.time_window(1))]
)
def ahead(daily: str) -> str:
    return daily


@rs.Asset(partitions_def=HOURS, io_handler=shelves)
def hourly(context: rs.AssetExecutionContext) -> str:
    return context.partition_key


job = rs.Job("job", [daily])


@rs.Schedule(cron_schedule="0 0 * * *", job_name="job", default_status=rs.ScheduleStatus.Running)
def nightly(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    return rs.RunRequest(partition_key=str(context.scheduled_execution_time)[:10])


REPO = rs.CodeRepository(
    [daily, ahead, hourly], jobs=[job], schedules=[nightly], default_executor=rs.Executor.in_process()
)


@pytest.mark.rule("partitions 5.1.9")
async def test_a_key_is_valid_from_the_moment_its_window_begins() -> None:
    async with Scenario(REPO, start="2026-01-01T23:59:59Z") as sim:
        assert (await sim.materialize(["daily"], partition_key=one("2026-01-01"))).success
        with pytest.raises(ExecutionError, match=r"'2026-01-02' for asset 'daily'.*nearest.*'2026-01-01'"):
            await sim.materialize(["daily"], partition_key=one("2026-01-02"))
        await sim.clock.advance(1)
        assert (await sim.materialize(["daily"], partition_key=one("2026-01-02"))).success
        assert materialized(sim.storage, "daily") == ["2026-01-01", "2026-01-02"]
        with pytest.raises(ExecutionError, match="'2026-01-03'"):
            await sim.materialize(["daily"], partition_key=one(["2026-01-02", "2026-01-03"]))


@pytest.mark.rule("partitions 3.2.6", "partitions 5.1.9")
async def test_hours_are_counted_on_the_wall_of_the_scenario() -> None:
    async with Scenario(REPO, start="2026-01-01T00:30:00Z") as sim:
        assert (await sim.materialize(["hourly"], partition_key=one("2026-01-01T00:00"))).success
        with pytest.raises(ExecutionError, match="'2026-01-01T01:00'"):
            await sim.materialize(["hourly"], partition_key=one("2026-01-01T01:00"))
        await sim.clock.advance("30m")
        assert (await sim.materialize(["hourly"], partition_key=one("2026-01-01T01:00"))).success


@pytest.mark.rule("partitions 5.1.9", "partitions 6.3.13")
async def test_a_window_that_a_mapping_leads_to_is_there_when_its_time_has_come() -> None:
    async with Scenario(REPO, start="2026-01-01T12:00:00Z") as sim:
        with pytest.raises(PartitionValidationError, match=r"offset=1.*'2026-01-01'.*\[2026-01-01T00:00:00, "):
            await sim.materialize(["ahead"], partition_key=one("2026-01-01"))
        await sim.clock.advance("12h")
        await sim.materialize(["daily"], partition_key=one("2026-01-02"))
        assert (await sim.materialize(["ahead"], partition_key=one("2026-01-01"))).success
        assert sim.repo.load_node("ahead", partition_key=one("2026-01-01")) == "2026-01-02 00:00:00"


@pytest.mark.rule("partitions 5.1.9", "partitions 5.1.14")
async def test_what_is_launched_at_midnight_runs_for_the_day_that_begins() -> None:
    async with Scenario(REPO, start="2026-01-01T23:00:00Z") as sim:
        await sim.clock.advance("49h")
        days = ["2026-01-02", "2026-01-03", "2026-01-04"]
        assert [(run.status, run.partition_key) for run in sim.runs()] == [("Success", one(day)) for day in days]
        assert materialized(sim.storage, "daily") == days


@pytest.mark.rule("repository 4.5")
async def test_load_node_knows_the_windows_of_the_moment() -> None:
    async with Scenario(REPO, start="2026-01-02T00:00:00Z") as sim:
        with pytest.raises(PartitionValidationError, match=r"'2026-01-03'.*'daily'"):
            sim.repo.load_node("daily", partition_key=one("2026-01-03"))
