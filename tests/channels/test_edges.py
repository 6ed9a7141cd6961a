"""Channels live as long as their graph; a losing end loses the chosen messages and nothing else."""

from __future__ import annotations

import pytest
from chrono_daemon import Channel, ChannelClosed, EndOfStream, open_channel

from rivers.channels.edges import HINTS_MAX, Edges, LosingSend

pytestmark = pytest.mark.anyio


async def test_every_end_is_closed_when_the_block_ends() -> None:
    async with Edges() as edges:
        first, second = edges.open(), edges.open(capacity=1)
        first.send.send_nowait("kept")
        assert first.send.statistics().max_buffer_size == HINTS_MAX
    with pytest.raises(ChannelClosed):
        second.send.send_nowait("late")
    with pytest.raises(EndOfStream):
        await first.recv.receive()


async def test_only_the_chosen_messages_are_lost() -> None:
    channel: Channel[int] = open_channel(8)
    end = LosingSend(channel.send, lambda message: message % 2 == 1)
    for number in range(3):
        end.send_nowait(number)
    await end.send(3)
    await end.send(4)
    await end.aclose()
    assert [number async for number in channel.recv] == [0, 2, 4]
    assert end.statistics().open_send_streams == 0
    await channel.recv.aclose()
