"""The wall-clock times that a cron expression names, counted and searched without walking them.

Owns the reading of the fields; knows nothing of time zones. A wall time is a whole number of seconds since midnight of
1970-01-01 on a clock that never jumps, so a day is always 86 400 of them. Because every matching date has the same
times of day, counting is a product, and a per-second schedule costs no more than a daily one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from rivers.scheduling.zones import DAY

_EPOCH: Final = date(1970, 1, 1)
_YEARS_KEPT_MAX: Final = 8


class WallTimes:
    """The wall times of one cron expression of 5, 6 (seconds first) or 7 (year last) fields, or an alias.

    Day of month and day of week, when both are set, mean OR.
    :raises ValueError: the expression cannot be parsed (croniter's own exceptions derive from it).
    """

    def __init__(self, expression: str) -> None:
        parsed: Any = croniter(expression, 0.0, second_at_beginning=len(expression.split()) > 5)
        fields: list[list[int | str]] = parsed.expanded
        minutes, hours, days, months, weekdays = fields[:5]
        self._seconds = _numbers(fields[5], range(60)) if len(fields) > 5 else (0,)
        self._minutes = _numbers(minutes, range(60))
        self._hours = _numbers(hours, range(24))
        self._days = frozenset(days)
        self._months = frozenset(_numbers(months, range(1, 13)))
        self._weekdays = frozenset(weekdays)
        self._years = frozenset(fields[6]) if len(fields) > 6 else frozenset({"*"})
        self._dates: dict[int, Sequence[int]] = {}

        texts: list[str] = parsed.expressions
        self.every_hour = len(self._hours) == 24
        """Whether every hour of the day is named."""
        self.recurs_by_interval = self.every_hour or "*" in texts[1] or "/" in texts[1]
        """Whether the hours are an interval (``*``, ``*/2``) and not named one by one (``2``, ``1,5``, ``9-17``)."""
        by_calendar = bool(parsed.nth_weekday_of_month or parsed.nearest_weekday) or "l" in self._days
        self._calendar_dates = " ".join(texts[2:5]) if by_calendar else None
        self._per_day = len(self._hours) * len(self._minutes) * len(self._seconds)

    def count(self, start: int, end: int) -> int:
        """How many wall times lie in ``start <= t < end``."""
        first_day, last_day = start // DAY, end // DAY
        if end <= start:
            return 0
        whole = sum(
            bisect_left(dates, last_day) - bisect_left(dates, first_day)
            for dates in map(self._dates_of, range(_year_of_day(first_day), _year_of_day(last_day) + 1))
        )
        before = self._rank(start % DAY) if self._has_date(first_day) else 0
        after = self._rank(end % DAY) if self._has_date(last_day) else 0
        return whole * self._per_day - before + after

    def first(self, start: int, end: int) -> int | None:
        """The earliest wall time in ``start <= t < end``."""
        day = start // DAY
        if self._has_date(day):
            rank = self._rank(start % DAY)
            if rank < self._per_day:
                return _within(day * DAY + self._time_of_day(rank), start, end)
        for year in range(_year_of_day(day), _year_of_day(max(day, (end - 1) // DAY)) + 1):
            dates = self._dates_of(year)
            index = bisect_left(dates, day + 1)
            if index < len(dates):
                return _within(dates[index] * DAY + self._time_of_day(0), start, end)
        return None

    def last(self, start: int, end: int) -> int | None:
        """The latest wall time in ``start <= t < end``."""
        day = (end - 1) // DAY
        if self._has_date(day):
            rank = self._rank((end - 1) % DAY + 1)
            if rank:
                return _within(day * DAY + self._time_of_day(rank - 1), start, end)
        for year in range(_year_of_day(day), _year_of_day(min(day, start // DAY)) - 1, -1):
            dates = self._dates_of(year)
            index = bisect_left(dates, day)
            if index:
                return _within(dates[index - 1] * DAY + self._time_of_day(self._per_day - 1), start, end)
        return None

    def _rank(self, time_of_day: int) -> int:
        """How many times of day lie before ``time_of_day``, which may be 86 400."""
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

    def _has_date(self, day: int) -> bool:
        dates = self._dates_of(_year_of_day(day))
        index = bisect_left(dates, day)
        return index < len(dates) and dates[index] == day

    def _dates_of(self, year: int) -> Sequence[int]:
        """The matching dates of the year, as days since the epoch, ascending."""
        dates = self._dates.get(year)
        if dates is None:
            if len(self._dates) >= _YEARS_KEPT_MAX:
                self._dates.clear()
            dates = self._dates[year] = self._find_dates(year)
        return dates

    def _find_dates(self, year: int) -> Sequence[int]:
        if "*" not in self._years and year not in self._years:
            return ()
        days = range(_day_of(date(year, 1, 1)), _day_of(date(year, 12, 31)) + 1)
        if self._calendar_dates is not None:
            return self._find_calendar_dates(self._calendar_dates, days)
        if len(self._months) == 12 and "*" in self._days and "*" in self._weekdays:
            return days
        return tuple(day for day in days if self._matches(_EPOCH + timedelta(days=day)))

    def _matches(self, day: date) -> bool:
        if day.month not in self._months:
            return False
        by_month_day, by_weekday = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        if "*" in self._days:
            return "*" in self._weekdays or by_weekday
        return by_month_day or ("*" not in self._weekdays and by_weekday)

    def _find_calendar_dates(self, fields: str, days: range) -> Sequence[int]:
        """Dates named by ``L``, ``W`` or ``#``: croniter walks them, as midnights in UTC."""
        midnight = datetime(1970, 1, 1, tzinfo=UTC)
        start = midnight + timedelta(days=days[0], seconds=-1)
        walk: Any = croniter(f"0 0 {fields}", start)
        found: list[int] = []
        while True:
            try:
                day = (walk.get_next(datetime) - midnight).days
            except CroniterBadDateError:
                return tuple(found)
            if day not in days:
                return tuple(found)
            found.append(day)


def _numbers(field: list[int | str], whole: range) -> tuple[int, ...]:
    return tuple(whole) if "*" in field else tuple(sorted(number for number in field if isinstance(number, int)))


def _within(time: int, start: int, end: int) -> int | None:
    return time if start <= time < end else None


def _day_of(day: date) -> int:
    return (day - _EPOCH).days


def _year_of_day(day: int) -> int:
    return (_EPOCH + timedelta(days=day)).year
