"""A mailbox wakes its daemon for whichever comes first and hands over everything at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from chrono_daemon import Channel, Context, Supervisor, daemon

from rivers.channels.edges import Edges
from rivers.channels.mailbox import Mailbox, Wake, tell
from rivers.clock import SimClock

pytestmark = pytest.mark.anyio


async def record(
    ctx: Context, clock: SimClock, channels: list[Channel[Any]], log: list[Any], seconds: float | None
) -> None:
    mailbox = Mailbox[Any](*(channel.recv for channel in channels))
    async with anyio.create_task_group() as group:
        mailbox.open(group, ctx)
        while not mailbox.stopping:
            await mailbox.wait(clock, None if seconds is None else Wake(monotonic=clock.monotonic() + seconds))
            await clock.idle(0)
            log.append((clock.monotonic(), sorted(mailbox.drain())))
        group.cancel_scope.cancel()


def recorder(*args: Any) -> Any:
    return daemon(record)(*args)


async def run(script: Callable[[SimClock, list[Channel[Any]]], Any], seconds: float | None = None) -> list[Any]:
    """What a daemon with two ports drained, and when, while ``script`` sent."""
    clock = SimClock(0)
    log: list[Any] = []
    async with Edges() as edges, Supervisor(clock=clock) as supervisor:
        channels = [edges.open(), edges.open()]
        supervisor.add(recorder(clock, channels, log, seconds))
        await clock.settle()
        await script(clock, channels)
        supervisor.signal_stop()
        await clock.settle()
    return log


async def test_messages_of_one_instant_are_drained_together() -> None:
    async def script(clock: SimClock, channels: list[Channel[Any]]) -> None:
        tell(channels[1].send, "b")
        tell(channels[0].send, "a")
        await clock.advance("5s")
        tell(channels[0].send, "c")
        await clock.settle()

    assert await run(script) == [(0.0, ["a", "b"]), (5.0, ["c"]), (5.0, [])]


async def test_the_wait_ends_at_its_moment_without_a_message() -> None:
    async def script(clock: SimClock, channels: list[Channel[Any]]) -> None:
        await clock.advance("25s")

    assert await run(script, seconds=10) == [(10.0, []), (20.0, []), (25.0, [])]


async def test_a_message_ends_the_wait_early_and_the_next_wait_is_whole() -> None:
    async def script(clock: SimClock, channels: list[Channel[Any]]) -> None:
        await clock.advance("4s")
        tell(channels[0].send, "early")
        await clock.advance("11s")

    assert await run(script, seconds=10) == [(4.0, ["early"]), (14.0, []), (15.0, [])]


async def test_a_hint_for_a_full_channel_is_ignored() -> None:
    async with Edges() as edges:
        channel = edges.open(capacity=1)
        tell(channel.send, 1)
        tell(channel.send, 2)
        assert await channel.recv.receive() == 1
        assert channel.recv.statistics().current_buffer_used == 0
