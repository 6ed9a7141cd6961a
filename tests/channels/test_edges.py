"""Channels live as long as their graph."""

from __future__ import annotations

import pytest
from chrono_daemon import ChannelClosed, EndOfStream

from rivers.channels.edges import HINTS_MAX, Edges

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
