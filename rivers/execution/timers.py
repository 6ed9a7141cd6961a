"""What is to happen at which time of a run's clock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

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
    """In whole microseconds, to which clocks round: no wait could reach the rest of one."""
    return round(moment, 6)
