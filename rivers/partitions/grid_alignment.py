"""Whether every window of one definition starts where a window of another does.

Exact, and without walking the windows. Two facts carry it: all dates of a cron expression have the same times of day,
so that times and dates can be looked at apart; and which dates a year has depends only on the weekday it begins with
and on whether it is a leap year, so that one year of each of the 14 kinds stands for all others. What is left to walk
are the starts of an interval grid against a cron grid that leaves dates out: they are followed to the first that is off
the grid, usually within weeks, and for at most 400 years, when the calendar begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from math import gcd
from typing import Final

from rivers.partitions.grids import CronGrid, Grid, IntervalGrid
from rivers.partitions.naive_time import DAY_NANOS, to_nanos
from rivers.partitions.time_windows import TimeWindowPartitions

_CYCLE_DAYS: Final = 146_097
_YEAR_KINDS_COUNT: Final = 14
_EPOCH: Final = date(1970, 1, 1)


def start_off_grid(downstream: TimeWindowPartitions, upstream: TimeWindowPartitions) -> int | None:
    """The start of a downstream window, in nanoseconds, that is no start of the upstream's grid.

    ``None`` when all of them are. Where the upstream begins and ends does not matter, only its grid.
    """
    inner, outer = downstream.grid, upstream.grid
    low, high = downstream.bounds(datetime.max)
    first = inner.at_or_after(low)
    if first is None or first >= high or _is_same(inner, outer):
        return None
    if isinstance(inner, IntervalGrid):
        if isinstance(outer, IntervalGrid):
            return _interval_off_interval(inner, outer, first, high)
        return _interval_off_cron(inner, outer, first, high)
    is_periodic = not (_lists_years(downstream) or _lists_years(upstream))
    if isinstance(outer, IntervalGrid):
        return _cron_off_interval(inner, outer, low, high, is_periodic=is_periodic)
    return _cron_off_cron(inner, outer, low, high, is_periodic=is_periodic)


def _is_same(inner: Grid, outer: Grid) -> bool:
    # The times of an expression are read once, and shared.
    return isinstance(inner, CronGrid) and isinstance(outer, CronGrid) and inner.wall is outer.wall


def _lists_years(definition: TimeWindowPartitions) -> bool:
    return len((definition.cron_schedule or "").split()) > 6


def _interval_off_interval(inner: IntervalGrid, outer: IntervalGrid, first: int, high: int) -> int | None:
    if not outer.contains(first):
        return first
    second = first + inner.interval
    return None if second >= high or outer.contains(second) else second


def _interval_off_cron(inner: IntervalGrid, outer: Grid, first: int, high: int) -> int | None:
    # After this many starts the times of day repeat.
    times_count = DAY_NANOS // gcd(inner.interval, DAY_NANOS)
    allowed = _times_of_day(outer, first)
    for start in islice(range(first, high, inner.interval), times_count):
        if start % DAY_NANOS not in allowed:
            return start
    if _has_every_date(outer, len(allowed)):
        return None
    if inner.interval <= DAY_NANOS:
        missing = (day for day in _days_by_kind(first, high) if not _has_date(outer, day))
    elif inner.interval == 7 * DAY_NANOS:
        weekday = first // DAY_NANOS % 7
        days = (day for day in _days_by_kind(first, high) if day % 7 == weekday)
        missing = (day for day in days if not _has_date(outer, day))
    else:
        starts = range(first, min(high, first + _CYCLE_DAYS * DAY_NANOS), inner.interval)
        missing = (start // DAY_NANOS for start in starts if not outer.contains(start))
    return _first_start_of_days(inner, missing, first, high)


def _cron_off_interval(inner: Grid, outer: IntervalGrid, low: int, high: int, *, is_periodic: bool) -> int | None:
    # Of the first two dates one has all times of day, if there are more than two.
    for day in islice(_dates(inner, low, high), 2):
        for start in inner.starts(max(low, day * DAY_NANOS), min(high, (day + 1) * DAY_NANOS)):
            if not outer.contains(start):
                return start
    if DAY_NANOS % outer.interval == 0:
        return None
    if is_periodic and 7 * DAY_NANOS % outer.interval == 0:
        periods = _periods_by_kind(low, high)
    else:
        # When the calendar begins anew, the next date must be on the grid as well: eight years at most until it comes.
        periods = iter([(low, min(high, low + (_CYCLE_DAYS + 8 * 366) * DAY_NANOS))])
    for start, end in periods:
        for day in _dates(inner, start, end):
            first_of_day = inner.at_or_after(max(start, day * DAY_NANOS))
            if first_of_day is not None and not outer.contains(first_of_day):
                return first_of_day
    return None


def _cron_off_cron(inner: Grid, outer: Grid, low: int, high: int, *, is_periodic: bool) -> int | None:
    allowed = _times_of_day(outer, low)
    foreign = [time for time in sorted(_times_of_day(inner, low)) if time not in allowed]
    for day in islice(_dates(inner, low, high), 2):
        for time in foreign:
            if low <= day * DAY_NANOS + time < high:
                return day * DAY_NANOS + time
    if is_periodic and _has_every_date(outer, len(allowed)):
        return None
    for start, end in _periods_by_kind(low, high) if is_periodic else iter([(low, high)]):
        missing = (day for day in _dates(inner, start, end) if not _has_date(outer, day))
        found = _first_start_of_days(inner, missing, start, end)
        if found is not None:
            return found
    return None


def _times_of_day(grid: Grid, moment: int) -> frozenset[int]:
    """The times of day of a cron grid, which are those of any of its dates."""
    start = grid.at_or_after(moment)
    if start is None:
        start = grid.at_or_before(moment)
    if start is None:
        return frozenset()
    midnight = start - start % DAY_NANOS
    return frozenset(each - midnight for each in grid.starts(midnight, midnight + DAY_NANOS))


def _has_every_date(grid: Grid, times_count: int) -> bool:
    return grid.count(0, _CYCLE_DAYS * DAY_NANOS) == _CYCLE_DAYS * times_count


def _has_date(grid: Grid, day: int) -> bool:
    return grid.count(day * DAY_NANOS, (day + 1) * DAY_NANOS) > 0


def _dates(grid: Grid, start: int, end: int) -> Iterator[int]:
    """The days on which windows start in ``start <= t < end``, as days since 1970-01-01."""
    found = grid.at_or_after(start)
    while found is not None and found < end:
        day = found // DAY_NANOS
        yield day
        found = grid.at_or_after((day + 1) * DAY_NANOS)


def _first_start_of_days(grid: Grid, days: Iterator[int], low: int, high: int) -> int | None:
    for day in days:
        start = grid.at_or_after(max(low, day * DAY_NANOS))
        if start is not None and start < min(high, (day + 1) * DAY_NANOS):
            return start
    return None


def _days_by_kind(low: int, high: int) -> Iterator[int]:
    for start, end in _periods_by_kind(low, high):
        yield from range(start // DAY_NANOS, -(-end // DAY_NANOS))


def _periods_by_kind(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The years in ``low <= t < high``, cut to it; of whole years, the first of each kind."""
    seen: dict[tuple[int, int], None] = {}
    year = (_EPOCH + timedelta(days=low // DAY_NANOS)).year
    while len(seen) < _YEAR_KINDS_COUNT and year < datetime.max.year:
        start, end = to_nanos(datetime(year, 1, 1)), to_nanos(datetime(year + 1, 1, 1))
        if start >= high:
            return
        kind = (start // DAY_NANOS % 7, end - start)
        if low <= start and end <= high:
            if kind not in seen:
                seen[kind] = None
                yield start, end
        else:
            yield max(low, start), min(high, end)
        year += 1
