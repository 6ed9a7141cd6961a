"""Whether the windows of one grid start on another, whatever their start dates and ends.

Exact between two cron grids, between two intervals, and wherever a day is a whole number of intervals; for other
intervals the first few thousand windows are looked at.
"""

from __future__ import annotations

from itertools import islice
from math import gcd
from typing import Final

from rivers.cron.dates import EveryDate
from rivers.durations import NANOS_PER_SECOND
from rivers.partitions.grids import CronGrid, Grid, IntervalGrid
from rivers.partitions.naive_time import DAY_NANOS

_LOOKED_AT_MAX: Final = 4096
_LAST_NANOS: Final = 253_402_300_800 * NANOS_PER_SECOND  # the end of the year 9999


def first_stray(windows: Grid, grid: Grid, start: int) -> int | None:
    """A start of ``windows``, at or after ``start``, that is none of ``grid``; ``None`` when they all are.

    Moments are in nanoseconds on the naive timeline.
    """
    if isinstance(windows, CronGrid) and isinstance(grid, CronGrid):
        found = windows.wall.first_outside(grid.wall, -(-start // NANOS_PER_SECOND))
        return None if found is None else found * NANOS_PER_SECOND
    near = _stray_among(windows, grid, start)
    if near is not None:
        return near
    if isinstance(windows, IntervalGrid) and isinstance(grid, CronGrid) and windows.interval <= DAY_NANOS:
        return _stray_of_interval(windows, grid, start)
    if isinstance(windows, CronGrid) and isinstance(grid, IntervalGrid) and DAY_NANOS % grid.interval == 0:
        return _stray_of_times(windows, grid, start)
    return None


def _stray_among(windows: Grid, grid: Grid, start: int) -> int | None:
    """Among the first windows: of two intervals, the first two decide."""
    both_even = isinstance(windows, IntervalGrid) and isinstance(grid, IntervalGrid)
    starts = islice(windows.starts(start, _LAST_NANOS), 2 if both_even else _LOOKED_AT_MAX)
    return next((each for each in starts if not grid.contains(each)), None)


def _stray_of_interval(windows: IntervalGrid, grid: CronGrid, start: int) -> int | None:
    """Every date has a window, at times of day that are the same residues over and over."""
    # They start on whole seconds: a fraction would have shown in the first two windows.
    step_seconds = gcd(windows.interval, DAY_NANOS) // NANOS_PER_SECOND
    residues = range(windows.anchor // NANOS_PER_SECOND % step_seconds, DAY_NANOS // NANOS_PER_SECOND, step_seconds)
    strange = sorted({*residues}.difference(grid.wall.times_of_day))
    days = grid.wall.dates
    if not strange:
        outside = EveryDate().first_outside(days, -(-start // DAY_NANOS))
        return None if outside is None else windows.at_or_after(outside * DAY_NANOS)
    moment = windows.at_or_after(start)
    strange_nanos = {time * NANOS_PER_SECOND for time in strange}
    while moment % DAY_NANOS not in strange_nanos:
        moment += windows.interval
    return moment


def _stray_of_times(windows: CronGrid, grid: IntervalGrid, start: int) -> int | None:
    """A day is a whole number of intervals, so that a time of day decides for every date."""
    strange = [time for time in windows.wall.times_of_day if not grid.contains(time * NANOS_PER_SECOND)]
    starts = windows.starts(start, _LAST_NANOS) if strange else iter(())
    return next((each for each in starts if not grid.contains(each)), None)
