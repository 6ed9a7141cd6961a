"""The comparison of two definitions: whether they share a key, and whether one's windows start on the other's grid.

Nothing is proved for all time. Grids are compared as far as people look, from the first window on. A difference beyond
that horizon shows when a run for such a key asks for its upstream.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.grids import Grid
from rivers.partitions.naive_time import DAY_NANOS
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.products import MultiPartitions
from rivers.partitions.static import StaticPartitions
from rivers.partitions.time_windows import TimeWindowPartitions

_WINDOWS_COMPARED: Final = 1000
_DAYS_COMPARED: Final = 1500
_STEPS_COMPARED: Final = 10_000


def share_a_key(one: PartitionsDefinition, other: PartitionsDefinition) -> bool:
    """Return whether some key is, or will be, one of both.

    Keys that are registered as the system runs are unknown here, and may be any. Time windows share a key when they
    meet within 10 000 steps from a window of one to the next of the other. Of windows with different formats the first
    1000 of each are compared.
    """
    if isinstance(one, MultiPartitions) and isinstance(other, MultiPartitions):
        dimensions = dict(other.dimensions)
        return sorted(dimensions) == sorted(one.names) and all(
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
    return (
        isinstance(one, TimeWindowPartitions)
        and isinstance(other, TimeWindowPartitions)
        and _share_a_window(one, other)
    )


def start_off_grid(downstream: TimeWindowPartitions, upstream: TimeWindowPartitions) -> int | None:
    """Return the start of a downstream window, in nanoseconds, that is no start of the upstream's grid.

    The first 1000 downstream windows are compared, then the first window of each of the first 1500 days that have one.
    ``None`` when all of them are on the grid. Where the upstream begins and ends does not matter.
    """
    inner, outer = downstream.grid, upstream.grid
    if inner == outer:
        return None
    low, high = downstream.bounds(datetime.max)
    windows = islice(inner.starts(low, high), _WINDOWS_COMPARED)
    days = islice(_first_of_each_day(inner, low, high), _DAYS_COMPARED)
    return next((start for start in chain(windows, days) if not outer.contains(start)), None)


def _first_of_each_day(grid: Grid, low: int, high: int) -> Iterator[int]:
    start = grid.at_or_after(low)
    while start is not None and start < high:
        yield start
        start = grid.at_or_after(start - start % DAY_NANOS + DAY_NANOS)


def _share_a_window(one: TimeWindowPartitions, other: TimeWindowPartitions) -> bool:
    if one.fmt != other.fmt:
        return _share_a_text(one, other) or _share_a_text(other, one)
    (low, high), (other_low, other_high) = one.bounds(datetime.max), other.bounds(datetime.max)
    return _meet(one.grid, other.grid, max(low, other_low), min(high, other_high))


def _share_a_text(one: TimeWindowPartitions, other: TimeWindowPartitions) -> bool:
    values = islice(one.iter_values(datetime.max), _WINDOWS_COMPARED)
    return any(other.has_value(value, datetime.max) for value in values)


def _meet(one: Grid, other: Grid, low: int, high: int) -> bool:
    """Return whether a start in ``low <= t < high`` is one of both. Each grid is asked in turn for its next."""
    start = low
    for step in range(_STEPS_COMPARED):
        found = (one, other)[step % 2].at_or_after(start)
        if found is None or found >= high:
            return False
        if found == start and step > 0:
            return True
        start = found
    return False
