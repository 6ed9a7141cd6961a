"""WallClock: real time, with calendar waits that follow the system clock and durations that do not."""

from __future__ import annotations

import concurrent.futures
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import anyio
import anyio.lowlevel

from rivers.clock.beat import Beat
from rivers.clock.interrupt import Interrupt
from rivers.clock.loops import LoopGone, LoopPort, current_port
from rivers.clock.moments import datetime_of, length_ns, seconds_of, whole_microsecond
from rivers.clock.protocol import rank as rank_here
from rivers.clock.threads import Seat, seat_here
from rivers.clock.work import FutureWork, Outcome, ThreadWork, Work
from rivers.exceptions import Killed

T = TypeVar("T")

logger = logging.getLogger("rivers.clock")

STEP_SECONDS = 1.0
NAP_SECONDS = 30.0

Nap = Callable[[float, anyio.Event | None], Awaitable[None]]
"""Wait so many real seconds, or until the event is set."""


async def nap(seconds: float, interrupt: anyio.Event | None) -> None:
    """Wait in real time, on either backend."""
    if interrupt is None:
        await anyio.sleep(seconds)
        return
    with anyio.move_on_after(seconds):
        await interrupt.wait()


class WallClock:
    """A ``Clock`` on real time. See ``Clock`` for everything not said here.

    ``now()`` is the system's time, except that it never runs backwards: after a step back it stands still until the
    system has caught up. Durations are monotonic, so no step delays them. ``wait_until`` looks at the system's time
    again at least every 30 seconds: a step forward fires what is now due, a step back waits for the calendar. Steps of
    more than a second are logged to ``rivers.clock``.

    Offloaded work begins at once. ``busy``, ``idle`` and ``settle`` have nothing to wait for.
    """

    def __init__(
        self,
        *,
        epoch: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
        nap: Nap = nap,
    ) -> None:
        self._epoch = epoch
        self._mono = mono
        self._nap = nap
        self._lock = threading.Lock()
        self._last = epoch()
        self._offset = self._last - mono()
        self._port: LoopPort | None = None
        self._generation = 0
        self._asleep: dict[Seat, None] = {}

    def __repr__(self) -> str:
        return "<WallClock>"

    def now(self) -> float:
        return self._look()[1]

    def now_ns(self) -> int:
        return length_ns(self.now())

    def datetime(self) -> datetime:
        return datetime_of(self.now_ns())

    def monotonic(self) -> float:
        return self._mono()

    def _look(self) -> tuple[float, float]:
        """Return the time of the system, and the same kept from running backwards."""
        with self._lock:
            epoch = self._epoch()
            offset = epoch - self._mono()
            step, self._offset = offset - self._offset, offset
            self._last = max(self._last, epoch)
            last = self._last
        if abs(step) > STEP_SECONDS:
            logger.warning("clock step: the system clock moved by %+.3f s", step)
        return epoch, last

    async def sleep(self, seconds: float, *, interrupt: anyio.Event | None = None) -> bool:
        if math.isnan(seconds):
            raise ValueError("cannot sleep NaN seconds")
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return True
        end = self._mono() + seconds
        while True:
            await self._nap(end - self._mono(), interrupt)
            # A timer may fire early, so the condition is looked at again; the deadline goes first, as on the SimClock.
            if self._mono() >= end:
                return True
            if interrupt is not None and interrupt.is_set():
                return False

    async def wait_until(self, deadline: float, *, interrupt: anyio.Event | None = None) -> bool:
        if math.isnan(deadline):
            raise ValueError("there is no moment NaN")
        # Against the time that never runs backwards: what has once been due stays due after a step back.
        system, now = self._look()
        if now >= deadline:
            await anyio.lowlevel.checkpoint()
            return True
        while now < deadline:
            if interrupt is not None and interrupt.is_set():
                await anyio.lowlevel.checkpoint()
                return False
            await self._nap(min(NAP_SECONDS, deadline - system), interrupt)
            system, now = self._look()
        return True

    async def wait_until_ns(self, deadline_ns: int, *, interrupt: anyio.Event | None = None) -> bool:
        return await self.wait_until(seconds_of(whole_microsecond(deadline_ns)), interrupt=interrupt)

    def every(
        self, period: float | str | timedelta, *, first: Literal["now", "after"] = "after"
    ) -> AsyncIterator[float]:
        return Beat(self, period, first)

    async def idle(self, rank: int | None = None) -> None:
        await anyio.lowlevel.checkpoint()

    async def settle(self) -> None:
        await anyio.lowlevel.checkpoint()

    def busy(self, label: str) -> AbstractContextManager[None]:
        return nullcontext()

    def attach(self) -> None:
        port = self._port
        if port is not None and port.is_current():
            return
        found = current_port()
        if port is not None and port.is_alive():
            raise RuntimeError("the clock is bound to another loop that still runs")
        self._port = found

    def _port_here(self) -> LoopPort:
        """Return the loop of the caller, the first of which is that of ``post``; several may wait on one WallClock."""
        port = self._port
        if port is not None and port.is_current():
            return port
        found = current_port()
        if port is None or not port.is_alive():
            self._port = found
        return found

    def post(self, fn: Callable[..., object], /, *args: Any) -> None:
        port = self._port if self._port is not None else self._port_here()
        try:
            port.call(_run_posted, fn, args)
        except LoopGone:
            logger.debug("dropped a call to a loop that has ended: %r", fn)

    async def offload(self, key: tuple[Any, ...], fn: Callable[..., T], /, *args: Any) -> T:
        port = self._port_here()
        seat = Seat(self, self._generation, rank_here.get())
        return await self._run(ThreadWork(key, port.waiter(), _delivery(port), seat, fn, args))

    async def offload_future(self, key: tuple[Any, ...], submit: Callable[[], concurrent.futures.Future[T]], /) -> T:
        port = self._port_here()
        return await self._run(FutureWork(key, port.waiter(), _delivery(port), submit))

    async def _run(self, work: Work[T]) -> T:
        await anyio.lowlevel.checkpoint_if_cancelled()
        work.start()
        try:
            await work.waiter.wait()
        except BaseException:
            work.abandon()
            raise
        return work.result()

    def sleep_blocking(self, seconds: float, *, interrupt: Interrupt | None = None) -> None:
        """See ``Clock``. Usable without any loop."""
        port = self._port
        if port is not None and port.is_own_thread():
            raise RuntimeError("sleep_blocking() on the loop's own thread would stop all else on it: await sleep()")
        seat = seat_here(self)
        with self._lock:
            if seat is None:
                seat = Seat(self, self._generation, rank_here.get())
            elif seat.generation != self._generation:
                raise Killed("the graph that this thread worked for was killed")
            self._asleep[seat] = None
            wait = seat.wait = object()
        try:
            if interrupt is None:
                self._rest(seat, seconds)
            else:
                with interrupt.waking(lambda: self._rouse(seat, wait)) as is_set:
                    self._rest(seat, 0.0 if is_set else seconds)
        finally:
            with self._lock:
                self._asleep.pop(seat, None)
                seat.wait = None
                seat.gate.acquire(blocking=False)  # opened after its time was over: not for the next wait
        if seat.killed:
            raise Killed("the graph that this thread worked for was killed")

    def _rest(self, seat: Seat, seconds: float) -> None:
        end = self._mono() + max(0.0, seconds)
        while not seat.gate.acquire(timeout=min(max(0.0, end - self._mono()), threading.TIMEOUT_MAX)):
            if self._mono() >= end:
                break

    def _rouse(self, seat: Seat, wait: object) -> None:
        with self._lock:
            if seat.wait is wait and seat in self._asleep:
                del self._asleep[seat]
                seat.gate.release()

    def kill_blocked_threads(self) -> int:
        with self._lock:
            self._generation += 1
            doomed, self._asleep = self._asleep, {}
            for seat in doomed:
                seat.killed = True
                seat.gate.release()
        return len(doomed)


def _delivery(port: LoopPort) -> Callable[[Work[Any], Outcome], None]:
    def deliver(work: Work[Any], outcome: Outcome) -> None:
        try:
            port.call(work.finish, outcome)
        except LoopGone:
            logger.debug("dropped the result of %r: its loop has ended", work.key)

    return deliver


def _run_posted(fn: Callable[..., object], args: tuple[Any, ...]) -> None:
    try:
        fn(*args)
    except Exception:
        logger.exception("a call posted to the clock's loop failed: %r", fn)
