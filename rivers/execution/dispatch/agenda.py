"""The notes of one instant: what began and what ended in it, settled in order of the plan and not of arrival.

On a wall clock an instant is over at once, so everything is settled when it comes, and what comes together in order of
arrival. On a simulated clock it lasts until nothing is left that could add to it, so that the trace does not depend on
which process was faster.
"""

from __future__ import annotations

import heapq
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from rivers.execution.dispatch.lane import StepAttempt

_BEGIN: Final = 0
_END: Final = 1

Note = Callable[[], object]


class Instant:
    """Notes, which are carried out in the order of the attempts that they are about."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._notes: list[tuple[float, tuple[int, int], int, int, Note]] = []

    def began(self, order: tuple[int, int], note: Note) -> None:
        """Note something that has begun."""
        notes = self._notes
        notes.append((self._monotonic(), order, _BEGIN, len(notes), note))

    def ended(self, order: tuple[int, int], note: Note) -> None:
        """Note something that has ended."""
        notes = self._notes
        notes.append((self._monotonic(), order, _END, len(notes), note))

    @property
    def is_empty(self) -> bool:
        """Whether everything that came was carried out."""
        return not self._notes

    def is_over(self, quiet: bool) -> bool:
        """Whether there are notes and nothing can be added to their instant."""
        return bool(self._notes) and (quiet or self._monotonic() > self._notes[0][0])

    def settle(self) -> None:
        """Carry the notes out."""
        notes, self._notes = self._notes, []
        for *_, note in sorted(notes):
            note()


T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue with a file descriptor that is readable while something is in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[T] = []
        self._reader, self._writer = os.pipe()
        self._open = True

    def put(self, item: T) -> bool:
        """Add ``item``, from any thread; ``False`` when the inbox is closed."""
        with self._lock:
            if not self._open:
                return False
            self._items.append(item)
            if len(self._items) == 1:
                os.write(self._writer, b"\0")
            return True

    def take(self) -> list[T]:
        """Everything that is in it, in order of arrival."""
        with self._lock:
            items, self._items = self._items, []
            if items:
                os.read(self._reader, 1)
            return items

    def fileno(self) -> int:
        """For a wait."""
        return self._reader

    def close(self) -> list[T]:
        """Accept nothing more; returns what nobody has taken."""
        with self._lock:
            items, self._items = self._items, []
            if self._open:
                self._open = False
                os.close(self._reader)
                os.close(self._writer)
            return items


class Quotas:
    """Places for the instances of each map of a batch that has a limit. An instance keeps its place until it is settled
    for good, also while it waits for its next attempt."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[StepAttempt]] = {}

    def admits(self, attempt: StepAttempt) -> bool:
        """Whether an attempt may begin now; otherwise it waits in here."""
        template, most = attempt.step.template, attempt.step.max_concurrency
        if template is None or most is None:
            return True
        taken = self._taken.get(template, 0)
        if taken < most:
            self._taken[template] = taken + 1
            return True
        self._waiting.setdefault(template, deque()).append(attempt)
        return False

    def leave(self, attempt: StepAttempt) -> StepAttempt | None:
        """Give up the place of an attempt that is settled for good; who gets it, if anybody waits for it."""
        template = attempt.step.template
        if template is None or attempt.step.max_concurrency is None:
            return None
        waiting = self._waiting.get(template)
        if waiting:
            return waiting.popleft()
        self._taken[template] -= 1
        return None

    def withdraw(self) -> int:
        """Begin nobody who waits any more; how many these are."""
        count = sum(len(waiting) for waiting in self._waiting.values())
        self._waiting.clear()
        return count


Action = Callable[[], object]


class Timers:
    """Actions by deadline, then by ``order``, then by when they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, tuple[int, ...], int, Action]] = []
        self._sequence = itertools.count()

    def set(self, deadline: float, order: tuple[int, ...], action: Action) -> None:
        """Have ``take_due`` return ``action`` when ``deadline``, in seconds of the clock, has come."""
        heapq.heappush(self._heap, (_whole(deadline), order, next(self._sequence), action))

    def next(self) -> float | None:
        """The first deadline."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> list[Action]:
        """The actions whose deadlines have come, each once."""
        due: list[Action] = []
        while self._heap and self._heap[0][0] <= _whole(now):
            due.append(heapq.heappop(self._heap)[3])
        return due


def _whole(moment: float) -> float:
    """Round to whole microseconds, to which clocks round: no wait could reach the rest of one."""
    return round(moment, 6)
