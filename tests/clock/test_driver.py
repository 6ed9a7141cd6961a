"""Driving: who may, what it waits for, when it gives up, and what it calls when an instant has come to rest."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rivers.clock import SimClock, rank
from rivers.exceptions import NotQuiescent

pytestmark = pytest.mark.anyio


async def test_time_waits_for_a_real_socket_under_busy(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    def server() -> None:
        for _ in range(3):
            asked = theirs.recv(10)
            time.sleep(0.02)
            theirs.send(asked.upper())

    async def client() -> None:
        for _ in range(3):
            await clock.sleep(1)
            ours.send(b"ping")
            with clock.busy("echo socket"):
                await anyio.wait_readable(ours)
            trace.append((ours.recv(10), clock.now()))

    async def ticker() -> None:
        async for _ in clock.every(0.25):
            pass

    thread = threading.Thread(target=server)
    thread.start()
    with ours, theirs:
        async with hosting(ticker, client):
            await clock.advance(10)
        thread.join()
    assert trace == [(b"PING", 1.0), (b"PING", 2.0), (b"PING", 3.0)]


async def test_offloaded_work_waits_until_nothing_is_busy(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    reply = anyio.Event()
    token = anyio.lowlevel.current_token()

    def remote() -> None:
        time.sleep(0.02)
        anyio.from_thread.run_sync(reply.set, token=token)

    async def asks() -> None:
        with clock.busy("remote"):
            await reply.wait()
        trace.append("reply")
        await clock.offload(("a",), trace.append, "a")

    thread = threading.Thread(target=remote)
    async with hosting(asks) as group:
        group.start_soon(clock.offload, ("b",), trace.append, "b")
        thread.start()
        await clock.settle()
    thread.join()
    assert trace == ["reply", "a", "b"]


async def test_busy_may_be_released_on_another_thread() -> None:
    clock = SimClock(0)
    clock.attach()
    held, parked = threading.Event(), threading.Event()

    def own() -> None:
        with clock.busy("thread of the user's own"):
            held.set()
            parked.wait(10)
            time.sleep(0.01)

    thread = threading.Thread(target=own)
    thread.start()
    held.wait(10)
    parked.set()
    with anyio.fail_after(10):
        await clock.advance(1)
    thread.join()


async def test_a_busy_label_that_never_ends_is_named_with_its_age(hosting: Any) -> None:
    clock = SimClock(patience=0.05)

    async def stuck() -> None:
        await clock.sleep(1)
        with clock.busy("reading the moon"):
            await anyio.sleep_forever()

    async with hosting(stuck):
        with pytest.raises(NotQuiescent) as caught:
            await clock.advance("1h")
    message = str(caught.value)
    assert "2026-01-01T00:00:01Z" in message
    assert "busy: 'reading the moon' for 0." in message


async def test_work_that_never_returns_is_named_with_its_age_and_place(hosting: Any) -> None:
    clock, release = SimClock(patience=0.05), threading.Event()

    def hangs_here() -> None:
        release.wait(10)

    async with hosting() as group:
        group.start_soon(clock.offload, ("step", "a"), hangs_here)
        group.start_soon(clock.offload, ("step", "b"), int)
        with pytest.raises(NotQuiescent) as caught:
            await clock.advance(1)
        message = str(caught.value)
        assert "runs off the loop: ('step', 'a') for 0." in message
        assert "in hangs_here" in message
        assert "waits for its turn: ('step', 'b')" in message
        release.set()
        await clock.advance(1)  # the clock is still good


async def test_a_daemon_that_never_settles_is_named_with_its_frame(hosting: Any) -> None:
    clock = SimClock(patience=0.05)

    async def helper_that_spins() -> None:
        while True:
            await anyio.lowlevel.checkpoint()

    async def spinning_daemon() -> None:
        await clock.sleep(1)
        await helper_that_spins()

    async def quiet_daemon() -> None:
        await clock.sleep(100)

    async with hosting(quiet_daemon) as group:
        group.start_soon(spinning_daemon, name="spinner")
        with pytest.raises(NotQuiescent) as caught:
            await clock.advance(10)
    message = str(caught.value)
    assert "task 'spinner' at " in message
    assert "in helper_that_spins" in message
    assert "quiet_daemon" not in message


async def test_a_task_that_waits_for_quiet_for_ever_does_not_pass_for_progress(hosting: Any) -> None:
    clock = SimClock(patience=0.05)

    async def restless() -> None:
        while True:
            await clock.idle()

    async with hosting(restless):
        with pytest.raises(NotQuiescent):
            await clock.advance(1)


async def test_patience_is_for_time_without_change_not_for_the_whole_drive(hosting: Any) -> None:
    clock, done = SimClock(patience=0.3), []

    async def slow() -> None:
        for number in range(5):
            await clock.offload(("k",), time.sleep, 0.1)
            done.append(number)

    async with hosting(slow):
        await clock.advance(1)
    assert len(done) == 5


async def test_a_second_driver_is_refused(hosting: Any) -> None:
    clock, seen = SimClock(), []

    async def second() -> None:
        await clock.sleep(1)
        for drive in (clock.advance(1), clock.settle(), clock.advance_until(anyio.Event())):
            with pytest.raises(RuntimeError, match="driven by another task"):
                await drive
            seen.append("refused")

    async with hosting(second):
        await clock.advance(2)
    assert seen == ["refused"] * 3


async def test_a_daemon_may_not_drive() -> None:
    clock = SimClock()
    rank.set(3)
    with pytest.raises(RuntimeError, match="inside a daemon"):
        await clock.advance(1)


async def test_offloaded_work_may_not_drive(hosting: Any) -> None:
    clock, seen = SimClock(), []

    def work() -> None:
        with pytest.raises(RuntimeError, match="work that the clock runs"):
            clock.blocking().advance(1)
        with pytest.raises(RuntimeError, match="work that the clock runs"):
            asyncio.run(clock.advance(1))
        seen.append("refused")

    async with hosting() as group:
        group.start_soon(clock.offload, ("k",), work)
        await clock.advance(1)
    assert seen == ["refused"]


async def test_nobody_waits_on_the_clock_while_he_holds_it_still() -> None:
    clock = SimClock()
    with clock.busy("mine"):
        for wait in (
            clock.advance(1),
            clock.settle(),
            clock.sleep(1),
            clock.sleep(1, interrupt=anyio.Event()),
            clock.idle(),
            clock.offload(("k",), int),
        ):
            with pytest.raises(RuntimeError, match="busy\\('mine'\\)"):
                await wait
    await clock.advance(1)


async def test_a_task_started_inside_a_busy_block_may_outlive_it(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    async def child() -> None:
        await clock.sleep(1)
        seen.append(clock.now())

    async with hosting() as group:
        with clock.busy("starting"):
            group.start_soon(child)
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
        await clock.advance(1)
    assert seen == [1.0]


async def test_another_loop_is_sent_to_blocking() -> None:
    clock, seen = SimClock(), []
    clock.attach()

    def elsewhere() -> None:
        for call in (lambda: clock.advance(1), lambda: clock.sleep(1), lambda: clock.offload(("k",), int)):
            try:
                asyncio.run(call())
            except RuntimeError as error:
                seen.append("blocking()" in str(error))

    await anyio.to_thread.run_sync(elsewhere)
    assert seen == [True, True, True]


def test_without_a_loop_there_is_nothing_to_bind_to() -> None:
    clock = SimClock()
    with pytest.raises(RuntimeError, match="running asyncio or trio loop"):
        clock.attach()
    with pytest.raises(RuntimeError, match="attach"):
        clock.blocking()


async def test_a_cancelled_drive_leaves_a_usable_clock(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    async def stopper() -> None:
        await clock.sleep(5)
        scope.cancel()
        await clock.sleep(1)
        seen.append(clock.now())

    scope = anyio.CancelScope()
    async with hosting(stopper):
        with scope:
            await clock.advance(100)
        assert clock.now() == 5
        await clock.advance(1)
    assert seen == [6.0]


async def test_advance_until_stops_at_the_instant_in_which_the_event_is_set(hosting: Any) -> None:
    clock, event, seen = SimClock(0), anyio.Event(), []

    async def task() -> None:
        await clock.sleep(3)
        event.set()
        await clock.idle()
        seen.append("rest of the instant")
        await clock.sleep(1)
        seen.append("too late")

    async with hosting(task):
        await clock.advance_until(event)
        assert clock.now() == 3
        assert seen == ["rest of the instant"]
        await clock.advance_until(event)
        assert clock.now() == 3


async def test_advance_until_says_why_the_event_cannot_be_set(hosting: Any) -> None:
    clock, event = SimClock(0), anyio.Event()

    async def task() -> None:
        await clock.sleep(3)
        await anyio.sleep_forever()

    async with hosting(task):
        with pytest.raises(RuntimeError, match="nothing is left that could set the event: at 1970-01-01T00:00:03Z"):
            await clock.advance_until(event)


async def test_advance_until_gives_up_at_its_limit(hosting: Any) -> None:
    clock, event = SimClock(0), anyio.Event()

    async def ticker() -> None:
        async for _ in clock.every(7):
            pass

    async with hosting(ticker):
        with pytest.raises(RuntimeError, match="not set by 1970-01-01T00:00:10Z"):
            await clock.advance_until(event, limit="10s")
    assert clock.now() == 10


async def test_hooks_run_after_each_instant_and_see_what_they_set_off(hosting: Any) -> None:
    clock, trace = SimClock(0), []
    buffer: list[str] = []

    async def ticker() -> None:
        async for _ in clock.every(1):
            buffer.append(f"tick {clock.now():g}")
            await clock.idle()
            buffer.append("idle")

    async def follow_up(text: str) -> None:
        await clock.offload(("k",), buffer.append, f"after {text}")

    async with hosting(ticker) as group:

        async def flush() -> None:
            if buffer:
                trace.append((clock.now(), buffer.copy()))
                first = buffer[0]
                buffer.clear()
                if first.startswith("tick"):
                    group.start_soon(follow_up, first)

        clock.after_settle.append(flush)
        await clock.advance(2)
    assert trace == [
        (1.0, ["tick 1", "idle"]),
        (1.0, ["after tick 1"]),
        (2.0, ["tick 2", "idle"]),
        (2.0, ["after tick 2"]),
    ]


async def test_a_hook_may_settle_but_not_advance(hosting: Any) -> None:
    clock, seen = SimClock(0), []

    async def task(text: str) -> None:
        await clock.idle()
        seen.append(text)

    async with hosting() as group:

        async def hook() -> None:
            if not seen:
                group.start_soon(task, "from the hook")
                await clock.settle()
                seen.append("settled")
                with pytest.raises(RuntimeError, match="driven"):
                    await clock.advance(1)

        clock.after_settle.append(hook)
        await clock.settle()
    assert seen == ["from the hook", "settled"]


async def test_what_a_hook_raises_comes_out_of_the_drive() -> None:
    clock = SimClock(0)

    async def hook() -> None:
        raise LookupError("a daemon failed")

    clock.after_settle.append(hook)
    with pytest.raises(LookupError, match="daemon failed"):
        await clock.advance(1)
    clock.after_settle.clear()
    await clock.advance(1)
    assert clock.now() == 1


def test_a_loop_that_hides_its_queue_is_probed_by_its_tasks() -> None:
    clock, arrived = SimClock(0), []

    async def main() -> None:
        pipes = [anyio.create_memory_object_stream[int](0) for _ in range(31)]

        def relay(index: int) -> Callable[[], Awaitable[None]]:
            async def run() -> None:
                async for item in pipes[index][1]:
                    await pipes[index + 1][0].send(item)

            return run

        async def source() -> None:
            for number in range(3):
                await clock.sleep(1)
                await clock.offload(("k",), time.sleep, 0.001)
                await pipes[0][0].send(number)

        async def sink() -> None:
            async for number in pipes[30][1]:
                arrived.append((number, clock.now()))

        async with anyio.create_task_group() as group:
            for task in (sink, source, *map(relay, range(30))):
                group.start_soon(task)
            clock._line.bind()._ready = None  # as on a loop written in C
            await clock.advance(5)
            group.cancel_scope.cancel()
        for send, receive in pipes:
            send.close()
            receive.close()

    anyio.run(main)
    assert arrived == [(0, 1.0), (1, 2.0), (2, 3.0)]
