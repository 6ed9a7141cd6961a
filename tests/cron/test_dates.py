"""Ranking the dates of a year's pattern, against walking the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.cron.dates import REFERENCE_YEARS, Dates, DatesOfYears, EveryDate, RecurringDates, YearKind

EPOCH = date(1970, 1, 1)
LEAP_DAY = 59  # days from January 1st to February 29th


def leap_days(kind: YearKind) -> list[int]:
    return [LEAP_DAY] if kind >= 7 else []


def mondays(kind: YearKind) -> list[int]:
    first = date(REFERENCE_YEARS[kind], 1, 1)
    length = 366 if kind >= 7 else 365
    return [day for day in range(length) if (first + timedelta(days=day)).weekday() == 0]


SETS: list[Dates] = [
    EveryDate(),
    RecurringDates(leap_days),
    RecurringDates(mondays),
    DatesOfYears(RecurringDates(mondays), [2027, 2024]),
]
DAYS = st.integers((date(1, 1, 1) - EPOCH).days, (date(9999, 12, 31) - EPOCH).days)


@pytest.mark.parametrize("dates", SETS)
@given(day=DAYS, length=st.integers(0, 5000))
def test_ranks_count_what_a_walk_finds(dates: Dates, day: int, length: int) -> None:
    walked = list(dates.between(day, day + length))
    assert dates.place(day + length).rank - dates.place(day).rank == len(walked)
    assert walked == sorted(walked)
    assert all(day <= each < day + length and dates.place(each).is_match for each in walked)


@pytest.mark.parametrize("dates", SETS)
@given(day=DAYS)
def test_the_date_of_a_rank_is_the_first_that_is_not_before(dates: Dates, day: int) -> None:
    place = dates.place(day)
    found = dates.nth(place.rank)
    assert found is None or found >= day
    assert place.is_match == (found == day)
    before = dates.nth(place.rank - 1)
    assert before is None or before < day


@given(day=DAYS)
def test_patterns_follow_the_calendar_in_every_year(day: int) -> None:
    moment = EPOCH + timedelta(days=day)
    assert RecurringDates(mondays).place(day).is_match == (moment.weekday() == 0)
    assert RecurringDates(leap_days).place(day).is_match == ((moment.month, moment.day) == (2, 29))


def test_a_century_without_a_leap_day_is_seen() -> None:
    start, end = ((date(year, 1, 1) - EPOCH).days for year in (2097, 2105))
    assert [EPOCH + timedelta(days=day) for day in RecurringDates(leap_days).between(start, end)] == [date(2104, 2, 29)]


def test_a_pattern_without_dates_has_no_first_one() -> None:
    never = RecurringDates(lambda kind: [])
    assert never.nth(0) is None
    assert never.place(0) == (0, False)


def test_listed_years_end() -> None:
    dates = SETS[-1]
    last = dates.place((date(2030, 1, 1) - EPOCH).days).rank
    assert dates.nth(last) is None
    assert dates.nth(last - 1) == (date(2027, 12, 27) - EPOCH).days
    assert dates.nth(-1) is None
