"""Simulated time as tasks of the loop see it: sleeping, deadlines, beats, interrupts, quiet."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.clock import SimClock, rank

START = 1_767_225_600.0

pytestmark = pytest.mark.anyio


async def test_a_clock_starts_where_it_is_told() -> None:
    clock = SimClock("2026-03-01T12:00:00Z")
    assert clock.datetime() == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert clock.now_ns() == int(clock.now()) * 10**9
    assert clock.monotonic() == 0
    assert repr(clock) == "<SimClock 2026-03-01T12:00:00Z>"
    assert SimClock(5.5).now() == 5.5
    assert SimClock().now() == START


async def test_advance_takes_text_seconds_and_timedeltas() -> None:
    clock = SimClock(0)
    await clock.advance("1h")
    await clock.advance(30)
    await clock.advance(0.5)
    await clock.advance(timedelta(minutes=1))
    assert clock.now() == clock.monotonic() == 3690.5
    await clock.advance_to("1970-01-02T00:00:00Z")
    assert clock.now() == 86_400
    with pytest.raises(ValueError, match="go back"):
        await clock.advance_to(86_399)
    with pytest.raises(ValueError, match="negative"):
        await clock.advance(-1)
    with pytest.raises(ValueError, match="duration"):
        await clock.advance("soon")
    assert clock.now() == 86_400


async def test_advance_includes_its_end(hosting: Any) -> None:
    clock, woken = SimClock(0), []

    async def sleeper() -> None:
        await clock.sleep(10)
        woken.append(clock.now())

    async with hosting(sleeper):
        await clock.advance(9.999999)
        assert woken == []
        await clock.advance(0.000001)
        assert woken == [10.0]


async def test_nothing_happens_while_nobody_drives(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    async def waits_for_quiet() -> None:
        await clock.idle()
        seen.append("quiet")

    async def offloads() -> None:
        seen.append(await clock.offload(("k",), lambda: "ran"))

    async with hosting(waits_for_quiet, offloads):
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        assert seen == []
        await clock.settle()
        assert seen == ["ran", "quiet"]
        assert clock.now() == 0


async def test_a_length_that_is_not_positive_yields_once_and_needs_no_driver() -> None:
    clock = SimClock(100)
    assert await clock.sleep(0)
    assert await clock.sleep(-1)
    assert await clock.sleep(4e-7)
    assert await clock.wait_until(100)
    assert await clock.wait_until_ns(99 * 10**9)


async def test_deadlines_in_one_microsecond_are_equal(hosting: Any) -> None:
    clock, woken = SimClock(0), []

    def sleeper(name: str, my_rank: int, deadline_ns: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            rank.set(my_rank)
            await clock.wait_until_ns(deadline_ns)
            woken.append((name, clock.now_ns()))

        return run

    async with hosting(sleeper("late", 2, 10_001), sleeper("early", 1, 10_900)):
        await clock.advance(1)
    assert woken == [("early", 11_000), ("late", 11_000)]


async def test_equal_deadlines_wake_by_rank_whatever_the_order_of_start(hosting: Any) -> None:
    clock, woken = SimClock(0), []

    def sleeper(my_rank: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            rank.set(my_rank)
            for _ in range(3):
                await clock.sleep(1)
                woken.append((clock.now(), my_rank))

        return run

    async with hosting(*map(sleeper, (4, 2, 5, 1, 3))):
        await clock.advance(3)
    assert woken == [(float(second), number) for second in (1, 2, 3) for number in (1, 2, 3, 4, 5)]


async def test_the_whole_cone_of_one_wake_up_ends_before_the_next(hosting: Any) -> None:
    """Two sleepers of one deadline, each starting a long chain of tasks: the chains do not mix."""
    clock, trace = SimClock(0), []
    send, receive = anyio.create_memory_object_stream[tuple[int, int]](100)

    def starter(my_rank: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            rank.set(my_rank)
            await clock.sleep(1)
            send.send_nowait((my_rank, 20))

        return run

    async def chain() -> None:
        async for number, left in receive:
            trace.append((number, left))
            if left:
                send.send_nowait((number, left - 1))

    with send, receive:
        async with hosting(chain, starter(2), starter(1)):
            await clock.advance(1)
    assert trace == [(number, left) for number in (1, 2) for left in range(20, -1, -1)]


async def test_a_chain_of_500_channels_takes_no_time(hosting: Any) -> None:
    clock, arrived = SimClock(0), []
    pipes = [anyio.create_memory_object_stream[int](0) for _ in range(501)]

    def relay(index: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            async for item in pipes[index][1]:
                await pipes[index + 1][0].send(item)

        return run

    async def source() -> None:
        for number in range(3):
            await clock.sleep(1)
            await pipes[0][0].send(number)

    async def sink() -> None:
        async for number in pipes[500][1]:
            arrived.append((number, clock.now()))

    async def ticker() -> None:
        async for _ in clock.every(0.01):
            pass

    async with hosting(ticker, sink, source, *map(relay, range(500))):
        await clock.advance(3)
    for send, receive in pipes:
        send.close()
        receive.close()
    assert arrived == [(0, 1.0), (1, 2.0), (2, 3.0)]


async def test_a_task_may_need_5000_checkpoints_a_wake_up(hosting: Any) -> None:
    clock, done = SimClock(0), []

    async def slow() -> None:
        for _ in range(3):
            await clock.sleep(1)
            for _ in range(5000):
                await anyio.lowlevel.checkpoint()
            done.append(clock.now())

    async def ticker() -> None:
        async for _ in clock.every(0.1):
            pass

    async with hosting(slow, ticker):
        await clock.advance(3)
    assert done == [1.0, 2.0, 3.0]


async def test_a_sleeper_cancelled_while_due_does_not_wake(hosting: Any) -> None:
    clock, woken = SimClock(0), []
    scopes: dict[int, anyio.CancelScope] = {}

    def sleeper(number: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            rank.set(number)
            with anyio.CancelScope() as scopes[number]:
                await clock.sleep(1)
                woken.append(number)
                for other in scopes:
                    if other > number and other % 2:
                        scopes[other].cancel()

        return run

    async with hosting(*map(sleeper, range(6))):
        await clock.advance(2)
    assert woken == [0, 2, 4]


async def test_a_woken_sleeper_may_register_another_that_is_due_in_the_same_window(hosting: Any) -> None:
    clock, woken = SimClock(0), []

    async def nested() -> None:
        for length in (1, 0.25, 0.000001, 5):
            await clock.sleep(length)
            woken.append(clock.now())

    async with hosting(nested):
        await clock.advance(2)
        assert woken == [1.0, 1.25, 1.250001]
        await clock.advance(5)
        assert woken[-1] == 6.250001


async def test_an_infinite_sleep_ends_with_its_interrupt_only(hosting: Any) -> None:
    clock, seen, stop = SimClock(0), [], anyio.Event()

    async def sleeper() -> None:
        seen.append(await clock.sleep(math.inf, interrupt=stop))

    async with hosting(sleeper):
        await clock.advance("1y")
        assert seen == []
        stop.set()
        await clock.settle()
        assert seen == [False]


async def test_an_interrupt_ends_a_sleep_early_and_a_deadline_is_told_apart(hosting: Any) -> None:
    clock, seen = SimClock(0), []
    stops = [anyio.Event() for _ in range(4)]

    async def sleeper() -> None:
        seen.append((await clock.sleep(10, interrupt=stops[0]), clock.now()))
        seen.append((await clock.wait_until(5, interrupt=stops[1]), clock.now()))
        stops[2].set()
        seen.append((await clock.sleep(10, interrupt=stops[2]), clock.now()))
        seen.append((await clock.wait_until_ns(6 * 10**9, interrupt=stops[3]), clock.now()))
        seen.append((await clock.sleep(0, interrupt=stops[0]), clock.now()))

    async def stopper() -> None:
        await clock.sleep(3)
        stops[0].set()

    async with hosting(sleeper, stopper):
        await clock.advance(20)
    assert seen == [(False, 3.0), (True, 5.0), (False, 5.0), (True, 6.0), (True, 6.0)]


async def test_beats_do_not_drift_and_missed_ones_are_skipped(hosting: Any) -> None:
    clock, beats, slow = SimClock(START), [], []

    async def steady() -> None:
        async for stamp in clock.every(0.1):
            beats.append(stamp)

    async def busy_one() -> None:
        async for stamp in clock.every("1s", first="now"):
            slow.append((stamp - START, clock.now() - START))
            await clock.sleep(2.5)

    async with hosting(steady, busy_one):
        await clock.advance(10)
    assert len(beats) == 100
    assert beats[-1] == START + 10
    assert [round((stamp - START) * 10**6) for stamp in beats] == [k * 100_000 for k in range(1, 101)]
    assert slow == [(0, 0), (3, 3), (6, 6), (9, 9)]


@pytest.mark.parametrize("period", [0, -1, 1e-9, "0s", timedelta(0)])
async def test_a_beat_needs_a_period(period: Any) -> None:
    with pytest.raises(ValueError, match="period"):
        SimClock().every(period)
    with pytest.raises(ValueError, match="first"):
        SimClock().every(1, first="never")


async def test_idle_waits_for_quiet_and_goes_by_rank(hosting: Any) -> None:
    """The fan-in idiom: whatever six producers say in one instant is seen as one sorted batch, on either backend."""
    clock, batches = SimClock(0), []
    send, receive = anyio.create_memory_object_stream[int](100)
    order: list[str] = []

    def producer(number: int) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await clock.sleep(1)
            send.send_nowait(number)

        return run

    async def fan_in() -> None:
        while True:
            batch = [await receive.receive()]
            await clock.idle(5)
            while receive.statistics().current_buffer_used:
                batch.append(receive.receive_nowait())
            batches.append(sorted(batch))

    async def waits(name: str, my_rank: int | None) -> None:
        await clock.sleep(1)
        await clock.idle(my_rank)
        order.append(name)

    with send, receive:
        async with hosting(fan_in, *map(producer, range(6))) as group:
            group.start_soon(waits, "last", None)
            group.start_soon(waits, "second", 9)
            group.start_soon(waits, "first", 1)
            await clock.advance(1)
    assert batches == [list(range(6))]
    assert order == ["first", "second", "last"]


async def test_settle_drives_everything_of_the_instant_without_moving_time(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    async def worker() -> None:
        await clock.idle()
        seen.append(await clock.offload(("k",), lambda: "worked"))
        await clock.idle()
        seen.append("idle again")
        await clock.sleep(0.000001)
        seen.append("too late")

    async with hosting(worker):
        await clock.settle()
        assert seen == ["worked", "idle again"]
        assert clock.now() == 0


# Random sleep programs: what a clock does must not depend on how its advance is cut into pieces, nor on the backend.

lengths = st.one_of(
    st.integers(-1, 12).map(float),
    st.integers(-5, 12_000_000).map(lambda us: us / 1e6),
    st.sampled_from([0.1, 1 / 3, 1e-7]),
)
step = st.one_of(
    st.tuples(st.just("sleep"), lengths),
    st.tuples(st.just("until"), lengths),
    st.tuples(st.just("thread"), lengths),
    st.tuples(st.just("idle"), st.just(0.0)),
)
programs = st.lists(st.lists(step, max_size=5), min_size=1, max_size=5)
Trace = list[tuple[int, int, bool | None]]


def trace_of(programs: list[list[tuple[str, float]]], pieces: list[float], backend: str) -> Trace:
    trace: Trace = []

    async def main() -> None:
        clock = SimClock()

        async def task(number: int, steps: list[tuple[str, float]]) -> None:
            rank.set(number)
            await clock.idle()  # one starts at a time: trio shuffles those that are runnable together
            for kind, length in steps:
                if kind == "sleep":
                    await clock.sleep(length)
                elif kind == "until":
                    await clock.wait_until(START + length)
                elif kind == "idle":
                    await clock.idle()
                else:
                    await clock.offload(("t", number), clock.sleep_blocking, length)
                trace.append((number, clock.now_ns(), None))

        async with anyio.create_task_group() as group:
            for number, steps in enumerate(programs):
                group.start_soon(task, number, steps)
            for piece in pieces:
                await clock.advance(piece)
            assert clock.now() == START + 10
            await clock.advance(1000)  # let threads end

    anyio.run(main, backend=backend)
    return [entry for entry in trace if entry[1] <= int(START + 10) * 10**9]


def test_how_an_advance_is_cut_changes_nothing_and_neither_does_the_backend() -> None:
    @given(programs)
    def check(programs: list[list[tuple[str, float]]]) -> None:
        reference = trace_of(programs, [10], "asyncio")
        for backend in ("asyncio", "trio"):
            assert trace_of(programs, [10], backend) == reference
            assert trace_of(programs, [1] * 10, backend) == reference
            assert trace_of(programs, [0.1] * 100, backend) == reference

    check()
