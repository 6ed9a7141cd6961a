"""A daemon's fan-in: several receive ends, drained together.

A daemon that wakes on whichever comes first (a message on any of its ports, something of its own that finished, a
moment on the clock) waits on one mailbox. What has arrived is taken all at once, so that one instant is one decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import anyio
import anyio.abc
from chrono_daemon import Context, EndOfStream, ReceiveStream, SendStream, WouldBlock

from rivers.clock import Clock

M = TypeVar("M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """A moment to wake at: a reading of ``clock.monotonic()`` in seconds, or a calendar time in epoch nanoseconds."""

    monotonic: float | None = None
    calendar_ns: int | None = None


class Mailbox(Generic[M]):
    """Everything that has been said to one daemon and not yet been drained."""

    def __init__(self, *ports: ReceiveStream[Any]) -> None:
        self._ports = ports
        self._messages: list[M] = []
        self._woken = anyio.Event()
        self.stopping = False
        self._stop_announced = False

    def open(self, group: anyio.abc.TaskGroup, ctx: Context) -> None:
        """Start to receive, in ``group``. When the supervisor asks to stop, ``stopping`` turns true and a wait ends."""
        for port in self._ports:
            group.start_soon(self._receive, port)
        group.start_soon(self._watch_for_stop, ctx)

    def put(self, message: M) -> None:
        """Leave a message of the daemon's own, as an evaluation does when it has finished."""
        self._messages.append(message)
        self._woken.set()

    async def wait(self, clock: Clock, wake: Wake | None = None) -> None:
        """Return when there is something to drain, once when the stop is asked for, or at ``wake``.

        Without ``wake``, wait for a message or the stop.
        """
        if self._messages:
            return
        if self.stopping and not self._stop_announced:
            self._stop_announced = True
            return
        self._woken = anyio.Event()
        if wake is None:
            await self._woken.wait()
        elif wake.calendar_ns is not None:
            await clock.wait_until_ns(wake.calendar_ns, interrupt=self._woken)
        elif wake.monotonic is not None:
            await clock.sleep(wake.monotonic - clock.monotonic(), interrupt=self._woken)

    def drain(self) -> Sequence[M]:
        """Return all messages since the last drain, in order of arrival. No decision may depend on that order."""
        messages, self._messages = self._messages, []
        return messages

    async def _receive(self, port: ReceiveStream[M]) -> None:
        while True:
            try:
                message = await port.receive()
            except EndOfStream:
                return
            self.put(message)

    async def _watch_for_stop(self, ctx: Context) -> None:
        await ctx.stop_event.wait()
        self.stopping = True
        self._woken.set()


def tell(port: SendStream[M], message: M) -> None:
    """Send a hint. A full channel is ignored: its reader is about to wake and will read storage."""
    try:
        port.send_nowait(message)
    except WouldBlock:
        return


def take_waiting(port: ReceiveStream[M]) -> list[M]:
    """Receive the messages that wait in a channel now, without waiting for another."""
    messages: list[M] = []
    while True:
        try:
            messages.append(port.receive_nowait())
        except (WouldBlock, EndOfStream):
            return messages
