"""Appointments of triggers: when each is due next."""

from __future__ import annotations

import heapq


class Agenda:
    """At most one appointment a name, in the order of (moment, name).

    A name is entered with :meth:`put`, which replaces an earlier appointment, and leaves when :meth:`take_due` returns
    it or with :meth:`drop`. So a trigger that is being evaluated has no appointment and cannot overlap itself.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._moment_of: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._moment_of)

    def put(self, name: str, moment: float) -> None:
        """Expect ``name`` at ``moment``, and no longer at another one."""
        self._moment_of[name] = moment
        heapq.heappush(self._heap, (moment, name))

    def drop(self, name: str) -> None:
        """Expect ``name`` no longer. Dropping a name that has no appointment does nothing."""
        self._moment_of.pop(name, None)

    def next_moment(self) -> float | None:
        """Return the moment of the earliest appointment; ``None`` when there is none."""
        while self._heap and not self._holds(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> list[str]:
        """Remove and return the names whose moment is ``now`` or earlier, by (moment, name)."""
        due: list[str] = []
        while (moment := self.next_moment()) is not None and moment <= now:
            name = heapq.heappop(self._heap)[1]
            del self._moment_of[name]
            due.append(name)
        return due

    def _holds(self, entry: tuple[float, str]) -> bool:
        # A replaced or dropped appointment stays in the heap until it comes to the top.
        moment, name = entry
        return self._moment_of.get(name) == moment
