"""The attempts of one batch that need slots of pools before they may begin, and when they ask for them.

They ask only when there is room to begin at once, in order of the plan, and between two instants of the batch: what
ended together has freed its slots by then, whichever worker was faster.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final

from rivers.clock.interrupt import Interrupt
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.runs.pool_claims import PoolClaims
from rivers.storage import Storage
from rivers.storage.changes import Change, PoolLimitChanged, SlotsFreed

WAITING_MAX: Final = 16
"""How many attempts that need the same pools ask again and again; those behind them would only ask in vain."""

_Group = tuple[object, ...]
_NONE: Final[frozenset[str]] = frozenset()


class SlotNews:
    """Hears of slots that others give back, while somebody waits for them. ``interrupt`` is set by what it hears."""

    def __init__(self, storage: Storage) -> None:
        self.interrupt = Interrupt()
        self._storage = storage
        self._pools: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._heard: frozenset[str] = frozenset()
        self._leave: Callable[[], None] | None = None

    def follow(self, pools: frozenset[str]) -> frozenset[str]:
        """Listen for these pools; for none any more when there are none.

        :returns: those that it begins to listen for: what was given back of them before, it has not heard
        """
        begun, self._pools = pools - self._pools, pools
        if pools and self._leave is None:
            self._leave = self._storage.subscribe(self._hear)
        if not pools and self._leave is not None:
            self._leave()
            self._leave = None
            self.take()
        return begun

    def take(self) -> frozenset[str]:
        """The pools of which there was news since the last time."""
        self.interrupt.take()  # first, so that what is heard meanwhile wakes once too often, and not never
        with self._lock:
            heard, self._heard = self._heard, frozenset()
        return heard

    def _hear(self, changes: Sequence[Change]) -> None:
        news = self._pools.intersection(
            change.pool_key for change in changes if isinstance(change, SlotsFreed | PoolLimitChanged)
        )
        if news:
            with self._lock:
                self._heard |= news
            self.interrupt.set()


class PoolLine:
    """Attempts that are about to ask, and attempts that wait. ``place_of`` says whose room an attempt needs.

    An attempt that gets its slots is put back to the others of ``dispatch``. One that has waited for too long ends.
    """

    def __init__(
        self, claims: PoolClaims, news: SlotNews, dispatch: Dispatch, place_of: Callable[[StepAttempt], object]
    ) -> None:
        self._claims = claims
        self._news = news
        self._dispatch = dispatch
        self._place_of = place_of
        self._asking: dict[_Group, list[tuple[tuple[int, int], StepAttempt]]] = {}
        self._waiting: dict[StepAttempt, int] = {}
        self._refused: dict[StepAttempt, None] = {}
        self._waits = 0

    def __bool__(self) -> bool:
        """Whether anybody asks or waits."""
        return bool(self._asking or self._waiting)

    @property
    def interrupt(self) -> Interrupt:
        """Ends a wait on the clock when slots are given back that somebody waits for."""
        return self._news.interrupt

    def add(self, attempt: StepAttempt) -> None:
        """Have an attempt ask that needs slots which it does not have."""
        heapq.heappush(self._asking.setdefault(self._group(attempt), []), (attempt.order, attempt))

    def listen(self) -> None:
        """Hear of the pools that somebody here was refused; who waits for freed slots asks again."""
        self._rouse(self._news.follow(self._waited_for()))
        self._rouse(self._news.take())

    def close(self) -> None:
        """Hear of nothing any more."""
        self._news.follow(_NONE)

    def ask(self, has_room: Callable[[StepAttempt], bool]) -> None:
        """Let those ask that could begin at once."""
        waiting = Counter(map(self._group, self._waiting))
        for group in sorted(self._asking, key=lambda group: self._asking[group][0][0]):
            asking = self._asking[group]
            while asking and waiting[group] < WAITING_MAX and has_room(asking[0][1]):
                waiting[group] += self._is_refused(heapq.heappop(asking)[1])
            if not asking:
                del self._asking[group]

    def release(self, attempt: StepAttempt) -> None:
        """Give back what an attempt holds, if it does. ``SlotNews`` tells those who wait for it."""
        if attempt.holds_slots:
            attempt.holds_slots = False
            self._claims.release(attempt.step)

    def withdraw(self) -> list[StepAttempt]:
        """Let nobody ask or wait any more; who did."""
        attempts = [*self._waiting, *(attempt for asking in self._asking.values() for _, attempt in asking)]
        self._asking.clear()
        self._waiting.clear()
        self._refused.clear()
        for attempt in attempts:
            self._claims.withdraw(attempt.step)
        return attempts

    def _is_refused(self, attempt: StepAttempt) -> bool:
        """Let an attempt ask. Whether it waits now."""
        try:
            refused = self._claims.claim(attempt.step, attempt.number)
        except ExecutionError as error:
            self._refused.pop(attempt, None)
            outcome = StepOutcome(failure=AttemptFailure.of(error, repeatable=False))
            self._dispatch.ended(attempt, lambda: outcome)
            return False
        if refused is None:
            attempt.holds_slots = True
            self._refused.pop(attempt, None)
            pools = ",".join(pool for pool, _ in attempt.step.pools)
            self._dispatch.note(attempt, "StepSlotClaimed", ("pools", pools))
            self._dispatch.put_back([attempt])
            return False
        self._waits += 1
        wait = self._waiting[attempt] = self._waits
        self._refused[attempt] = None
        if refused.reason is not None:
            self._dispatch.note(attempt, "StepSlotWaiting", ("reason", refused.reason))
        self._dispatch.after(refused.seconds, attempt.order, lambda: self._ask_again(attempt, wait))
        return True

    def _ask_again(self, attempt: StepAttempt, wait: int) -> None:
        """The wait of that number is over; nothing happens when it was cut short."""
        if self._waiting.get(attempt) == wait:
            del self._waiting[attempt]
            self.add(attempt)

    def _waited_for(self) -> frozenset[str]:
        """The pools that stood in the way of somebody who is still here."""
        if not self._refused:
            return _NONE
        return frozenset(pool for attempt in self._refused for pool, _ in attempt.step.pools)

    def _rouse(self, pools: Collection[str]) -> None:
        if not pools:
            return
        for attempt in [each for each in self._waiting if any(pool in pools for pool, _ in each.step.pools)]:
            del self._waiting[attempt]
            self.add(attempt)

    def _group(self, attempt: StepAttempt) -> _Group:
        return (self._place_of(attempt), *attempt.step.pools)
