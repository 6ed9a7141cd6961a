"""Windows on the naive timeline: a grid of starts, cut to a beginning and an end, each written as a key.

Arithmetic on the grid answers everything. Only a list of keys enumerates, and only what it lists.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from rivers.durations import NANOS_PER_SECOND
from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.definitions import DynamicKeys
from rivers.partitions.grids import CronGrid, Grid, IntervalGrid, wall_times
from rivers.partitions.key_formats import KeyFormat, key_format
from rivers.partitions.naive_time import DAY_NANOS, to_datetime, to_nanos, to_text
from rivers.partitions.one_dimension import NEAREST_MAX, OneDimension
from rivers.partitions.reserved import value_faults

_TRIED_NANOS: Final = (4 * 365 + 1) * DAY_NANOS
_TRIED_MAX: Final = 1024
_LAST_NANOS: Final = 253_402_300_800 * 10**9  # the end of the year 9999


def refuse_ambiguous_keys(grid: Grid, start: int, key_format: KeyFormat) -> None:
    """Try the format on the windows of the first four years from ``start``, at most 1024 of them.

    :raises PartitionDefinitionError: a window's key does not parse back to its start, is empty, or holds a reserved
        character; the message names the format, the start, the key and what that parses back to
    """
    first = grid.at_or_after(start)
    if first is None or first >= _LAST_NANOS:
        return
    sample = key_format.render(first)
    for fault in value_faults(sample):
        raise PartitionDefinitionError(f"fmt '{key_format.fmt}': {fault}, the key of the window from {to_text(first)}")
    if key_format.tells_apart(grid.unit):
        return
    # The window after the first is always looked at: years apart, a format without a year would pass.
    second = grid.step(first, 1)
    end = max(first + _TRIED_NANOS, 0 if second is None else second + 1)
    for window in islice(grid.starts(first, min(end, _LAST_NANOS)), _TRIED_MAX):
        key = key_format.render(window)
        parsed = key_format.parse(key)
        if parsed != window:
            back = "nothing" if parsed is None else to_text(parsed)
            raise PartitionDefinitionError(
                f"fmt '{key_format.fmt}' does not tell the windows apart: the window from {to_text(window)} has the "
                f"key '{key}', which parses back to {back}"
            )


DAILY: Final = "0 0 * * *"
HOURLY: Final = "0 * * * *"
DAILY_FORMAT: Final = "%Y-%m-%d"
HOURLY_FORMAT: Final = "%Y-%m-%dT%H:00"
DEFAULT_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"
_LAST_MOMENT: Final = to_nanos(datetime.max)
_KINDS: Final = {DAILY: "daily", HOURLY: "hourly"}


class TimeWindowPartitions(OneDimension, variant="TimeWindow"):
    """``PartitionsDefinition.TimeWindow``: a window from each start of a grid to the next.

    The windows are those that start at or after ``start`` and before ``end``; without an end, those that start at or
    before ``now``, so that the window that has not ended yet is one of them.
    """

    __slots__ = (
        "_end_nanos",
        "_format",
        "_grid",
        "_start_nanos",
        "cron_schedule",
        "end",
        "fmt",
        "interval_seconds",
        "start",
    )

    def __init__(
        self,
        cron_schedule: str | None = None,
        interval_seconds: float | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        fmt: str | None = None,
    ) -> None:
        if cron_schedule is not None and not isinstance(cron_schedule, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"cron_schedule must be a str, got {type(cron_schedule).__name__}")
        if interval_seconds is not None and (
            isinstance(interval_seconds, bool) or not isinstance(interval_seconds, int | float)  # pyright: ignore[reportUnnecessaryIsInstance]
        ):
            raise TypeError(f"interval_seconds must be a number, got {type(interval_seconds).__name__}")
        if fmt is not None and not isinstance(fmt, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"fmt must be a str, got {type(fmt).__name__}")
        self.cron_schedule = cron_schedule
        self.interval_seconds = interval_seconds
        self.start = _naive("start", start)
        self.end = None if end is None else _naive("end", end)
        self.fmt = DEFAULT_FORMAT if fmt is None else fmt
        self._start_nanos = to_nanos(self.start)
        self._end_nanos = None if self.end is None else to_nanos(self.end)
        self._grid: Grid | None = None
        self._format: KeyFormat | None = None

    def check(self) -> None:
        refuse_ambiguous_keys(self.grid, self._start_nanos, self.format)

    @property
    def grid(self) -> Grid:
        """The starts of the windows, regardless of where they begin and end.

        :raises PartitionDefinitionError: when the cron expression or the interval is wrong
        """
        if self._grid is None:
            self._grid = self._made_grid()
        return self._grid

    def _made_grid(self) -> Grid:
        if (self.cron_schedule is None) == (self.interval_seconds is None):
            how_many = "neither" if self.cron_schedule is None else "both"
            raise PartitionDefinitionError(f"time windows need cron_schedule or interval_seconds, got {how_many}")
        if self.interval_seconds is not None:
            return IntervalGrid(self._start_nanos, _interval_nanos(self.interval_seconds))
        from rivers.cron.expressions import cron_fault

        expression = self.cron_schedule or ""
        fault = cron_fault(expression)
        if fault is not None:
            raise PartitionDefinitionError(f"invalid cron_schedule '{expression}': {fault}")
        if self.start.microsecond:
            raise PartitionDefinitionError(f"start {self.start} of cron windows must be a whole second")
        return CronGrid(wall_times(expression))

    @property
    def format(self) -> KeyFormat:
        """The way a window's start is written. :raises PartitionDefinitionError: for an unknown directive"""
        if self._format is None:
            self._format = key_format(self.fmt)
        return self._format

    def describe(self) -> str:
        if self.interval_seconds is not None:
            kind = f"every {self.interval_seconds:g} s"
        else:
            kind = _KINDS.get(self.cron_schedule or "", f"cron '{self.cron_schedule}'")
        end = "" if self.end is None else f" until {self.end}"
        return f"the time windows ({kind} from {self.start}{end}, fmt '{self.fmt}')"

    # Windows as moments, in nanoseconds on the naive timeline.

    def bounds(self, now: datetime) -> tuple[int, int]:
        """Return ``start`` and ``end``, so that ``start <= t < end`` holds for all windows there are at ``now``."""
        return self._start_nanos, to_nanos(now) + 1 if self._end_nanos is None else self._end_nanos

    def start_of(self, value: str) -> int | None:
        """Return the start of the window that a key names, in range or not; ``None`` unless it lies on the grid."""
        start = self.format.parse_exactly(value)
        return start if start is not None and self.grid.contains(start) else None

    def window_of(self, value: str) -> tuple[datetime, datetime]:
        """Return start and end, half-open, of the window that a key names.

        :raises PartitionDefinitionError: when the key does not have the format
        """
        start = self._member(value)
        following = self.grid.at_or_after(start + 1)
        end = datetime.max if following is None or following > _LAST_MOMENT else to_datetime(following)
        return to_datetime(start), end

    # Windows as values.

    def has_value(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        start = self.format.parse_exactly(value)
        if start is None:
            return False
        low, high = self.bounds(now)
        return low <= start < high and self.grid.contains(start)

    def iter_values(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        return map(self.format.render, self.grid.starts(*self.bounds(now)))

    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        return self.grid.count(*self.bounds(now))

    def first_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        low, high = self.bounds(now)
        return self._value_within(self.grid.at_or_after(low), low, high)

    def latest_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        low, high = self.bounds(now)
        return self._value_within(self.grid.at_or_before(high - 1), low, high)

    def _value_within(self, start: int | None, low: int, high: int) -> str | None:
        return self.format.render(start) if start is not None and low <= start < high else None

    def is_after(self, value: str, other: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return self._member(value) > self._member(other)

    def values_between(self, first: str, last: str, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        return map(self.format.render, self.grid.starts(self._member(first), self._member(last) + 1))

    def _member(self, value: str) -> int:
        start = self.format.parse(value)
        if start is None:
            raise PartitionDefinitionError(f"partition key '{value}' does not have the format '{self.fmt}'")
        return start

    def near_values(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> list[str]:
        low, high = self.bounds(now)
        meant = self.format.parse_loosely(value)
        if meant is None:
            ends = (self.first_value(now), self.latest_value(now))
            return list(dict.fromkeys(end for end in ends if end is not None))
        place = self.grid.at_or_before(max(low, min(meant, high - 1)))
        if place is None:
            place = self.grid.at_or_after(low)
        around = [] if place is None else [self.grid.step(place, n) for n in range(1 - NEAREST_MAX, NEAREST_MAX + 1)]
        members = [start for start in around if start is not None and low <= start < high]
        members.sort(key=lambda start: (abs(start - meant), start))
        return list(map(self.format.render, members[:NEAREST_MAX]))

    def _content(self) -> tuple[Any, ...]:
        return self.cron_schedule, self.interval_seconds, self.start, self.end, self.fmt

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, TimeWindowPartitions) else NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[Any, ...]:
        return TimeWindowPartitions, self._content()

    def __repr__(self) -> str:
        return (
            f"PartitionsDefinition.time_window(start={self.start!r}, cron_schedule={self.cron_schedule!r}, "
            f"interval_seconds={self.interval_seconds!r}, end={self.end!r}, fmt={self.fmt!r})"
        )


def _naive(parameter: str, moment: object) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError(f"{parameter} must be a datetime, got {type(moment).__name__}")
    if moment.tzinfo is not None:
        raise TypeError(
            f"{parameter} must be a naive datetime, got {moment!r}: windows lie on a timeline without zones"
        )
    return moment


def _interval_nanos(seconds: float) -> int:
    if isinstance(seconds, int) and seconds > sys.float_info.max:
        raise PartitionDefinitionError("interval_seconds is no number that a float can hold")
    exact = Decimal(repr(seconds))  # the number as it was written: 0.1 is not quite a tenth
    if not exact.is_finite() or exact * NANOS_PER_SECOND < 1:
        raise PartitionDefinitionError(f"interval_seconds must be a finite number of at least 1e-9, got {seconds!r}")
    return round(exact * NANOS_PER_SECOND)
