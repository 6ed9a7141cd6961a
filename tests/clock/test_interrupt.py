"""A thread that waits on a clock is woken before its time, on both clocks, and not by what was meant for another."""

from __future__ import annotations

import threading

import anyio
import pytest

from rivers.clock import Interrupt, SimClock, WallClock


def test_it_stays_set_until_it_is_taken() -> None:
    interrupt = Interrupt()
    assert not interrupt.take()
    interrupt.set()
    interrupt.set()
    assert interrupt.is_set
    assert interrupt.take()
    assert not interrupt.is_set


def test_it_wakes_only_whoever_waits_with_it_now() -> None:
    interrupt, woken = Interrupt(), []
    with interrupt.waking(lambda: woken.append(1)) as is_set:
        assert not is_set
        interrupt.set()
    interrupt.set()
    assert woken == [1]
    with interrupt.waking(lambda: woken.append(2)) as is_set:
        assert is_set


@pytest.mark.anyio
async def test_on_a_simulated_clock_the_thread_goes_on_at_that_very_moment_and_sleeps_its_next_wait_out() -> None:
    clock, interrupt, times = SimClock(), Interrupt(), []

    def waiter() -> None:
        start = clock.monotonic()
        clock.sleep_blocking(3600, interrupt=interrupt)
        times.append(clock.monotonic() - start)
        clock.sleep_blocking(100)
        times.append(clock.monotonic() - start)

    def waker() -> None:
        clock.sleep_blocking(40)
        interrupt.set()
        clock.sleep_blocking(5)
        interrupt.set()

    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("a",), waiter)
        group.start_soon(clock.offload, ("b",), waker)
        await clock.advance("2h")
    assert times == [40, 140]


@pytest.mark.anyio
async def test_one_that_was_set_before_ends_the_wait_at_once_and_one_that_is_not_lets_it_last() -> None:
    clock, interrupt, times = SimClock(), Interrupt(), []

    def waiter() -> None:
        start = clock.monotonic()
        clock.sleep_blocking(60, interrupt=interrupt)
        times.append(clock.monotonic() - start)
        interrupt.set()
        clock.sleep_blocking(60, interrupt=interrupt)
        times.append(clock.monotonic() - start)

    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("a",), waiter)
        await clock.advance("1h")
    assert times == [60, 60]


@pytest.mark.anyio
async def test_a_killed_thread_is_killed_though_it_is_interrupted_as_well() -> None:
    from rivers.exceptions import Killed

    clock, interrupt, ends = SimClock(), Interrupt(), []

    def waiter() -> None:
        try:
            clock.sleep_blocking(3600, interrupt=interrupt)
        except Killed:
            ends.append("killed")

    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("a",), waiter)
        await clock.advance(1)
        clock.kill_blocked_threads()
        interrupt.set()
        await clock.settle()
    assert ends == ["killed"]


def test_on_a_wall_clock_the_thread_goes_on_long_before_its_time() -> None:
    clock, interrupt = WallClock(), Interrupt()
    thread = threading.Thread(target=clock.sleep_blocking, args=(3600,), kwargs={"interrupt": interrupt}, daemon=True)
    thread.start()
    interrupt.set()
    thread.join(20)
    assert not thread.is_alive()


def test_on_a_wall_clock_a_late_interrupt_does_not_shorten_the_next_wait_of_the_thread() -> None:
    """It comes when the time of the wait is over and the thread has not looked yet."""
    slept: list[float] = []
    clock = WallClock()

    class Late(Interrupt):
        """Is set by the thread itself, after its wait and before it leaves it."""

        def waking(self, wake):
            outer = super().waking(wake)

            class Block:
                def __enter__(self) -> bool:
                    return outer.__enter__()

                def __exit__(self, *error: object) -> None:
                    wake()
                    outer.__exit__(*error)

            return Block()

    def work() -> None:
        clock.sleep_blocking(0, interrupt=Late())
        start = clock.monotonic()
        clock.sleep_blocking(0.05)
        slept.append(clock.monotonic() - start)

    async def main() -> None:
        await clock.offload(("a",), work)

    anyio.run(main)
    assert slept[0] >= 0.05
