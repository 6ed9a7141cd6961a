"""The state of one simulated timeline, and what tasks and threads do to it: wait, ask to run, come back.

Time itself is moved by ``driver`` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

from rivers.clock.blocked import BlockedThreads
from rivers.clock.busy import BusyTokens, busy_label_here
from rivers.clock.loops import LoopGone, LoopPort, current_port
from rivers.clock.protocol import rank as rank_here
from rivers.clock.sleepers import AFTER_ALL, Sleepers
from rivers.clock.threads import Seat
from rivers.clock.turns import Turns
from rivers.clock.work import Outcome, Work

T = TypeVar("T")


class ScopeSleeper:
    """A sleeper that waits for an event and is woken by cancelling that wait."""

    __slots__ = ("_scope", "live", "woken")

    def __init__(self, scope: anyio.CancelScope) -> None:
        self.live = True
        self.woken = False
        self._scope = scope

    def wake(self) -> None:
        self.live = False
        self.woken = True
        self._scope.cancel()


class Timeline:
    """The current time, the sleepers, the holder of the turn and those who ask for it, and the busy tokens."""

    def __init__(self, start_ns: int, real_time: Callable[[], float]) -> None:
        self.now_ns = start_ns  # Invariant: grows only in the driver, with everything at rest
        self.port: LoopPort | None = None
        self.sleepers = Sleepers()
        self.turns = Turns()
        self.blocked = BlockedThreads(self.sleepers, self.turns)
        self.busy = BusyTokens(real_time, self._busy_released)
        self.failures: list[Exception] = []
        self.real_time = real_time
        self.changed: Callable[[], None] = _nobody_cares
        """Called on the loop's thread when something that a driver may be parked for has changed."""

    def bind(self) -> LoopPort:
        """Return the loop of the timeline, which is the one that runs the caller unless another still runs.

        Raises ``RuntimeError`` for a caller on another loop, or on none.
        """
        port = self.port
        if port is not None and port.is_current():
            return port
        if port is not None and port.is_alive():
            raise RuntimeError("the clock is bound to another loop; from another thread or loop use clock.blocking()")
        found = current_port()
        if port is not None:
            # The tasks of the old loop are gone, and with them whatever they waited for. Threads may still sleep.
            self.sleepers.clear()
            self.turns.clear()
            self.busy.clear()
            self.blocked.sleep_again()
        self.port = found
        return found

    async def sleep(self, deadline_ns: int, interrupt: anyio.Event | None) -> bool:
        """Wait until simulated time has come to ``deadline_ns``, or ``interrupt`` is set (``False``)."""
        if interrupt is None:
            await self._wait(deadline_ns, rank_here.get())
            return True
        self.bind()
        _refuse_under_busy("sleep()")
        return await self._wait_interruptibly(deadline_ns, rank_here.get(), interrupt)

    async def idle(self, rank: int | None) -> None:
        """Wait until nothing else is left to do in this instant."""
        await self._wait(self.now_ns, AFTER_ALL + (rank_here.get() if rank is None else rank))

    async def _wait(self, deadline_ns: int, rank: int) -> None:
        sleeper = self.bind().waiter()
        _refuse_under_busy("sleep()")
        self.sleepers.add(deadline_ns, rank, sleeper)
        try:
            await sleeper.wait()
        except BaseException:
            self.sleepers.note_death()
            raise

    async def _wait_interruptibly(self, deadline_ns: int, rank: int, interrupt: anyio.Event) -> bool:
        if interrupt.is_set():
            await anyio.lowlevel.checkpoint()
            return False
        # The deadline cancels the wait for the event: no helper task, whose start trio would order at random.
        scope = anyio.CancelScope()
        sleeper = ScopeSleeper(scope)
        with scope:
            self.sleepers.add(deadline_ns, rank, sleeper)
            try:
                await interrupt.wait()
            finally:
                if sleeper.live:
                    sleeper.live = False
                    self.sleepers.note_death()
        return sleeper.woken

    async def run(self, work: Work[T]) -> T:
        """Queue work for its turn and wait for its result. When cancelled, withdraw it, or abandon it once begun."""
        _refuse_under_busy("offload()")
        work.since = self.real_time()
        self.turns.ask(work)
        try:
            await work.waiter.wait()
        except BaseException:
            work.withdrawn = True
            if work.started:
                work.abandon()
            raise
        return work.result()

    def finish(self, work: Work[Any], outcome: Outcome) -> None:
        """End a piece of work: first what it posted runs, then its outcome is delivered. On the loop's thread."""
        self._take_turn_back(work)
        if not work.withdrawn:
            work.finish(outcome)

    def fall_asleep(self, seat: Seat, length_ns: int) -> None:
        """Let a thread wait on the clock, and take its turn back if it has one. On the loop's thread."""
        if seat.generation != self.blocked.generation:
            seat.killed = True
            length_ns = 0
        rank = seat.rank if length_ns > 0 else AFTER_ALL + seat.rank
        self.blocked.add(seat, self.now_ns + max(0, length_ns), rank)
        if seat.work is not None:
            self._take_turn_back(seat.work)

    def rouse(self, seat: Seat, wait: object) -> None:
        """Interrupt the wait of a thread. On the loop's thread."""
        self.blocked.rouse(seat, wait, self.now_ns)
        self.changed()

    def run_posted(self, fn: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Run the calls that were posted. The drive raises their exceptions: no caller is left for them."""
        try:
            fn(*args)
        except Exception as error:
            self.failures.append(error)

    def _take_turn_back(self, work: Work[Any]) -> None:
        for fn, args in self.turns.end(work):
            fn(*args)
        self.changed()

    def _busy_released(self) -> None:
        port = self.port
        if port is None or port.is_own_thread():
            self.changed()
            return
        with suppress(LoopGone):
            port.call(self.changed)


def _refuse_under_busy(what: str) -> None:
    label = busy_label_here()
    if label is not None:
        raise RuntimeError(f"{what} inside busy({label!r}) would never end: while busy no time passes, no work begins")


def _nobody_cares() -> None:
    """Do nothing, until a driver is attached."""
