"""Real time, with the system clock, the monotonic clock and the wait itself injected: nothing here waits in earnest."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rivers.clock import WallClock
from rivers.exceptions import Killed

pytestmark = pytest.mark.anyio

HOUR = 3600.0


class Fake:
    """A computer whose clocks move when somebody naps, and whose system clock is stepped by a script."""

    def __init__(self, *steps: tuple[float, float]) -> None:
        self.t = 0.0
        self.offset = 1_000_000.0
        self.steps = sorted(steps)
        self.naps: list[float] = []

    def epoch(self) -> float:
        return self.t + self.offset

    def mono(self) -> float:
        return self.t

    async def nap(self, seconds: float, interrupt: anyio.Event | None) -> None:
        assert seconds > 0
        self.naps.append(seconds)
        await anyio.lowlevel.checkpoint()
        if interrupt is None or not interrupt.is_set():
            self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        end = self.t + seconds
        while self.steps and self.steps[0][0] <= end:
            at, delta = self.steps.pop(0)
            self.t = max(self.t, at)
            self.offset += delta
        self.t = end

    def clock(self) -> WallClock:
        return WallClock(epoch=self.epoch, mono=self.mono, nap=self.nap)


async def test_now_is_the_systems_time_in_every_form() -> None:
    fake = Fake()
    clock = fake.clock()
    fake.pass_time(0.25)
    assert clock.now() == 1_000_000.25
    assert clock.now_ns() == 1_000_000_250_000_000
    assert clock.datetime() == datetime.fromtimestamp(1_000_000.25, UTC)
    assert clock.monotonic() == 0.25


async def test_the_real_clocks_are_the_default() -> None:
    clock = WallClock()
    before = time.time()
    assert before <= clock.now() <= time.time()
    assert await clock.sleep(0.001)
    assert await clock.wait_until(clock.now() + 0.001)
    assert await clock.wait_until(before)


async def test_now_never_runs_backwards_and_steps_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    fake = Fake((10, -HOUR), (20, 0.5), (8000, HOUR))
    clock = fake.clock()
    seen = []
    with caplog.at_level(logging.WARNING, "rivers.clock"):
        for _ in range(1000):
            fake.pass_time(10)
            seen.append(clock.now())
    assert seen == sorted(seen)
    assert seen[-1] == fake.epoch()
    assert [record.getMessage() for record in caplog.records] == [
        "clock step: the system clock moved by -3600.000 s",
        "clock step: the system clock moved by +3600.000 s",
    ]


@pytest.mark.parametrize("step", [-HOUR, -0.5, 0.0, 0.5, HOUR])
async def test_a_step_of_the_system_clock_delays_no_duration(step: float) -> None:
    fake = Fake((50, step))
    clock = fake.clock()
    assert await clock.sleep(100)
    assert fake.t == 100


@pytest.mark.parametrize(
    ("step", "woken_at"),
    [(0.0, 1000), (HOUR, 510), (-HOUR, 4600), (-0.5, 1000.5)],
)
async def test_a_calendar_wait_follows_the_system_clock(step: float, woken_at: float) -> None:
    fake = Fake((500, step))
    clock = fake.clock()
    start = clock.now()
    assert await clock.wait_until(start + 1000)
    assert fake.t == woken_at
    assert fake.epoch() >= start + 1000
    assert max(fake.naps) <= 30


async def test_a_step_back_fires_no_calendar_time_twice() -> None:
    """An hourly daemon that asks for the next hour after the last: each hour once, whatever the clock does."""
    fake = Fake((1.5 * HOUR, -HOUR), (6 * HOUR, HOUR))
    clock = fake.clock()
    start, fired = clock.now(), []
    due = start
    while len(fired) < 8:
        due = max(due + HOUR, start + (clock.now() - start) // HOUR * HOUR)
        await clock.wait_until(due)
        fired.append((due - start) / HOUR)
    assert fired == sorted(set(fired))
    assert await clock.wait_until(start + HOUR)  # long past: returns at once, also after a step back
    before = fake.t
    fake.offset -= HOUR
    assert await clock.wait_until(due)
    assert fake.t == before


async def test_a_suspend_is_noticed_within_one_nap() -> None:
    fake = Fake((45, HOUR))  # the monotonic clock stands still in a suspend, the system clock does not
    clock = fake.clock()
    assert await clock.wait_until(clock.now() + 600)
    assert fake.t == 60


async def test_a_timer_that_fires_early_does_not_end_a_wait() -> None:
    fake = Fake()

    async def hasty(seconds: float, interrupt: anyio.Event | None) -> None:
        await anyio.lowlevel.checkpoint()
        fake.pass_time(seconds / 2 if seconds > 0.001 else seconds)

    clock = WallClock(epoch=fake.epoch, mono=fake.mono, nap=hasty)
    await clock.sleep(10)
    assert fake.t >= 10
    deadline = clock.now() + 10
    await clock.wait_until(deadline)
    assert clock.now() >= deadline
    await clock.wait_until_ns(clock.now_ns() + 1)
    assert clock.now() > deadline


async def test_an_interrupt_ends_a_real_wait(hosting: Any) -> None:
    clock, stop, seen = WallClock(), anyio.Event(), []

    async def sleeper() -> None:
        seen.append(await clock.sleep(HOUR, interrupt=stop))
        seen.append(await clock.wait_until(clock.now() + HOUR, interrupt=stop))
        seen.append(await clock.sleep(0.001, interrupt=anyio.Event()))
        seen.append(await clock.wait_until(clock.now() + 0.001, interrupt=anyio.Event()))
        done.set()

    done = anyio.Event()
    async with hosting(sleeper):
        await anyio.lowlevel.checkpoint()
        stop.set()
        with anyio.fail_after(10):
            await done.wait()
    assert seen == [False, False, True, True]


async def test_beats_skip_what_was_missed_and_ignore_steps_of_the_clock() -> None:
    fake = Fake((2.5, -HOUR), (30, HOUR))
    clock = fake.clock()
    start, beats = clock.now(), []
    async for stamp in clock.every(1):
        beats.append((stamp - start, fake.t))
        if stamp - start == 3:
            fake.pass_time(4.5)
        if len(beats) == 6:
            break
    assert beats == [(1, 1), (2, 2), (3, 3), (8, 8), (9, 9), (10, 10)]


async def test_quiet_and_busy_have_nothing_to_wait_for() -> None:
    clock = WallClock()
    with clock.busy("anything"):
        await clock.idle()
        await clock.idle(3)
        await clock.settle()
        assert await clock.sleep(0)
        assert await clock.offload(("k",), lambda: 5) == 5


async def test_offloaded_work_begins_at_once_and_side_by_side() -> None:
    clock, barrier, seen = WallClock(), threading.Barrier(3), []

    async def task(number: int) -> None:
        await clock.offload((number,), barrier.wait, 10)
        seen.append(number)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(task, number)
    assert sorted(seen) == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError("v"), SystemExit(3), KeyboardInterrupt(), Killed("k")])
async def test_every_exception_comes_back_as_it_is(error: BaseException) -> None:
    clock = WallClock()

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await clock.offload(("k",), fail)
    assert caught.value is error


async def test_keys_are_checked_as_under_simulated_time() -> None:
    with pytest.raises(TypeError, match="key"):
        await WallClock().offload(({},), int)


async def test_a_future_runs_elsewhere_and_comes_back() -> None:
    clock = WallClock()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert await clock.offload_future(("k",), lambda: pool.submit(pow, 2, 5)) == 32
        with pytest.raises(ZeroDivisionError):
            await clock.offload_future(("k",), lambda: pool.submit(divmod, 1, 0))
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    with anyio.move_on_after(0.01):
        await clock.offload_future(("k",), lambda: future)
    assert future.cancelled()


async def test_cancelling_the_wait_abandons_the_thread() -> None:
    clock, entered, release, returned = WallClock(), threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        release.wait(10)
        returned.set()

    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("k",), slow)
        await anyio.to_thread.run_sync(entered.wait)
        group.cancel_scope.cancel()
    assert not returned.is_set()
    release.set()
    assert returned.wait(10)


async def test_posts_run_on_the_loop_in_order_and_their_faults_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock, seen, done = WallClock(), [], anyio.Event()
    clock.attach()
    loop_thread = threading.get_ident()

    def bad() -> None:
        raise LookupError("posted")

    def thread() -> None:
        for number in range(100):
            clock.post(seen.append, (number, None))
        clock.post(bad)
        clock.post(lambda: seen.append((100, threading.get_ident())))
        clock.post(done.set)

    await clock.offload(("k",), thread)
    with anyio.fail_after(10):
        await done.wait()
    assert [number for number, _ in seen] == list(range(101))
    assert seen[-1][1] == loop_thread
    assert [record.levelname for record in caplog.records if record.name == "rivers.clock"] == ["ERROR"]


async def test_a_worker_thread_sleeps_and_the_loops_thread_may_not() -> None:
    clock = WallClock()
    started = time.monotonic()
    await clock.offload(("k",), clock.sleep_blocking, 0.02)
    assert time.monotonic() - started >= 0.02
    await clock.offload(("k",), clock.sleep_blocking, -1)
    with pytest.raises(RuntimeError, match="await sleep"):
        clock.sleep_blocking(0.001)


def test_without_a_loop_any_thread_may_sleep() -> None:
    WallClock().sleep_blocking(0.001)


async def test_a_kill_wakes_sleeping_threads_and_spares_new_work() -> None:
    clock, asleep, outcomes = WallClock(), threading.Event(), []

    def work() -> None:
        for length in (HOUR, 0.001):
            asleep.set()
            try:
                clock.sleep_blocking(length)
            except Killed:
                outcomes.append("killed")

    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("k",), work)
        await anyio.to_thread.run_sync(asleep.wait)
        with anyio.fail_after(10):
            while not clock.kill_blocked_threads():
                await anyio.lowlevel.checkpoint()
    await clock.offload(("new",), clock.sleep_blocking, 0.001)
    assert outcomes == ["killed", "killed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_thread_outlives_its_loop_without_a_sound(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = WallClock()
    entered, release, returned = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        release.wait(10)
        clock.post(print, "never printed")
        returned.set()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.offload, ("k",), slow)
            await anyio.to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    release.set()
    assert returned.wait(10)
    assert caplog.records == []


@pytest.mark.parametrize("backends", [("asyncio", "trio"), ("trio", "asyncio"), ("trio", "trio")])
def test_one_clock_serves_one_loop_after_another(backends: tuple[str, str]) -> None:
    clock, seen = WallClock(), []

    async def main() -> None:
        clock.attach()
        seen.append(await clock.offload(("k",), lambda: "here"))

    for backend in backends:
        anyio.run(main, backend=backend)
    assert seen == ["here", "here"]


def test_a_loop_that_still_runs_keeps_its_clock() -> None:
    clock, seen = WallClock(), []

    def elsewhere() -> None:
        async def other() -> None:
            with pytest.raises(RuntimeError, match="another loop"):
                clock.attach()
            seen.append(await clock.offload(("k",), lambda: "served"))  # any loop may wait on real time

        anyio.run(other)

    async def main() -> None:
        clock.attach()
        await anyio.to_thread.run_sync(elsewhere)

    anyio.run(main)
    assert seen == ["served"]


@pytest.mark.parametrize(
    "call", [lambda clock: clock.sleep(float("nan")), lambda clock: clock.wait_until(float("nan"))]
)
async def test_nan_is_no_length_and_no_moment(call: Callable[[WallClock], Any]) -> None:
    with pytest.raises(ValueError):
        await call(WallClock())
