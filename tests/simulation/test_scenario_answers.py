"""What a scenario answers about values, wrong names and cancelled runs, with and without ``await``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import NodeNotFoundError
from rivers.simulation import Scenario


@rs.Asset
def orders() -> list[int]:
    return [1, 2]


@rs.Asset
def revenue(orders: list[int]) -> int:
    return sum(orders)


repo = rs.CodeRepository(
    assets=[orders, revenue],
    jobs=[rs.Job("report", [orders, revenue])],
    schedules=[
        rs.Schedule(
            name="hourly", cron_schedule="0 * * * *", job_name="report", default_status=rs.ScheduleStatus.Running
        )
    ],
)


@pytest.mark.anyio
async def test_the_value_that_a_step_has_stored_can_be_read() -> None:
    async with Scenario(repo) as sim:
        await sim.clock.advance("1h")
        assert sim.repo.load_node("revenue") == 3


@pytest.mark.anyio
async def test_a_cancelled_run_ends_its_step_and_starts_no_other() -> None:
    async with Scenario(repo, durations={"orders": "10m"}) as sim:
        await sim.clock.advance("61m")
        (run,) = sim.runs(status="Started")
        assert await sim.cancel(run.run_id) == "Canceled"
        assert await sim.cancel(run.run_id) is None
        await sim.clock.advance("30m")
        steps = [event.asset_key for event in sim.storage.get_events_for_run(run.run_id)]
        assert set(steps) == {"orders"}
        assert [each.status for each in sim.runs()] == ["Canceled"]


@pytest.mark.anyio
async def test_a_trigger_that_does_not_exist_has_no_ticks_to_be_empty() -> None:
    async with Scenario(repo) as sim:
        assert sim.ticks("hourly") == []
        with pytest.raises(NodeNotFoundError, match=r"'hourli'; did you mean 'hourly'\?"):
            sim.ticks("hourli")
        with pytest.raises(NodeNotFoundError, match=r"'hourli'; did you mean 'hourly'\?"):
            await sim.pause("hourli")


@pytest.mark.anyio
@pytest.mark.parametrize("plan", [{"durations": {"order": "10m"}}, {"failures": {"order": 1}}])
async def test_a_plan_for_a_step_that_does_not_exist_is_refused(plan: dict[str, Any]) -> None:
    (argument,) = plan
    with pytest.raises(ValueError, match=rf"{argument} has 'order', which is no step; did you mean 'orders'\?"):
        async with Scenario(repo, **plan):
            pass


def test_the_blocking_form_reads_values_and_cancels_as_well() -> None:
    with Scenario(repo, durations={"orders": "10m"}).blocking() as sim:
        sim.advance("61m")
        (run,) = sim.runs(status="Started")
        assert sim.cancel(run.run_id) == "Canceled"
        sim.advance("1h")
        assert [run.status for run in sim.runs()] == ["Canceled", "Started"]
        with pytest.raises(KeyError, match="orders"):
            sim.repo.load_node("orders")
        sim.advance("10m")
        assert sim.repo.load_node("orders") == [1, 2]


@rs.Asset
async def waits(context: rs.AssetExecutionContext) -> int:
    context.sleep(600)
    return 1


waiting = rs.CodeRepository(
    assets=[waits],
    jobs=[rs.Job("wait", [waits])],
    schedules=[
        rs.Schedule(name="hourly", cron_schedule="0 * * * *", job_name="wait", default_status=rs.ScheduleStatus.Running)
    ],
)


@pytest.mark.anyio
async def test_a_coroutine_that_waits_when_its_run_is_cancelled_failed_for_that_reason() -> None:
    async with Scenario(waiting) as sim:
        await sim.clock.advance("61m")
        (run,) = sim.runs(status="Started")
        assert await sim.cancel(run.run_id) == "Canceled"
        await sim.clock.advance("30m")
        *_, ended = sim.storage.get_events_for_run(run.run_id)
        assert dict(ended.metadata)["error"] == "RunCanceled: the run was cancelled"


@pytest.mark.anyio
@pytest.mark.parametrize("is_cancelled", [False, True], ids=["timed out", "cancelled"])
async def test_a_coroutine_that_is_to_end_cleans_up_in_real_time_at_the_same_simulated_moment(
    is_cancelled: bool,
) -> None:
    told: list[str] = []

    @rs.Asset(metadata={"rivers/timeout": "600s"})
    async def cleans_up(context: rs.AssetExecutionContext) -> None:
        try:
            context.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            told.append(f"{context.now():%H:%M:%S}")

    hourly = rs.Schedule(
        name="hourly", cron_schedule="0 * * * *", job_name="clean", default_status=rs.ScheduleStatus.Running
    )
    cleaning = rs.CodeRepository([cleans_up], jobs=[rs.Job("clean", [cleans_up])], schedules=[hourly])
    async with Scenario(cleaning) as sim:
        await sim.clock.advance("61m")
        (run,) = sim.runs(status="Started")
        assert not told
        if is_cancelled:
            await sim.cancel(run.run_id)
        await sim.clock.advance("30m")
        (moment,) = told
        assert "01:01:00" <= moment <= "01:01:31" if is_cancelled else moment == "01:10:00"
        *_, ended = sim.storage.get_events_for_run(run.run_id)
        assert ended.event_type == "StepFailure"
        texts = ("RunCanceled: the run was cancelled", "TimeoutError: step 'cleans_up' did not end within 600 s")
        assert dict(ended.metadata)["error"] == texts[not is_cancelled]


@pytest.mark.anyio
@pytest.mark.parametrize("is_cancelled", [False, True], ids=["timed out", "cancelled"])
async def test_a_simulated_coroutine_that_had_to_wait_for_another_has_an_end_in_the_record(is_cancelled: bool) -> None:
    called: list[str] = []

    @rs.Asset
    async def occupies(context: rs.AssetExecutionContext) -> None:
        context.sleep(600)

    @rs.Asset(metadata=None if is_cancelled else {"rivers/timeout": "120s"})
    async def queues() -> None:
        called.append("queues")

    hourly = rs.Schedule(
        name="hourly", cron_schedule="0 * * * *", job_name="both", default_status=rs.ScheduleStatus.Running
    )
    both = rs.CodeRepository([occupies, queues], jobs=[rs.Job("both", [occupies, queues])], schedules=[hourly])
    async with Scenario(both, durations={"occupies": "10s", "queues": "60s"}) as sim:
        await sim.clock.advance("62m")
        (run,) = sim.runs(status="Started")
        if is_cancelled:
            await sim.cancel(run.run_id)
        await sim.clock.advance("30m")
        told = [event for event in sim.storage.get_events_for_run(run.run_id) if event.asset_key == "queues"]
        assert [event.event_type for event in told] == ["StepStart", "StepFailure"]
        texts = ("RunCanceled: the run was cancelled", "TimeoutError: step 'queues' did not end within 120 s")
        assert dict(told[-1].metadata)["error"] == texts[not is_cancelled]
        assert not called
