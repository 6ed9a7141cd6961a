"""SimClock: time that moves only when it is driven, and never while any work is in flight."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import anyio
import anyio.lowlevel

from rivers.clock.beat import Beat
from rivers.clock.blocking import BlockingDriver
from rivers.clock.driver import Driver, Hook
from rivers.clock.interrupt import Interrupt
from rivers.clock.loops import LoopGone, LoopPort
from rivers.clock.moments import (
    Moment,
    datetime_of,
    length_ns,
    moment_ns,
    seconds_of,
    text_of,
    whole_microsecond,
)
from rivers.clock.protocol import rank as rank_here
from rivers.clock.threads import Seat, seat_here
from rivers.clock.timeline import Timeline
from rivers.clock.work import FutureWork, Outcome, ThreadWork, Work
from rivers.durations import to_ns
from rivers.exceptions import Killed

T = TypeVar("T")

_KILLED = "the graph that this thread worked for was killed"


class SimClock:
    """A ``Clock`` whose time moves only in ``advance`` and the like. See ``Clock`` for everything not said here.

    Nothing drives by itself: outside ``advance``, ``advance_to``, ``advance_until`` and ``settle`` no sleeper wakes and
    nothing that was offloaded begins. ``advance`` returns when all that would have happened has happened, its end
    included.

    ``patience`` is in real seconds: when nothing has changed for so long, the drive raises ``NotQuiescent``, naming
    every busy label, the work that has not returned, and each task that keeps running. The clock remains usable.
    """

    def __init__(
        self,
        start: Moment = "2026-01-01T00:00:00Z",
        *,
        patience: float = 30.0,
        real_time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start_ns = moment_ns(start)
        self._line = Timeline(self._start_ns, real_time)
        self._driver = Driver(self, self._line, patience)
        self.after_settle: list[Hook] = self._driver.hooks
        """Awaited by the driver each time an instant has come to rest, before time moves or a drive returns.

        A hook may call ``settle()``; it must wait for nothing else that needs the clock. What it sets off is brought to
        rest and shown to the hooks again."""

    def __repr__(self) -> str:
        return f"<SimClock {text_of(self._line.now_ns)}>"

    def now(self) -> float:
        return seconds_of(self._line.now_ns)

    def now_ns(self) -> int:
        return self._line.now_ns

    def datetime(self) -> datetime:
        return datetime_of(self._line.now_ns)

    def monotonic(self) -> float:
        return seconds_of(self._line.now_ns - self._start_ns)

    async def advance(self, duration: str | float | timedelta) -> None:
        """Let ``duration`` pass: a duration string, seconds or a ``timedelta``.

        Raises:
            NotQuiescent: something in flight never came to rest.
            RuntimeError: called by a second driver, inside a daemon or busy block, or on another loop.
            ValueError: negative, or not a duration.
        """
        await self._driver.advance_to(self._line.now_ns + to_ns(duration, "duration") // 1_000 * 1_000)

    async def advance_to(self, moment: Moment) -> None:
        """Let time pass until ``moment``. Raises as ``advance`` does, and ``ValueError`` when it has passed."""
        await self._driver.advance_to(moment_ns(moment))

    async def advance_until(self, event: anyio.Event, *, limit: str | float | timedelta | None = None) -> None:
        """Move from deadline to deadline until ``event`` is set and that instant has come to rest.

        Raises ``RuntimeError`` with the reason when nothing is left that could set it, or when ``limit`` (a duration
        from now) has passed; else as ``advance``.
        """
        end_ns = None if limit is None else self._line.now_ns + to_ns(limit, "limit") // 1_000 * 1_000
        await self._driver.advance_until(event, end_ns)

    async def settle(self) -> None:
        await self._driver.settle()

    def blocking(self) -> BlockingDriver:
        """Return the same methods for a caller on another thread than that of the loop.

        Raises ``RuntimeError`` when the clock is bound to no loop.
        """
        port = self._line.port
        if port is None:
            raise RuntimeError("the clock is bound to no loop yet; call attach() on the loop first")
        return BlockingDriver(self, port, self._driver.refuse_blocking)

    def attach(self) -> None:
        self._line.bind()

    async def sleep(self, seconds: float, *, interrupt: anyio.Event | None = None) -> bool:
        length = length_ns(seconds)
        if length <= 0:
            await anyio.lowlevel.checkpoint()
            return True
        return await self._line.sleep(self._line.now_ns + length, interrupt)

    async def wait_until(self, deadline: float, *, interrupt: anyio.Event | None = None) -> bool:
        return await self.wait_until_ns(length_ns(deadline), interrupt=interrupt)

    async def wait_until_ns(self, deadline_ns: int, *, interrupt: anyio.Event | None = None) -> bool:
        deadline_ns = whole_microsecond(deadline_ns)
        if deadline_ns <= self._line.now_ns:
            await anyio.lowlevel.checkpoint()
            return True
        return await self._line.sleep(deadline_ns, interrupt)

    def every(
        self, period: float | str | timedelta, *, first: Literal["now", "after"] = "after"
    ) -> AsyncIterator[float]:
        return Beat(self, period, first)

    async def idle(self, rank: int | None = None) -> None:
        await self._line.idle(rank)

    def busy(self, label: str) -> AbstractContextManager[None]:
        return self._line.busy.hold(label)

    async def offload(self, key: tuple[Any, ...], fn: Callable[..., T], /, *args: Any) -> T:
        waiter = self._line.bind().waiter()
        seat = Seat(self, self._line.blocked.generation, rank_here.get())
        return await self._line.run(ThreadWork(key, waiter, self._deliver, seat, fn, args))

    async def offload_future(self, key: tuple[Any, ...], submit: Callable[[], concurrent.futures.Future[T]], /) -> T:
        waiter = self._line.bind().waiter()
        return await self._line.run(FutureWork(key, waiter, self._deliver, submit))

    def _deliver(self, work: Work[Any], outcome: Outcome) -> None:
        line = self._line
        try:
            if line.port is not None:
                line.turns.hand_back(line.port, line.finish, work, outcome)
        except LoopGone:
            line.turns.end(work)  # nobody waits any more; a later loop must not find the turn out

    def post(self, fn: Callable[..., object], /, *args: Any) -> None:
        line = self._line
        with suppress(LoopGone):
            line.turns.post(line.port or line.bind(), line.run_posted, fn, args)

    def sleep_blocking(self, seconds: float, *, interrupt: Interrupt | None = None) -> None:
        """See ``Clock``. A length that is not positive lets everything else of this instant go first.

        A thread of the user's own may wait here too, but gets no turn when it wakes, since the clock cannot know when
        it has done: what it does next is concurrent with the simulation.
        """
        line, port = self._line, self._line.port
        if port is None:
            raise RuntimeError("the clock is bound to no loop yet, so nothing could wake this thread")
        if port.is_own_thread():
            raise RuntimeError(
                "sleep_blocking() on the loop's own thread would stop the clock it waits for: await sleep()"
            )
        length = length_ns(seconds)
        seat = seat_here(self) or Seat(self, line.blocked.generation, rank_here.get())
        if seat.generation != line.blocked.generation:
            raise Killed(_KILLED)
        if interrupt is None:
            self._rest(port, seat, length)
            return
        wait = seat.wait = object()
        try:
            with interrupt.waking(lambda: self.post(line.rouse, seat, wait)) as is_set:
                self._rest(port, seat, 0 if is_set else length)
        finally:
            seat.wait = None

    def _rest(self, port: LoopPort, seat: Seat, length: int) -> None:
        line = self._line
        try:
            if seat.work is None:
                port.call(line.fall_asleep, seat, length)
            else:
                line.turns.hand_back(port, line.fall_asleep, seat, length)
        except LoopGone:
            raise Killed("the loop that this thread worked for has ended") from None
        seat.gate.acquire()
        if seat.killed:
            raise Killed(_KILLED)

    def kill_blocked_threads(self) -> int:
        """See ``Clock``. On the loop's thread."""
        return self._line.blocked.kill(self._line.now_ns)
