"""The part of an event loop that a clock needs, and the search for the loop that runs.

The two implementations are in ``on_asyncio`` and ``on_trio``; this module owns only their common shape.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from rivers.exceptions import RiversError


class LoopGone(RiversError):
    """The loop has ended: nothing can be run on it any more."""


class Waiter(Protocol):
    """One task's wait for one wake-up."""

    @property
    def live(self) -> bool:
        """Whether the wait was neither woken nor cancelled."""
        ...

    def wake(self) -> None:
        """End the wait; on the loop's thread only. A second call does nothing."""
        ...

    async def wait(self) -> None:
        """Return when the wait is woken; at once if that has happened already."""
        ...


class LoopPort(Protocol):
    """A running loop, seen from a clock."""

    thread_id: int

    def is_current(self) -> bool:
        """Whether the caller runs on this very loop."""
        ...

    def is_own_thread(self) -> bool:
        """Whether the caller is on the thread of this loop, inside it or not."""
        ...

    def is_alive(self) -> bool:
        """Whether calls can still be posted to the loop."""
        ...

    def call(self, fn: Callable[..., object], *args: Any) -> None:
        """Run ``fn(*args)`` on the loop soon, in order; from any thread. Raises ``LoopGone``."""
        ...

    def run_from_thread(self, fn: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Await ``fn(*args)`` on the loop and wait for it here, on another thread."""
        ...

    def waiter(self) -> Waiter:
        """Return a new wait for a task of this loop."""
        ...

    async def idle(self) -> None:
        """Return when no other task of the loop is runnable."""
        ...

    async def restless(self) -> list[str]:
        """Watch a few passes of the loop, and name each task that ran, with its innermost frame."""
        ...


def current_port() -> LoopPort:
    """Return the loop that runs the caller. Raises ``RuntimeError`` when there is none."""
    if trio_is_running():  # asked first: in its guest mode both loops run
        from rivers.clock.on_trio import TrioPort

        return TrioPort()
    from rivers.clock.on_asyncio import AsyncioPort

    try:
        return AsyncioPort(asyncio.get_running_loop())
    except RuntimeError:
        raise RuntimeError("the clock needs a running asyncio or trio loop") from None


def trio_is_running() -> bool:
    """Whether a trio loop runs the caller. Trio is imported only by those who use it."""
    if "trio" not in sys.modules:
        return False
    import trio

    return trio.lowlevel.in_trio_run()


def on_event_loop() -> bool:
    """Whether this thread runs an event loop, which a blocking call would stop."""
    if trio_is_running():
        return True
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
