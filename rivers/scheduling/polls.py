"""When sensors are polled: the first poll at the start, each next one an interval after the previous tick finished.

Owns the agenda of the polls; does not evaluate anything. Moments are readings of a monotonic clock in seconds, given by
the caller.
"""

from __future__ import annotations

import heapq
from typing import Final

from rivers.durations import NANOS_PER_SECOND, parse_duration

DEFAULT_INTERVAL_NS: Final = 30 * NANOS_PER_SECOND
SHORTEST_INTERVAL_NS: Final = 1_000_000


def interval_ns(minimum_interval: str | None) -> int:
    """The time between two polls. Text that is no duration means 30 s, as the sensor does not check it when declared.

    Never less than 1 ms: an interval of zero would keep a simulated instant from ending.
    """
    if minimum_interval is None:
        return DEFAULT_INTERVAL_NS
    try:
        return max(SHORTEST_INTERVAL_NS, parse_duration(minimum_interval, "minimum_interval"))
    except ValueError:
        return DEFAULT_INTERVAL_NS


def timeout_ns(eval_timeout: str | None) -> int | None:
    """How long an evaluation may take; ``None``, also for text that is no duration, when it may take for ever."""
    if eval_timeout is None:
        return None
    try:
        return parse_duration(eval_timeout, "eval_timeout")
    except ValueError:
        return None


def next_poll_at(finished_at: float, interval: int) -> float:
    """When to poll again after a tick that finished at ``finished_at``; the interval is in nanoseconds."""
    return finished_at + interval / NANOS_PER_SECOND


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
        """The earliest appointment; ``None`` when there is none."""
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
