"""Work off the loop under simulated time: whose turn it is, in what order, and how results come back."""

from __future__ import annotations

import concurrent.futures
import contextvars
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rivers.clock import SimClock, rank
from rivers.exceptions import Killed

pytestmark = pytest.mark.anyio


async def test_threads_of_one_instant_run_one_at_a_time_in_order_of_key(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    running: list[str] = []

    def work(name: str) -> str:
        running.append(name)
        assert running == [name]
        trace.append(name)
        time.sleep(0.002)  # longer than the clock listens, so that both ways back are taken
        running.remove(name)
        return name.upper()

    async def task(name: str) -> None:
        trace.append(await clock.offload(("run", name), work, name))

    async with hosting() as group:
        for name in ("c", "a", "d", "b"):
            group.start_soon(task, name)
        await clock.settle()
    assert trace == ["a", "A", "b", "B", "c", "C", "d", "D"]


async def test_keys_of_unlike_shape_have_one_order(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    keys: list[tuple[Any, ...]] = [
        (),
        (None,),
        (1,),
        (1, "x"),
        (2.5,),
        (10,),
        ("10",),
        ("2",),
        ("2", ("a",)),
        (("a", 1),),
    ]

    async def task(key: tuple[Any, ...]) -> None:
        trace.append(await clock.offload(key, lambda: key))

    async with hosting() as group:
        for key in reversed(keys):
            group.start_soon(task, key)
        await clock.settle()
    assert trace == keys


async def test_a_key_without_an_order_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="key"):
        await SimClock().offload((object(),), int)


async def test_the_turn_is_free_while_its_thread_sleeps_on_the_clock(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def work(name: str) -> None:
        for _ in range(2):
            trace.append((name, clock.now()))
            clock.sleep_blocking(1)

    async def task(name: str) -> None:
        await clock.offload((name,), work, name)
        trace.append((name + " back", clock.now()))

    async with hosting() as group:
        for name in "ba":
            group.start_soon(task, name)
        await clock.advance(2)
    assert trace == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a back", 2), ("b back", 2)]


async def test_time_waits_for_a_thread_that_is_slow_between_two_sleeps(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def work() -> None:
        clock.sleep_blocking(1)
        trace.append(("before", clock.now()))
        time.sleep(0.3)
        trace.append(("after", clock.now()))
        clock.sleep_blocking(1)
        trace.append(("end", clock.now()))

    async def ticker() -> None:
        async for _ in clock.every(0.5):
            trace.append(("tick", clock.now()))

    async with hosting(ticker) as group:
        group.start_soon(clock.offload, ("k",), work)
        await clock.advance(2)
    seen = [entry for entry in trace if entry[0] != "tick"]
    assert seen == [("before", 1.0), ("after", 1.0), ("end", 2.0)]
    assert [when for kind, when in trace if kind == "tick"] == [0.5, 1.0, 1.5, 2.0]


async def test_time_waits_for_work_that_runs_elsewhere(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    async def task(key: int) -> None:
        def slow(number: int) -> int:
            time.sleep(0.02)
            return number * 10

        for _ in range(2):
            await clock.sleep(1)
            trace.append((await clock.offload_future((key,), lambda: pool.submit(slow, key)), clock.now()))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        async with hosting() as group:
            for key in (2, 1, 3):
                rank.set(10)
                group.start_soon(task, key)
            rank.set(1_000_000)
            await clock.advance(2)
    assert sorted(trace) == sorted((key * 10, when) for key in (1, 2, 3) for when in (1.0, 2.0))


async def test_submit_is_called_when_its_turn_comes(hosting: Any) -> None:
    clock, trace = SimClock(0), []

    def submit(name: str) -> concurrent.futures.Future[str]:
        trace.append(f"submit {name}")
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        future.set_result(name)
        return future

    async def task(name: str) -> None:
        trace.append(await clock.offload_future((name,), lambda: submit(name)))

    async with hosting() as group:
        group.start_soon(task, "b")
        group.start_soon(task, "a")
        await clock.settle()
    assert trace == ["submit a", "a", "submit b", "b"]


@pytest.mark.parametrize("error", [ValueError("v"), SystemExit(3), KeyboardInterrupt(), Killed("k")])
@pytest.mark.parametrize("how", ["thread", "future", "submit"])
async def test_every_exception_comes_back_as_it_is(hosting: Any, error: BaseException, how: str) -> None:
    clock, seen = SimClock(0), []

    def fail() -> Any:
        raise error

    def failed() -> concurrent.futures.Future[None]:
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        future.set_exception(error)
        return future

    async def task() -> None:
        try:
            if how == "thread":
                await clock.offload(("k",), fail)
            else:
                await clock.offload_future(("k",), failed if how == "future" else fail)
        except type(error) as caught:
            seen.append(caught)

    async with hosting(task):
        await clock.settle()
    assert seen == [error]


async def test_the_context_goes_along_and_comes_not_back(hosting: Any) -> None:
    clock, seen = SimClock(0), []
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    def work() -> str:
        before = variable.get()
        variable.set("thread")
        return before

    async def task() -> None:
        variable.set("task")
        seen.append(await clock.offload(("k",), work))
        seen.append(variable.get())

    async with hosting(task):
        await clock.settle()
    assert seen == ["task", "task"]


async def test_posts_of_a_thread_are_held_back_until_its_turn_ends_and_keep_their_order(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    send, receive = anyio.create_memory_object_stream[int](100)
    loop_thread = threading.get_ident()

    def posted(number: int) -> None:
        assert threading.get_ident() == loop_thread
        send.send_nowait(number)

    def work() -> str:
        for number in range(5):
            clock.post(posted, number)
        time.sleep(0.005)
        trace.append("still my turn")
        clock.sleep_blocking(1)
        clock.post(posted, 5)
        return "returned"

    async def reader() -> None:
        async for number in receive:
            trace.append(number)

    async def task() -> None:
        trace.append(await clock.offload(("k",), work))

    with send, receive:
        async with hosting(reader, task):
            await clock.settle()
            assert trace == ["still my turn", 0, 1, 2, 3, 4]
            await clock.advance(1)
    assert sorted(map(str, trace[6:])) == ["5", "returned"]


async def test_a_post_without_a_turn_runs_soon_from_any_thread() -> None:
    clock, seen = SimClock(0), []
    clock.attach()
    done = anyio.Event()
    clock.post(seen.append, "loop")
    thread = threading.Thread(target=lambda: (clock.post(seen.append, "thread"), clock.post(done.set)))
    thread.start()
    with anyio.fail_after(10):
        await done.wait()
    thread.join()
    assert seen == ["loop", "thread"]


async def test_a_post_does_not_hand_on_the_rank_of_who_posted(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    def work() -> None:
        clock.post(lambda: seen.append(rank.get()))

    async def task() -> None:
        rank.set(7)
        await clock.offload(("k",), work)
        clock.post(lambda: seen.append(rank.get()))

    async with hosting(task):
        await clock.settle()
    assert seen == [1_000_000, 1_000_000]


async def test_a_posted_call_may_use_anyio(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    def posted() -> None:
        anyio.current_time()
        seen.append(anyio.Event())

    def work(slow: float) -> None:
        clock.post(posted)
        time.sleep(slow)

    async def task() -> None:
        for slow in (0, 0.005):
            await clock.offload(("k",), work, slow)
        clock.post(posted)

    async with hosting(task):
        await clock.settle()
        await clock.settle()
    assert len(seen) == 3


async def test_the_drive_raises_what_a_post_raised(hosting: Any) -> None:
    clock = SimClock(0)

    def bad() -> None:
        raise LookupError("posted")

    async with hosting() as group:
        group.start_soon(clock.offload, ("k",), lambda: clock.post(bad))
        with pytest.raises(LookupError, match="posted"):
            await clock.advance(1)
        await clock.advance(1)


async def test_cancelled_work_that_has_not_begun_never_begins(hosting: Any) -> None:
    clock, ran = SimClock(0), []

    async with hosting() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(clock.offload, ("b",), lambda: ran.append("b"))
            scope.cancel()
            await clock.offload(("a",), lambda: ran.append("a"))
        assert scope.cancelled_caught
        await clock.settle()
    assert ran == ["b"]


async def test_cancelling_the_wait_abandons_the_thread_but_its_turn_stays_out(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    entered, release = threading.Event(), threading.Event()

    def stuck() -> str:
        entered.set()
        release.wait(10)
        trace.append(("thread", clock.now()))
        return "discarded"

    async def first() -> None:
        trace.append(await clock.offload(("a",), stuck))

    async def second() -> None:
        trace.append((await clock.offload(("b",), lambda: "second"), clock.now()))

    async def cancel_then_release() -> None:
        await anyio.to_thread.run_sync(entered.wait)
        inner.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint()
        assert trace == []
        release.set()

    async with hosting(cancel_then_release) as group, anyio.create_task_group() as inner:
        inner.start_soon(first)
        group.start_soon(second)
        with anyio.CancelScope(shield=True):
            await clock.advance(1)
    assert trace == [("thread", 0.0), ("second", 0.0)]


async def test_cancelling_the_wait_for_a_future_cancels_the_future(hosting: Any) -> None:
    clock = SimClock(0)
    future: concurrent.futures.Future[None] = concurrent.futures.Future()

    async def task() -> None:
        await clock.offload_future(("k",), submit)

    def submit() -> concurrent.futures.Future[None]:
        started.set()
        return future

    started = threading.Event()
    async with hosting(), anyio.create_task_group() as inner:
        inner.start_soon(task)

        async def canceller() -> None:
            await anyio.to_thread.run_sync(started.wait)
            inner.cancel_scope.cancel()

        inner.start_soon(canceller)
        with anyio.CancelScope(shield=True):
            await clock.settle()
    assert future.cancelled()


async def test_sixty_runs_of_eight_threads_in_one_instant_have_one_order(hosting: Any) -> None:
    orders = set()
    for _ in range(60):
        clock, trace = SimClock(0), []

        def work(number: int, clock: SimClock, trace: list[Any]) -> None:
            trace.append(("in", number))
            clock.sleep_blocking(1)
            trace.append(("mid", number))
            clock.post(trace.append, ("posted", number))
            clock.sleep_blocking(1)
            trace.append(("out", number))

        def starter(number: int, clock: SimClock, trace: list[Any]) -> Callable[[], Awaitable[None]]:
            async def run() -> None:
                await clock.offload(("t", number), work, number, clock, trace)
                trace.append(("back", number))

            return run

        async with hosting(*(starter(number, clock, trace) for number in range(8))):
            await clock.advance(2)
        orders.add(tuple(trace))
    (order,) = orders
    assert order[:8] == tuple(("in", number) for number in range(8))
    assert order[8:24] == tuple((word, number) for number in range(8) for word in ("mid", "posted"))
    assert order[24:] == tuple((word, number) for number in range(8) for word in ("out", "back"))


async def test_a_thread_may_call_into_the_loop_while_it_has_the_turn(hosting: Any) -> None:
    """Nothing of ours does so, but user code may hold a portal; it must be slow at worst, never a deadlock."""
    clock, seen = SimClock(0), []
    token = anyio.lowlevel.current_token()

    async with hosting() as group:
        group.start_soon(clock.offload, ("k",), lambda: anyio.from_thread.run_sync(seen.append, 1, token=token))
        await clock.settle()
    assert seen == [1]


def test_an_interpreter_exits_while_threads_are_stuck() -> None:
    code = """
import anyio, threading
from rivers.clock import SimClock, WallClock
async def main():
    sim, wall = SimClock(patience=0.05), WallClock()
    entered = threading.Event()
    def stuck():
        entered.set()
        threading.Event().wait()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(wall.offload, ("stuck",), stuck)
            group.start_soon(sim.offload, ("sleeps",), sim.sleep_blocking, 1)
            await sim.settle()
            await anyio.to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()
    finally:
        print("left")
anyio.run(main)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "left\n"
    assert done.stderr == ""
