"""Simulated time in the standard library: it goes on while a step sleeps, and nobody else is told it."""

from __future__ import annotations

import time

import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.simulation import Scenario
from rivers.simulation.patched_time import _here, telling
from tests.soak import SOAK

T0 = 1_767_225_600.0  # 2026-01-01T00:00:00Z
RUNNING = rs.ScheduleStatus.Running

told: list[tuple[str, float]] = []


def tell_twice(name: str, context: rs.AssetExecutionContext, seconds: float) -> None:
    told.append((name, time.time() - T0))
    context.sleep(seconds)
    told.append((name, time.time() - T0))


@rs.Asset
def long(context: rs.AssetExecutionContext) -> None:
    tell_twice("long", context, 3600)


@rs.Asset
def short(context: rs.AssetExecutionContext) -> None:
    tell_twice("short", context, 1200)


@pytest.fixture
def repo() -> rs.CodeRepository:
    told.clear()
    return rs.CodeRepository(
        [long, short],
        jobs=[rs.Job("long_job", [long]), rs.Job("short_job", [short])],
        schedules=[
            rs.Schedule(name="first", cron_schedule="10 0 * * *", job_name="long_job", default_status=RUNNING),
            rs.Schedule(name="second", cron_schedule="20 0 * * *", job_name="short_job", default_status=RUNNING),
        ],
        default_executor=rs.Executor.in_process(),
    )


def is_real_time() -> bool:
    return time.time() > T0 + 86400


@pytest.mark.anyio
async def test_time_goes_on_for_each_step_that_sleeps_and_for_nobody_else(repo: rs.CodeRepository) -> None:
    async with Scenario(repo, patch_time=True) as sim:
        await sim.clock.advance("30m")
        assert is_real_time()
        await sim.clock.advance("1h")
        assert is_real_time()
    assert told == [("long", 600), ("short", 1200), ("short", 2400), ("long", 4200)]


@pytest.mark.anyio
async def test_a_step_that_is_killed_in_its_sleep_leaves_no_patch_behind(repo: rs.CodeRepository) -> None:
    async with Scenario(repo, patch_time=True) as sim:
        await sim.clock.advance("30m")
        await sim.restart()
        assert is_real_time()
        await sim.clock.advance("1h")
    assert is_real_time()
    assert told == [("long", 600), ("short", 1200)]


@rs.Asset(metadata={"rivers/timeout": "10s"})
def given_up(context: rs.AssetExecutionContext) -> None:
    tell_twice("given_up", context, 3600)


@rs.Asset(metadata={"rivers/timeout": "10s"})
async def given_up_coroutine(context: rs.AssetExecutionContext) -> None:
    tell_twice("given_up_coroutine", context, 3600)


@pytest.mark.anyio
@pytest.mark.parametrize(("step", "begun"), [("given_up", 0), ("given_up_coroutine", 10)])
async def test_a_step_that_is_given_up_in_its_sleep_leaves_no_patch_behind(step: str, begun: float) -> None:
    repo = rs.CodeRepository([given_up, given_up_coroutine, long])
    # It leaves its block while the other one goes to sleep, sometimes sooner, sometimes later.
    for _ in range(50 if SOAK else 3):
        told.clear()
        async with Scenario(repo, patch_time=True) as sim:
            await sim.materialize([step, "long"], raise_on_error=False)
        assert is_real_time()
        assert [seconds for name, seconds in told if name == "long"] == [begun, begun + 3600]


def test_a_block_that_is_left_while_another_thread_has_taken_it_off_is_not_put_on_again() -> None:
    with telling(SimClock("2026-01-01T00:00:00Z")):
        (block,) = _here
        block.take_off()
        assert is_real_time()
    block.put_on()
    assert is_real_time()


def test_blocks_nest() -> None:
    clock = SimClock("2026-01-01T00:00:00Z")
    with telling(clock):
        with telling(clock):
            assert time.time() == T0
        assert time.time() == T0
    assert is_real_time()
