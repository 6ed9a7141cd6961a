"""The wall-clock times that a cron expression names, counted and searched without walking them.

The fields are read here; time zones are unknown here. A wall time is a whole number of seconds since midnight of
1970-01-01 on a clock that never jumps, so a day always has 86 400 of them. Every matching date has the same times of
day: counting is a product, and a per-second schedule costs no more than a daily one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from croniter import croniter

from rivers.cron.dates import MONTH_LENGTHS, REFERENCE_YEARS, Dates, DatesOfYears, EveryDate, RecurringDates, YearKind

_DAY: Final = 86_400
_DATE_SETS_KEPT_MAX: Final = 1024


class WallTimes:
    """The wall times of one cron expression of 5, 6 (seconds first) or 7 (year last) fields, or an alias.

    A day of month and a day of week, when both are set, mean either.

    :raises ValueError: when the expression cannot be parsed (croniter's own exceptions derive from it)
    """

    def __init__(self, expression: str) -> None:
        parsed: Any = croniter(expression, 0.0, second_at_beginning=len(expression.split()) > 5)
        fields: list[list[int | str]] = parsed.expanded
        minutes, hours, days, months, weekdays = fields[:5]
        self._seconds = _numbers(fields[5], range(60)) if len(fields) > 5 else (0,)
        self._minutes = _numbers(minutes, range(60))
        self._hours = _numbers(hours, range(24))
        self._per_day = len(self._hours) * len(self._minutes) * len(self._seconds)

        texts: list[str] = parsed.expressions
        self.every_hour = len(self._hours) == 24
        """Whether every hour of the day is named."""
        self.recurs_by_interval = self.every_hour or "*" in texts[1] or "/" in texts[1]
        """Whether the hours are an interval (``*``, ``*/2``) and not named one by one (``2``, ``1,5``, ``9-17``)."""
        if parsed.nth_weekday_of_month or parsed.nearest_weekday:
            dates = _calendar_dates(" ".join(texts[2:5]))
        else:
            dates = _dates(frozenset(days), frozenset(_numbers(months, range(1, 13))), frozenset(weekdays))
        if len(fields) > 6 and "*" not in fields[6]:
            dates = DatesOfYears(dates, _numbers(fields[6], range(0)))
        self._dates = dates

    def rank(self, time: int) -> int:
        """Return how many wall times lie before ``time``, from an arbitrary origin: only differences mean anything."""
        day, time_of_day = divmod(time, _DAY)
        rank, is_match = self._dates.place(day)
        return rank * self._per_day + (self._rank_in_day(time_of_day) if is_match else 0)

    def nth(self, rank: int) -> int | None:
        """Return the wall time that has ``rank`` before it, ``None`` past the last of an expression of listed years."""
        date_rank, rest = divmod(rank, self._per_day)
        day = self._dates.nth(date_rank)
        return None if day is None else day * _DAY + self._time_of_day(rest)

    def contains(self, time: int) -> bool:
        """Return whether ``time`` is one of the wall times."""
        day, time_of_day = divmod(time, _DAY)
        return self._is_time_of_day(time_of_day) and self._dates.place(day).is_match

    def between(self, start: int, end: int) -> Iterator[int]:
        """Yield the wall times in ``start <= t < end``, in order."""
        if end <= start:
            return
        times = self._times_of_day
        for day in self._dates.between(start // _DAY, (end - 1) // _DAY + 1):
            midnight = day * _DAY
            if start <= midnight and midnight + _DAY <= end:
                for time in times:
                    yield midnight + time
            else:
                for time in times[bisect_left(times, start - midnight) : bisect_left(times, end - midnight)]:
                    yield midnight + time

    def count(self, start: int, end: int) -> int:
        """Return how many wall times lie in ``start <= t < end``."""
        return max(0, self.rank(end) - self.rank(start))

    def first(self, start: int, end: int) -> int | None:
        """Return the earliest wall time in ``start <= t < end``, ``None`` when there is none."""
        return _within(self.nth(self.rank(start)), start, end)

    def last(self, start: int, end: int) -> int | None:
        """Return the latest wall time in ``start <= t < end``, ``None`` when there is none."""
        return _within(self.nth(self.rank(end) - 1), start, end)

    @property
    def unit(self) -> int:
        """The longest of day, hour, minute and second, in seconds, that divides every wall time."""
        if any(self._seconds):
            return 1
        if any(self._minutes):
            return 60
        return 3600 if any(self._hours) else _DAY

    @cached_property
    def _times_of_day(self) -> Sequence[int]:
        return tuple(map(self._time_of_day, range(self._per_day)))

    def _rank_in_day(self, time_of_day: int) -> int:
        """Return how many times of day lie before ``time_of_day``."""
        hour, rest = divmod(time_of_day, 3600)
        minute, second = divmod(rest, 60)
        hours = bisect_left(self._hours, hour)
        rank = hours * len(self._minutes) * len(self._seconds)
        if hours < len(self._hours) and self._hours[hours] == hour:
            minutes = bisect_left(self._minutes, minute)
            rank += minutes * len(self._seconds)
            if minutes < len(self._minutes) and self._minutes[minutes] == minute:
                rank += bisect_left(self._seconds, second)
        return rank

    def _time_of_day(self, rank: int) -> int:
        rest, second = divmod(rank, len(self._seconds))
        hour, minute = divmod(rest, len(self._minutes))
        return self._hours[hour] * 3600 + self._minutes[minute] * 60 + self._seconds[second]

    def _is_time_of_day(self, time_of_day: int) -> bool:
        hour, rest = divmod(time_of_day, 3600)
        minute, second = divmod(rest, 60)
        return hour in self._hours and minute in self._minutes and second in self._seconds


# Schedules share their dates more often than their times, and the table of a set of dates is the costly part.


@lru_cache(maxsize=_DATE_SETS_KEPT_MAX)
def _dates(days: frozenset[int | str], months: frozenset[int], weekdays: frozenset[int | str]) -> Dates:
    by_month_day, by_weekday = "*" not in days, "*" not in weekdays
    if len(months) == 12 and not by_month_day and not by_weekday:
        return EveryDate()

    def matches(day: int, weekday: int, length: int) -> bool:
        on_month_day = day in days or ("l" in days and day == length)
        return (by_month_day and on_month_day) or (by_weekday and weekday in weekdays)

    def find(kind: YearKind) -> Sequence[int]:
        found: list[int] = []
        before = 0  # days of the year before the month
        for month, length in enumerate(MONTH_LENGTHS[kind >= 7], 1):
            if month in months:
                numbers = range(1, length + 1)
                if by_month_day or by_weekday:
                    # In a cron expression Sunday is 0.
                    numbers = (day for day in numbers if matches(day, (kind + before + day) % 7, length))
                found += (before + day - 1 for day in numbers)
            before += length
        return tuple(found)

    return RecurringDates(find)


@lru_cache(maxsize=_DATE_SETS_KEPT_MAX)
def _calendar_dates(fields: str) -> Dates:
    """Return dates named by ``W``, ``#`` or the last weekday of a month. croniter walks them, as midnights in UTC."""

    def find(kind: YearKind) -> Sequence[int]:
        year = REFERENCE_YEARS[kind]
        midnight = datetime(year, 1, 1, tzinfo=UTC)
        walk: Any = croniter(f"0 0 {fields}", midnight - timedelta(seconds=1))
        found: list[int] = []
        while (time := walk.get_next(datetime)).year == year:
            found.append((time - midnight).days)
        return tuple(found)

    return RecurringDates(find)


def _numbers(field: list[int | str], whole: range) -> tuple[int, ...]:
    return tuple(whole) if "*" in field else tuple(sorted(number for number in field if isinstance(number, int)))


def _within(time: int | None, start: int, end: int) -> int | None:
    return time if time is not None and start <= time < end else None
