"""The dates that a cron expression names, ranked: how many lie before a day, and which is the n-th.

A day is the number of days since 1970-01-01. Which dates of a year match depends only on the weekday it begins with and
on whether it has a 29th of February. There are 14 kinds of years, and the kinds repeat every 400 years, so a table of
400 counts answers for every year and nothing is walked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

YearKind = int
"""The weekday (Monday is 0) of the first of January, plus 7 in a leap year."""

_EPOCH_OFFSET: Final = date(1970, 1, 1).toordinal() - 1  # days from 0001-01-01 to 1970-01-01
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097


def _kind_of(year: int) -> YearKind:
    first = date(year, 1, 1)
    return first.weekday() + (7 if (date(year + 1, 1, 1) - first).days == 366 else 0)


_KINDS: Final = tuple(_kind_of(year) for year in range(1, _CYCLE_YEARS + 1))
_YEAR_STARTS: Final = tuple(accumulate((366 if kind >= 7 else 365 for kind in _KINDS), initial=0))
REFERENCE_YEARS: Final = {_kind_of(year): year for year in range(2001, 2029)}
"""A year of each kind. The 28 years that no century interrupts have them all."""

MONTH_LENGTHS: Final = (
    (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
    (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
)
"""The days of each month, of a year without and with a leap day."""


class DatePosition(NamedTuple):
    """The position of a day: how many matching dates lie before it, and whether it is one itself."""

    rank: int
    is_match: bool


class Dates(ABC):
    """A set of dates, without end or over listed years."""

    @abstractmethod
    def place(self, day: int) -> DatePosition:
        """Return the position of ``day``. Ranks count from an arbitrary origin and may be negative."""

    @abstractmethod
    def nth(self, rank: int) -> int | None:
        """Return the matching date of that rank, ``None`` when there is none."""

    @abstractmethod
    def between(self, start: int, end: int) -> Iterator[int]:
        """Yield the matching dates in ``start <= day < end``, in order."""


class EveryDate(Dates):
    """Every date there is."""

    def place(self, day: int) -> DatePosition:
        return DatePosition(day, True)

    def nth(self, rank: int) -> int | None:
        return rank

    def between(self, start: int, end: int) -> Iterator[int]:
        return iter(range(start, end))


class RecurringDates(Dates):
    """Dates that are the same in every year of a kind. ``find(kind)`` returns them, ascending, as days from January
    1st.
    """

    def __init__(self, find: Callable[[YearKind], Sequence[int]]) -> None:
        self._find = find
        self._found: dict[YearKind, Sequence[int]] = {}

    def _of_kind(self, kind: YearKind) -> Sequence[int]:
        dates = self._found.get(kind)
        if dates is None:
            dates = self._found[kind] = self._find(kind)
        return dates

    @cached_property
    def _before(self) -> Sequence[int]:
        """How many dates of the cycle lie before each of its years; the last entry is the number of all."""
        return tuple(accumulate((len(self._of_kind(kind)) for kind in _KINDS), initial=0))

    def place(self, day: int) -> DatePosition:
        cycle, year, rest = _split(day)
        dates = self._of_kind(_KINDS[year])
        index = bisect_left(dates, rest)
        rank = cycle * self._before[-1] + self._before[year] + index
        return DatePosition(rank, index < len(dates) and dates[index] == rest)

    def nth(self, rank: int) -> int | None:
        if not self._before[-1]:
            return None
        cycle, rest = divmod(rank, self._before[-1])
        year = bisect_right(self._before, rest) - 1
        date_in_year = self._of_kind(_KINDS[year])[rest - self._before[year]]
        return cycle * _CYCLE_DAYS + _YEAR_STARTS[year] + date_in_year - _EPOCH_OFFSET

    def between(self, start: int, end: int) -> Iterator[int]:
        cycle, year, _ = _split(start)
        while True:
            first = cycle * _CYCLE_DAYS + _YEAR_STARTS[year] - _EPOCH_OFFSET
            if first >= end:
                return
            for rest in self._of_kind(_KINDS[year]):
                if start <= first + rest < end:
                    yield first + rest
            cycle, year = (cycle, year + 1) if year + 1 < _CYCLE_YEARS else (cycle + 1, 0)


class DatesOfYears(Dates):
    """The dates of a recurring set that lie in listed years."""

    def __init__(self, dates: Dates, years: Sequence[int]) -> None:
        self._dates = tuple(
            day
            for year in sorted(years)
            for day in dates.between(_day_of(date(year, 1, 1)), _day_of(date(year, 12, 31)) + 1)
        )

    def place(self, day: int) -> DatePosition:
        index = bisect_left(self._dates, day)
        return DatePosition(index, index < len(self._dates) and self._dates[index] == day)

    def nth(self, rank: int) -> int | None:
        return self._dates[rank] if 0 <= rank < len(self._dates) else None

    def between(self, start: int, end: int) -> Iterator[int]:
        return iter(self._dates[bisect_left(self._dates, start) : bisect_left(self._dates, end)])


def _split(day: int) -> tuple[int, int, int]:
    """Return the cycle of 400 years that a day lies in, the year in the cycle and the day in the year, each from 0."""
    cycle, rest = divmod(day + _EPOCH_OFFSET, _CYCLE_DAYS)
    year = bisect_right(_YEAR_STARTS, rest) - 1
    return cycle, year, rest - _YEAR_STARTS[year]


def _day_of(day: date) -> int:
    return day.toordinal() - 1 - _EPOCH_OFFSET
