"""The channels of one graph, opened together and closed together."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

from chrono_daemon import Channel, open_channel

HINTS_MAX: Final = 4096
"""Capacity of every edge: more than the decisions of one instant on any system that one machine can run."""


class Edges:
    """Opens channels; closes every end of them when the block ends, after the daemons that used them.

    A daemon never closes an end itself: a restarted one would meet its own closed channel.
    """

    def __init__(self) -> None:
        self._channels: list[Channel[Any]] = []

    def open(self, capacity: int = HINTS_MAX) -> Channel[Any]:
        """A new channel, typed by whoever names it."""
        channel: Channel[Any] = open_channel(capacity)
        self._channels.append(channel)
        return channel

    async def __aenter__(self) -> Edges:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels:
            await channel.send.aclose()
            await channel.recv.aclose()
