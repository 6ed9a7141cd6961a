"""Whether two definitions have a key in common, without enumerating their windows or products."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from math import gcd
from typing import Final

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.grids import Grid, IntervalGrid
from rivers.partitions.naive_time import DAY_NANOS
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.products import MultiPartitions
from rivers.partitions.static import StaticPartitions
from rivers.partitions.time_windows import TimeWindowPartitions

# After so long the calendar begins anew.
_CYCLE_NANOS: Final = 146_097 * DAY_NANOS
_COMPARED_MAX: Final = 1024


def share_a_key(one: PartitionsDefinition, other: PartitionsDefinition) -> bool:
    """Whether some key is, or will be, one of both.

    Keys that are registered as the system runs are unknown here, and may be any. Of time windows with different formats
    the first 1024 of each are compared.
    """
    if isinstance(one, MultiPartitions) and isinstance(other, MultiPartitions):
        dimensions = dict(other.dimensions)
        return sorted(dimensions) == sorted(name for name, _ in one.dimensions) and all(
            share_a_key(definition, dimensions[name]) for name, definition in one.dimensions
        )
    if not isinstance(one, OneDimension) or not isinstance(other, OneDimension):
        return False
    if isinstance(one, DynamicPartitions) or isinstance(other, DynamicPartitions):
        return True
    if isinstance(one, StaticPartitions):
        return any(other.has_value(value, datetime.max) for value in one.keys)
    if isinstance(other, StaticPartitions):
        return any(one.has_value(value, datetime.max) for value in other.keys)
    if isinstance(one, TimeWindowPartitions) and isinstance(other, TimeWindowPartitions):
        return _share_a_window(one, other)
    return False


def _share_a_window(one: TimeWindowPartitions, other: TimeWindowPartitions) -> bool:
    if one.fmt != other.fmt:
        return _share_a_text(one, other) or _share_a_text(other, one)
    (low, high), (other_low, other_high) = one.bounds(datetime.max), other.bounds(datetime.max)
    return _meet(one.grid, other.grid, max(low, other_low), min(high, other_high))


def _share_a_text(one: TimeWindowPartitions, other: TimeWindowPartitions) -> bool:
    values = islice(one.iter_values(datetime.max), _COMPARED_MAX)
    return any(other.has_value(value, datetime.max) for value in values)


def _meet(one: Grid, other: Grid, low: int, high: int) -> bool:
    """Whether some start in ``low <= t < high`` is one of both grids: each is asked in turn for its next."""
    if isinstance(one, IntervalGrid) and isinstance(other, IntervalGrid):
        return _intervals_meet(one, other, low, high)
    if not _times_meet(one, other, low):
        return False
    end = min(high, low + _CYCLE_NANOS)
    start = one.at_or_after(low)
    while start is not None and start < end:
        found = other.at_or_after(start)
        if found is None or found >= end:
            return False
        if found == start:
            return True
        start = one.at_or_after(found)
        if start == found:
            return True
    return False


def _intervals_meet(one: IntervalGrid, other: IntervalGrid, low: int, high: int) -> bool:
    """By the Chinese remainder theorem."""
    step = gcd(one.interval, other.interval)
    distance = other.anchor - one.anchor
    if distance % step:
        return False
    modulus = other.interval // step
    steps = distance // step * pow(one.interval // step, -1, modulus) % modulus
    common = IntervalGrid(one.anchor + steps * one.interval, one.interval * modulus)
    return common.at_or_after(low) < high


def _times_meet(one: Grid, other: Grid, moment: int) -> bool:
    """Whether some time of day is one of both, as all dates of a cron grid have the same times of day.

    Without this look at them, two grids that never meet would be asked for every start of centuries.
    """
    if isinstance(one, IntervalGrid):
        one, other = other, one
    times = _times_of_day(one, moment)
    if isinstance(other, IntervalGrid):
        step = gcd(other.interval, DAY_NANOS)
        return any((time - other.anchor) % step == 0 for time in times)
    return not times.isdisjoint(_times_of_day(other, moment))


def _times_of_day(grid: Grid, moment: int) -> frozenset[int]:
    start = grid.at_or_after(moment)
    if start is None:
        return frozenset()
    midnight = start - start % DAY_NANOS
    return frozenset(each - midnight for each in grid.starts(midnight, midnight + DAY_NANOS))
