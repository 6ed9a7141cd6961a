"""The attempts of one batch that need slots of pools before they may begin, and when they ask for them.

They ask only when there is room to begin at once, in order of the plan, and between two instants of the batch: what
ended together has freed its slots by then, whichever worker was faster.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection
from typing import Final, Protocol

from rivers.exceptions import ExecutionError
from rivers.execution.dispatch.lane import Try
from rivers.execution.runs.pool_claims import Granted, PoolClaims

WAITING_MAX: Final = 16
"""How many attempts that need the same pools ask again and again; those behind them would only ask in vain."""

_Group = tuple[object, ...]
_NONE: Final[frozenset[str]] = frozenset()


class Outcomes(Protocol):
    """What comes of asking."""

    def granted(self, tried: Try) -> None:
        """It holds its slots."""
        ...

    def refused(self, tried: Try, seconds: float, reason: str | None) -> None:
        """It has to wait; ``again`` is to be called after so many seconds."""
        ...

    def timed_out(self, tried: Try, error: ExecutionError) -> None:
        """It has waited for too long."""
        ...


class PoolLine:
    """Attempts that are about to ask, and attempts that wait. ``place_of`` says whose room an attempt needs."""

    def __init__(self, claims: PoolClaims, outcomes: Outcomes, place_of: Callable[[Try], object]) -> None:
        self._claims = claims
        self._outcomes = outcomes
        self._place_of = place_of
        self._asking: dict[_Group, list[tuple[tuple[int, int], Try]]] = {}
        self._waiting: dict[Try, int] = {}
        self._refused: dict[Try, None] = {}
        self._waits = 0

    def __bool__(self) -> bool:
        return bool(self._asking or self._waiting)

    def add(self, tried: Try) -> None:
        """It needs slots that it does not have."""
        heapq.heappush(self._asking.setdefault(self._group(tried), []), (tried.order, tried))

    @property
    def waited_for(self) -> frozenset[str]:
        """The pools that stood in the way of somebody who is still here."""
        return frozenset(pool for tried in self._refused for pool, _ in tried.step.pools) if self._refused else _NONE

    def ask(self, has_room: Callable[[Try], bool]) -> None:
        """Let those ask that could begin at once."""
        waiting = Counter(map(self._group, self._waiting))
        for group in sorted(self._asking, key=lambda group: self._asking[group][0][0]):
            asking = self._asking[group]
            while asking and waiting[group] < WAITING_MAX and has_room(asking[0][1]):
                waiting[group] += self._is_refused(heapq.heappop(asking)[1])
            if not asking:
                del self._asking[group]

    def _is_refused(self, tried: Try) -> bool:
        """Let it ask. Whether it waits now."""
        try:
            answer = self._claims.claim(tried.step, tried.number)
        except ExecutionError as error:
            self._refused.pop(tried, None)
            self._outcomes.timed_out(tried, error)
            return False
        if isinstance(answer, Granted):
            tried.holds_slots = True
            self._refused.pop(tried, None)
            self._outcomes.granted(tried)
            return False
        self._waits += 1
        self._waiting[tried] = self._waits
        self._refused[tried] = None
        self._outcomes.refused(tried, answer.seconds, answer.reason)
        return True

    def wait_of(self, tried: Try) -> int:
        """The number of the wait that it is in."""
        return self._waiting.get(tried, 0)

    def again(self, tried: Try, wait: int) -> None:
        """The time of that wait is over; nothing happens when it was cut short."""
        if self._waiting.get(tried) == wait:
            del self._waiting[tried]
            self.add(tried)

    def rouse(self, pools: Collection[str]) -> None:
        """Slots of these pools were freed: who waits for one of them asks again."""
        if not pools:
            return
        for tried in [tried for tried in self._waiting if any(pool in pools for pool, _ in tried.step.pools)]:
            del self._waiting[tried]
            self.add(tried)

    def withdraw(self) -> list[Try]:
        """Nobody waits any more; who did."""
        tries = [*self._waiting, *(tried for asking in self._asking.values() for _, tried in asking)]
        self._asking.clear()
        self._waiting.clear()
        self._refused.clear()
        for tried in tries:
            self._claims.withdraw(tried.step)
        return tries

    def _group(self, tried: Try) -> _Group:
        return (self._place_of(tried), *tried.step.pools)
