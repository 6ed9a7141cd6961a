"""The instants at which a cron schedule fires.

Joins the wall times of the expression to the stretches of its time zone, under these rules for the days on which the
clock changes:

* **Gap.** A time that the clock jumps over fires at the first instant after the gap, once however many there were. A
  schedule of every hour (``5 * * * *``) has no such substitute: its next regular time is the same real time away.
* **Overlap.** A named hour (``2``, ``1,5``, ``9-17``) fires in the first pass only; an interval (``*``, ``*/2``) in
  both.

The rules are croniter's, but for named hours in an overlap, which croniter fires twice. Tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rivers.cron.wall_times import WallTimes
from rivers.durations import NANOS_PER_SECOND
from rivers.scheduling.zones import OVERLAP_MAX, Stretch, stretches, year_of, year_start

_SEARCH_YEARS_MAX: Final = 100
_YEAR_MAX: Final = 9990  # datetime ends with 9999


@dataclass(frozen=True, slots=True)
class MissedRange:
    """``count`` scheduled times, the first and the last of them in epoch nanoseconds."""

    first: int
    last: int
    count: int


class CronTimes:
    """The times of one schedule, in epoch nanoseconds. ``timezone`` is an IANA name; ``None`` means UTC.

    The expression is taken to be valid: :mod:`rivers.definitions` has checked it when the schedule was declared.
    :raises ValueError: it cannot be parsed after all.
    """

    def __init__(self, expression: str, timezone: str | None = None) -> None:
        self.expression = expression
        self.timezone = timezone or "UTC"
        self._wall = WallTimes(expression)
        self._answered = (0, 0)  # the last question to after() and its answer: a running schedule asks it again
        self._stretch: Stretch | None = None

    def after(self, ns: int) -> int | None:
        """Return the first time strictly after ``ns``; ``None`` when there is no more (none in 100 years)."""
        asked, answer = self._answered
        if asked <= ns < answer:
            return answer
        found = self._after_in_stretch(ns // NANOS_PER_SECOND)
        if found is None:
            found = self._search_after(ns // NANOS_PER_SECOND)
        if found is None:
            return None
        self._answered = (ns, found * NANOS_PER_SECOND)
        return found * NANOS_PER_SECOND

    def _after_in_stretch(self, start: int) -> int | None:
        """Return the answer from the stretch of the last search. That is enough unless the clock changes near it."""
        stretch = self._stretch
        if stretch is None or not stretch.start + OVERLAP_MAX <= start < stretch.end:
            return None
        found = self._wall.first(start + 1 + stretch.offset, stretch.end + stretch.offset)
        return None if found is None else found - stretch.offset

    def _search_after(self, start: int) -> int | None:
        first_year = year_of(start)
        self._stretch = next(stretches(self.timezone, start, year_start(first_year + 1)))
        for year in range(first_year, min(first_year + _SEARCH_YEARS_MAX, _YEAR_MAX)):
            until = year_start(year + 1)
            for part in self._parts(start, until):
                if part.first is not None:
                    return part.first
            start = until
        return None

    def span(self, low_ns: int, high_ns: int) -> MissedRange | None:
        """Count the times in ``low_ns < t <= high_ns`` without walking them; ``None`` when there are none."""
        first = last = None
        count = 0
        for part in self._parts(low_ns // NANOS_PER_SECOND, high_ns // NANOS_PER_SECOND):
            if part.first is not None:
                first = part.first if first is None else first
                last = part.last
                count += part.count()
        if first is None or last is None:
            return None
        return MissedRange(first * NANOS_PER_SECOND, last * NANOS_PER_SECOND, count)

    def _parts(self, after: int, until: int) -> Iterator[_Part]:
        if until <= after:
            return
        for stretch in stretches(self.timezone, after, until):
            yield _Part(self._wall, stretch, after, until)


class _Part:
    """The times of a schedule in one stretch of even local time, cut to ``after < t <= until``; in UTC seconds."""

    def __init__(self, wall: WallTimes, stretch: Stretch, after: int, until: int) -> None:
        self._wall = wall
        self._offset = stretch.offset
        start = stretch.start
        if stretch.offset < stretch.offset_before and not wall.recurs_by_interval:
            start += stretch.offset_before - stretch.offset
        self._start = max(start, after + 1) + stretch.offset
        self._end = min(stretch.end, until + 1) + stretch.offset
        self._substitute = stretch.start if after < stretch.start and self._has_substitute(stretch) else None

    def _has_substitute(self, stretch: Stretch) -> bool:
        """Whether a time fell into the gap before the stretch and none is due by itself just after it."""
        if stretch.offset <= stretch.offset_before or self._wall.every_hour:
            return False
        resumed = stretch.start + stretch.offset
        gap_start = stretch.start + stretch.offset_before
        return self._wall.first(gap_start, resumed) is not None and self._wall.first(resumed, resumed + 1) is None

    @property
    def first(self) -> int | None:
        if self._substitute is not None:
            return self._substitute
        return self._to_utc(self._wall.first(self._start, self._end))

    @property
    def last(self) -> int | None:
        found = self._to_utc(self._wall.last(self._start, self._end))
        return self._substitute if found is None else found

    def count(self) -> int:
        return self._wall.count(self._start, self._end) + (self._substitute is not None)

    def _to_utc(self, wall_time: int | None) -> int | None:
        return None if wall_time is None else wall_time - self._offset
