"""Threads that wait on simulated time, and their kill."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from rivers.clock import SimClock, rank
from rivers.exceptions import Killed

pytestmark = pytest.mark.anyio


async def test_threads_and_tasks_wake_in_one_order(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def thread() -> None:
        clock.sleep_blocking(1)
        trace.append("thread of rank 2")

    async def offloads() -> None:
        rank.set(2)
        await clock.offload(("k",), thread)

    async def sleeps(number: int) -> None:
        rank.set(number)
        await clock.sleep(1)
        trace.append(f"task of rank {number}")

    async with hosting(offloads) as group:
        group.start_soon(sleeps, 3)
        group.start_soon(sleeps, 1)
        await clock.advance(1)
    assert trace == ["task of rank 1", "thread of rank 2", "task of rank 3"]


async def test_a_thread_that_sleeps_no_time_lets_the_instant_end_first(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def thread() -> None:
        clock.sleep_blocking(1)
        trace.append("thread")
        clock.sleep_blocking(0)
        trace.append("thread again")

    async def task() -> None:
        await clock.sleep(1)
        trace.append("task")

    async with hosting() as group:
        rank.set(1)
        group.start_soon(clock.offload, ("k",), thread)
        rank.set(2)
        group.start_soon(task)
        rank.set(1_000_000)
        await clock.advance(1)
    assert trace == ["thread", "task", "thread again"]
    assert clock.now() == 1


async def test_sleeping_on_the_loops_own_thread_is_refused() -> None:
    clock = SimClock()
    with pytest.raises(RuntimeError, match="bound to no loop"):
        clock.sleep_blocking(1)
    clock.attach()
    with pytest.raises(RuntimeError, match="await sleep"):
        clock.sleep_blocking(1)


async def test_a_thread_of_the_users_own_may_wait_on_the_clock() -> None:
    clock, woken = SimClock(0), []
    clock.attach()
    registered, done = anyio.Event(), anyio.Event()

    def own() -> None:
        clock.post(registered.set)
        clock.sleep_blocking(5)
        woken.append("woken")
        clock.post(done.set)

    thread = threading.Thread(target=own)
    thread.start()
    with anyio.fail_after(10):
        await registered.wait()
        # The registration was posted right behind the event, from the same thread.
        while clock._line.sleepers.next_deadline() is None:
            await anyio.lowlevel.checkpoint()
        await clock.advance(4.999999)
        assert woken == []
        await clock.advance(0.000001)
        await done.wait()
    thread.join()
    assert woken == ["woken"]


async def test_a_kill_reaches_sleeping_threads_one_at_a_time(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    running: list[int] = []

    def work(number: int) -> None:
        try:
            clock.sleep_blocking(3600 * number)
        except Killed:
            running.append(number)
            assert running == [number]
            trace.append(number)
            running.remove(number)
            raise

    async def task(number: int) -> None:
        with pytest.raises(Killed):
            await clock.offload((number,), work, number)
        trace.append(f"{number} back")

    async with hosting() as group:
        for number in (3, 1, 2):
            group.start_soon(task, number)
        await clock.advance(1)
        assert clock.kill_blocked_threads() == 3
        assert trace == []
        await clock.settle()
        assert clock.now() == 1
    assert trace == [1, "1 back", 2, "2 back", 3, "3 back"]


async def test_a_killed_thread_cannot_sleep_again_but_new_work_can(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def stubborn() -> None:
        for attempt in range(3):
            try:
                clock.sleep_blocking(10)
            except Killed:
                trace.append(attempt)

    def works() -> None:
        clock.sleep_blocking(10)
        trace.append("new work slept")

    async with hosting() as group:
        group.start_soon(clock.offload, ("old",), stubborn)
        await clock.settle()
        clock.kill_blocked_threads()
        group.start_soon(clock.offload, ("new",), works)
        await clock.advance(10)
    assert trace == [0, 1, 2, "new work slept"]


async def test_work_that_ran_during_the_kill_dies_at_its_next_sleep(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def work() -> None:
        # The clock's loop has nothing else to do while we have the turn, so the kill goes through its portal.
        anyio.from_thread.run_sync(clock.kill_blocked_threads, token=token)
        with pytest.raises(Killed):
            clock.sleep_blocking(1)
        trace.append(clock.now())

    token = anyio.lowlevel.current_token()
    async with hosting() as group:
        group.start_soon(clock.offload, ("k",), work)
        await clock.settle()
    assert trace == [0]


def test_a_thread_that_sleeps_when_its_loop_has_ended_is_killed() -> None:
    clock, seen = SimClock(0), []
    entered, loop_ended, thread_done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        loop_ended.wait(10)
        try:
            clock.sleep_blocking(1)
        except Killed as error:
            seen.append(str(error))
        thread_done.set()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.offload, ("k",), work)
            group.start_soon(clock.settle)
            await anyio.to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()

    anyio.run(main)
    loop_ended.set()
    assert thread_done.wait(10)
    assert seen == ["the loop that this thread worked for has ended"]


@pytest.mark.parametrize("second", ["asyncio", "trio"])
@pytest.mark.parametrize("first", ["asyncio", "trio"])
def test_a_clock_outlives_its_loop_and_its_sleeping_threads_go_on(first: str, second: str) -> None:
    clock, trace = SimClock(0), []

    def work() -> None:
        clock.sleep_blocking(5)
        trace.append(("thread", clock.now()))

    async def before() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.sleep, 3)
            group.start_soon(clock.offload, ("k",), work)
            await clock.advance(1)
            group.cancel_scope.cancel()

    async def after() -> None:
        await clock.advance(4)

    anyio.run(before, backend=first)
    anyio.run(after, backend=second)
    assert trace == [("thread", 5.0)]
