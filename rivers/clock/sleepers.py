"""The heap of sleepers that wait for simulated time, in the one order in which they are woken."""

from __future__ import annotations

import heapq
from typing import Protocol

from rivers.clock.moments import FOREVER

_DEAD_MIN = 64  # below this, rebuilding the heap saves nothing

AFTER_ALL = 1 << 40
"""Added to the rank of what waits for the quiet of an instant: it comes after whoever's deadline is this instant."""


class Sleeper(Protocol):
    """A wait that is woken once, unless it dies (is cancelled) before."""

    @property
    def live(self) -> bool: ...

    def wake(self) -> None: ...


class Sleepers:
    """Sleepers by (deadline, rank, order of registration). The dead are skipped, and swept when the majority."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Sleeper]] = []
        self.count = 0  # of all that ever slept, also the number of the next
        self._dead = 0

    def add(self, deadline_ns: int, rank: int, sleeper: Sleeper) -> None:
        """Register a sleeper. One without an end (``FOREVER``) is never woken and needs no place."""
        if deadline_ns < FOREVER:
            heapq.heappush(self._heap, (deadline_ns, rank, self.count, sleeper))
            self.count += 1

    def note_death(self) -> None:
        """Count a registered sleeper as dead, or the heap would keep every cancelled timeout until its deadline."""
        self._dead += 1
        if self._dead > _DEAD_MIN and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[3].live]
            heapq.heapify(self._heap)
            self._dead = 0

    def next_deadline(self) -> int | None:
        """Return when the next sleeper is due, in nanoseconds; ``None`` when nothing sleeps."""
        heap = self._heap
        while heap and not heap[0][3].live:
            heapq.heappop(heap)
            self._dead = max(0, self._dead - 1)
        return heap[0][0] if heap else None

    def pop(self) -> tuple[int, Sleeper]:
        """Take the sleeper whose deadline ``next_deadline`` returned, with its number."""
        _, _, sequence, sleeper = heapq.heappop(self._heap)
        return sequence, sleeper

    def clear(self) -> None:
        """Forget all sleepers, because their loop has ended."""
        self._heap.clear()
        self._dead = 0

    def __len__(self) -> int:
        return sum(entry[3].live for entry in self._heap)
