"""The driver of a timeline: it brings the instant to rest, wakes the next sleeper, and only then lets time pass.

An instant is at rest when the loop has nothing runnable, no work holds the turn or asks for it, and no busy token
is out. One sleeper is woken at a time, so all that follows from one wake-up has happened before the next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from rivers.clock.busy import busy_label_here
from rivers.clock.frames import of_thread
from rivers.clock.loops import Waiter
from rivers.clock.moments import text_of
from rivers.clock.protocol import DEFAULT_RANK, rank
from rivers.clock.threads import seat_here
from rivers.clock.timeline import Timeline
from rivers.clock.work import ThreadWork
from rivers.exceptions import NotQuiescent

Hook = Callable[[], Awaitable[None]]


class Driver:
    """The driver of one timeline, for one task at a time. ``owner`` is the clock whose seats mark its threads."""

    def __init__(self, owner: object, timeline: Timeline, patience: float) -> None:
        self.hooks: list[Hook] = []
        self._line = timeline
        self._owner = owner
        self._patience = patience
        self._task: int | None = None
        self._parked: Waiter | None = None
        self._watch: anyio.CancelScope | None = None
        self._watch_moved_at = 0.0
        self._woken_count = 0
        self._instant_began = 0  # sleepers with a lower number came before this instant began
        timeline.changed = self._nudge

    async def settle(self) -> None:
        """Bring everything of this instant to rest. A hook of the driver may call this too."""
        if self._task is not None and self._task == anyio.get_current_task().id:
            await self._rest_here()
            return
        await self._drive(self._settle_with_hooks)

    async def advance_to(self, target_ns: int) -> None:
        """Move to ``target_ns`` and wake its sleepers too. Raises ``ValueError`` when it is in the past."""
        line = self._line
        if target_ns < line.now_ns:
            raise ValueError(f"time does not go back: it is {text_of(line.now_ns)}, asked for {text_of(target_ns)}")

        async def move() -> None:
            await self._settle_with_hooks()
            while (due := line.sleepers.next_deadline()) is not None and due <= target_ns:
                self._pass_to(due)
                await self._settle_with_hooks()
            self._pass_to(target_ns)

        await self._drive(move)

    async def advance_until(self, event: anyio.Event, limit_ns: int | None) -> None:
        """Move from deadline to deadline until the event is set, and bring that instant to rest."""
        line = self._line

        async def move() -> None:
            await self._settle_with_hooks()
            while not event.is_set():
                due = line.sleepers.next_deadline()
                if due is None:
                    raise RuntimeError(
                        f"nothing is left that could set the event: at {text_of(line.now_ns)} nobody sleeps on "
                        "the clock, no work is offloaded, and every task waits for another"
                    )
                if limit_ns is not None and due > limit_ns:
                    self._pass_to(limit_ns)
                    raise RuntimeError(
                        f"the event was not set by {text_of(limit_ns)}; the next deadline is {text_of(due)}"
                    )
                self._pass_to(due)
                await self._settle_with_hooks()

        await self._drive(move)

    def refuse_blocking(self) -> None:
        """Raise ``RuntimeError`` where a blocking drive could never end."""
        self._refuse_own_work()
        port = self._line.port
        if port is not None and port.is_own_thread():
            raise RuntimeError("blocking() is for other threads; on the loop's own thread await advance()")

    async def _drive(self, body: Hook) -> None:
        self._refuse_misuse()
        self._task = anyio.get_current_task().id
        try:
            # One scope for the whole drive, its deadline moved on with progress: a timer a wake-up costs too much.
            with anyio.CancelScope() as watch:
                self._watch = watch
                self._progress(force=True)
                await body()
                self._raise_failures()
                return
            raise NotQuiescent(await self._describe())
        finally:
            self._task = self._watch = self._parked = None

    def _refuse_misuse(self) -> None:
        self._refuse_own_work()
        self._line.bind()
        label = busy_label_here()
        if label is not None:
            raise RuntimeError(f"advance() inside busy({label!r}) would wait for itself")
        if rank.get() != DEFAULT_RANK:
            raise RuntimeError(
                "advance() was called inside a daemon: a daemon waits on the clock, it does not drive it"
            )
        if self._task is not None:
            raise RuntimeError("the clock is being driven by another task: one advance() or settle() at a time")

    def _refuse_own_work(self) -> None:
        if seat_here(self._owner) is not None:
            raise RuntimeError("advance() was called by work that the clock runs: no time passes before it has ended")

    def _raise_failures(self) -> None:
        if self._line.failures:
            failures, self._line.failures = self._line.failures, []
            raise failures[0]

    async def _settle_with_hooks(self) -> None:
        """Bring this instant to rest and call the hooks, again and again until they set off nothing more."""
        await self._rest_here()
        while self.hooks:
            for hook in tuple(self.hooks):
                await hook()
            seen = self._woken_count + self._line.turns.count
            await self._rest_here()
            if seen == self._woken_count + self._line.turns.count:
                return

    async def _rest_here(self) -> None:
        await self._rest()
        line, sleepers = self._line, self._line.sleepers
        while (due := sleepers.next_deadline()) is not None and due <= line.now_ns:
            number, sleeper = sleepers.pop()
            self._woken_count += 1
            if number < self._instant_began:
                # Those that came in this very instant do not count: a task that awaits idle() for ever changes nothing.
                self._progress()
            sleeper.wake()
            await self._rest()

    async def _rest(self) -> None:
        line, turns = self._line, self._line.turns
        port = line.bind()
        while True:
            await port.idle()
            self._raise_failures()
            if turns.holder is not None or line.busy:
                # No await between this look and the wait, and every change is told on this thread: none is missed.
                self._parked = port.waiter()
                await self._parked.wait()
                continue
            work = turns.next()
            if work is None:
                return
            work.started = True
            work.since = line.real_time()
            self._progress()
            turns.hand_to(work, work.start)

    def _nudge(self) -> None:
        self._progress()
        if self._parked is not None:
            self._parked.wake()

    def _pass_to(self, target_ns: int) -> None:
        if target_ns > self._line.now_ns:
            self._line.now_ns = target_ns
            self._instant_began = self._line.sleepers.count
            self._progress()

    def _progress(self, *, force: bool = False) -> None:
        watch = self._watch
        if watch is None:
            return
        now = self._line.real_time()
        if force or now - self._watch_moved_at > self._patience / 4:
            # A quarter more than the patience, since the deadline stays for a quarter of it after each move.
            watch.deadline = anyio.current_time() + self._patience * 1.25
            self._watch_moved_at = now

    async def _describe(self) -> str:
        line, now = self._line, self._line.real_time()
        lines = [f"{text_of(line.now_ns)} (simulated) did not come to rest: nothing changed for {self._patience:g} s"]
        lines += [f"busy: {label!r} for {age:.1f} s" for label, age in line.busy.ages()]
        holder = line.turns.holder
        if holder is not None:
            where = f", at {of_thread(holder.seat.thread_id)}" if isinstance(holder, ThreadWork) else ""
            lines.append(f"runs off the loop: {holder.key!r} for {now - holder.since:.1f} s{where}")
        lines += [f"waits for its turn: {work.key!r} for {now - work.since:.1f} s" for work in line.turns.waiting()]
        lines += await line.bind().restless()
        return "\n  ".join(lines)
