"""A send end that loses messages on purpose, for scenarios that show that a lost hint delays and never strands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from chrono_daemon import ChannelStats, SendStream

M = TypeVar("M")

Loses = Callable[[Any], bool]
"""Whether this message, the next in the order of sending, is lost."""


class LosingSend(Generic[M]):
    """A :class:`chrono_daemon.SendStream` that asks ``loses`` before each message."""

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
        """The inner end's."""
        return self._inner.statistics()
