"""The protocol of all clocks of rivers, and the rank that orders simultaneous wake-ups."""

from __future__ import annotations

import concurrent.futures
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import anyio

from rivers.clock.interrupt import Interrupt

T = TypeVar("T")

DEFAULT_RANK = 1_000_000

rank: ContextVar[int] = ContextVar("rivers.clock.rank", default=DEFAULT_RANK)
"""Rank of the daemon whose task is running; of two sleepers with one deadline the lower rank wakes first."""


class Clock(Protocol):
    """Time, waiting, and work off the loop. A superset of ``chrono_daemon.Clock``.

    Points in time are Unix epoch, UTC. A clock binds itself to the running loop (asyncio or trio) at its first
    asynchronous use. Durations and deadlines are rounded to whole microseconds.
    """

    def now(self) -> float:
        """Return epoch seconds, which never run backwards."""
        ...

    def now_ns(self) -> int:
        """Return epoch nanoseconds, the integer that rivers stores and compares."""
        ...

    def datetime(self) -> datetime:
        """Return the current moment as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary start, for durations: steps of the system clock do not show."""
        ...

    def attach(self) -> None:
        """Bind to the running loop now. Harmless when already bound to it.

        Raises ``RuntimeError`` without a running loop, or when bound to another loop that still runs.
        """
        ...

    async def sleep(self, seconds: float, *, interrupt: anyio.Event | None = None) -> bool:
        """Wait for a duration. Returns ``True`` when it has passed, ``False`` when ``interrupt`` was set first.

        A duration that is not positive yields once and returns ``True``.
        """
        ...

    async def wait_until(self, deadline: float, *, interrupt: anyio.Event | None = None) -> bool:
        """Wait for a calendar time in epoch seconds, with the results of ``sleep``. A past deadline yields once."""
        ...

    async def wait_until_ns(self, deadline_ns: int, *, interrupt: anyio.Event | None = None) -> bool:
        """Wait as ``wait_until`` does, for epoch nanoseconds. Never returns ``True`` before that nanosecond."""
        ...

    def every(
        self, period: float | str | timedelta, *, first: Literal["now", "after"] = "after"
    ) -> AsyncIterator[float]:
        """Yield ``start + k * period`` in epoch seconds, each when it has come; missed beats are skipped.

        ``start`` is the moment of the first ``anext``. Raises ``ValueError`` when the period is below one microsecond.
        """
        ...

    async def idle(self, rank: int | None = None) -> None:
        """Wait until everything else in this instant has come to rest (SimClock), lower ranks first.

        ``None`` is the rank of the context. On a WallClock this is a checkpoint.
        """
        ...

    async def settle(self) -> None:
        """Drive everything of this instant to rest without moving time (SimClock); on a WallClock a checkpoint."""
        ...

    def busy(self, label: str) -> AbstractContextManager[None]:
        """Hold simulated time still while the body awaits something outside the loop (a socket, a process)."""
        ...

    async def offload(self, key: tuple[Any, ...], fn: Callable[..., T], /, *args: Any) -> T:
        """Run ``fn(*args)`` on a daemon thread, in a copy of this context; return its result or raise its exception.

        ``key`` (strings, numbers, None, tuples of those) orders the work that is ready in one simulated instant.
        Every exception comes back as it is, ``SystemExit`` and ``Killed`` included. Cancelling the wait abandons the
        thread: its result is discarded.
        """
        ...

    async def offload_future(self, key: tuple[Any, ...], submit: Callable[[], concurrent.futures.Future[T]], /) -> T:
        """Offload work that runs elsewhere: ``submit()`` is called on the loop when its turn comes.

        Cancelling the wait also calls ``cancel()`` on the future.
        """
        ...

    def sleep_blocking(self, seconds: float, *, interrupt: Interrupt | None = None) -> None:
        """Let a worker thread wait on the clock, at most until ``interrupt`` is set.

        Raises:
            RuntimeError: called on the loop's own thread.
            Killed: ``kill_blocked_threads`` was called after this thread's work began.
        """
        ...

    def post(self, fn: Callable[..., object], /, *args: Any) -> None:
        """Run ``fn(*args)`` on the clock's loop soon; thread-safe, in order of posting.

        On a SimClock it is held back while a thread has the turn. When the loop has ended, the call is dropped.
        """
        ...

    def kill_blocked_threads(self) -> int:
        """Make every thread in ``sleep_blocking`` raise ``Killed``, now and, for work begun before this call, later.

        Returns the number of threads that were asleep. On a SimClock they unwind at the next drive, one at a time.
        """
        ...
