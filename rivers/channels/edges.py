"""The channels of one graph, and a send end that loses messages on purpose."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from chrono_daemon import Channel, ChannelStats, SendStream, open_channel

M = TypeVar("M")

HINTS_MAX: Final = 4096
"""Capacity of every edge: more than the decisions of one instant on any system that one machine can run."""

Loses = Callable[[Any], bool]
"""Whether this message, the next in the order of sending, is lost."""


class Edges:
    """The channels of one graph. Every end of them is closed when the block ends, after the daemons that used them.

    A daemon never closes an end itself: once restarted, it would meet its own closed channel.
    """

    def __init__(self) -> None:
        self._channels: list[Channel[Any]] = []

    def open(self, capacity: int = HINTS_MAX) -> Channel[Any]:
        """Return a new channel. The variable that it is assigned to has the type of its messages."""
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


class LosingSend(Generic[M]):
    """A :class:`chrono_daemon.SendStream` that asks ``loses`` before each message.

    Scenarios use it to show that a lost hint delays work and never strands it.
    """

    def __init__(self, inner: SendStream[M], loses: Loses) -> None:
        self._inner = inner
        self._loses = loses

    async def send(self, item: M) -> None:
        """Send, unless the message is to be lost."""
        if not self._loses(item):
            await self._inner.send(item)

    def send_nowait(self, item: M) -> None:
        """Send without waiting, unless the message is to be lost."""
        if not self._loses(item):
            self._inner.send_nowait(item)

    async def aclose(self) -> None:
        """Close the inner end."""
        await self._inner.aclose()

    def statistics(self) -> ChannelStats:
        """Return the statistics of the inner end."""
        return self._inner.statistics()
