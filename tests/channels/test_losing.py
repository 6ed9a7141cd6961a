"""A losing end loses what it is told to lose and nothing else."""

from __future__ import annotations

import pytest
from chrono_daemon import Channel, open_channel

from rivers.channels.losing import LosingSend

pytestmark = pytest.mark.anyio


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
