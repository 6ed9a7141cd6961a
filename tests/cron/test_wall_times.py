"""Counting and searching wall times, against walking them one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from rivers.cron.wall_times import WallTimes
from rivers.scheduling.zones import DAY

EXPRESSIONS = [
    "* * * * *",
    "*/7 3-5 * * *",
    "@hourly",
    "@weekly",
    "30 2 29 2 *",
    "0 0 L * *",
    "0 12 15W * *",
    "0 9 * * 5#2",
    "0 9 * * L5",
    "0 0 13 * FRI",
    "0 0 1,L JAN,JUL *",
    "0 0 31 * 0",
    "0 0 * * 7",
    "0 0 * * 1-5",
    "15,45 30 2 * * *",
    "*/20 * */6 1 * *",
    "0 0 4 1 * * 2027",
    "0 0 ? * MON",
]


def walked(expression: str, start: int, end: int) -> list[int]:
    """Return the wall times in ``start <= t < end`` as croniter gives them, in UTC, where wall time is epoch time."""
    moment = datetime.fromtimestamp(start, UTC) - timedelta(microseconds=1)
    times = croniter(expression, moment, second_at_beginning=len(expression.split()) > 5)
    found: list[int] = []
    while True:
        try:
            time = int(times.get_next(datetime).timestamp())
        except ValueError:
            return found
        if time >= end:
            return found
        found.append(time)


@given(
    expression=st.sampled_from(EXPRESSIONS),
    start=st.integers(1_767_225_600 - 40 * DAY, 1_767_225_600 + 400 * DAY),
    length=st.integers(0, 2 * DAY) | st.integers(0, 60 * DAY),
)
def test_count_first_and_last_agree_with_walking(expression: str, start: int, length: int) -> None:
    if expression.startswith(("* ", "*/2")):
        length %= 3 * DAY
    wall = WallTimes(expression)
    times = walked(expression, start, start + length)
    assert wall.count(start, start + length) == len(times)
    assert wall.first(start, start + length) == (times[0] if times else None)
    assert wall.last(start, start + length) == (times[-1] if times else None)


def test_day_of_month_and_day_of_week_together_mean_either() -> None:
    wall = WallTimes("0 0 13 * FRI")
    february = [datetime(2026, 2, day, tzinfo=UTC).timestamp() for day in (6, 13, 20, 27)]
    july = [datetime(2026, 7, day, tzinfo=UTC).timestamp() for day in (3, 10, 13, 17, 24, 31)]
    for month, days in ((2, february), (7, july)):
        start = int(datetime(2026, month, 1, tzinfo=UTC).timestamp())
        end = int(datetime(2026, month + 1, 1, tzinfo=UTC).timestamp())
        assert wall.count(start, end) == len(days)
        assert (wall.first(start, end), wall.last(start, end)) == (days[0], days[-1])


def test_an_empty_window_holds_nothing() -> None:
    wall = WallTimes("* * * * *")
    assert (wall.count(60, 60), wall.first(60, 60), wall.last(60, 60), wall.count(120, 60)) == (0, None, None, 0)


def test_a_search_crosses_the_years_that_have_no_match() -> None:
    wall = WallTimes("0 0 29 2 *")
    start, end = (int(datetime(year, 3, 1, tzinfo=UTC).timestamp()) for year in (2096, 2105))
    assert wall.first(start, end) == wall.last(start, end) == datetime(2104, 2, 29, tzinfo=UTC).timestamp()
    assert wall.count(start, end) == 1


@pytest.mark.parametrize(
    ("expression", "interval"),
    [
        ("0 * * * *", True),
        ("0 */2 * * *", True),
        ("0 1-23/2 * * *", True),
        ("0 0-23 * * *", True),
        ("0 0 * * * *", True),
        ("0 2 * * *", False),
        ("0 1,5 * * *", False),
        ("0 9-17 * * *", False),
        ("0 0 2 * * *", False),
        ("@daily", False),
        ("@hourly", True),
    ],
)
def test_hours_are_an_interval_or_named(expression: str, interval: bool) -> None:
    assert WallTimes(expression).recurs_by_interval is interval


@pytest.mark.parametrize("expression", ["61 * * * *", "* * * *", "nonsense", "0 0 * * 1,5#2"])
def test_what_croniter_cannot_parse_is_a_value_error(expression: str) -> None:
    with pytest.raises(ValueError):
        WallTimes(expression)


@given(
    expression=st.sampled_from(EXPRESSIONS),
    start=st.integers(1_767_225_600 - 40 * DAY, 1_767_225_600 + 400 * DAY),
    length=st.integers(0, 2 * DAY),
)
def test_between_and_contains_agree_with_walking(expression: str, start: int, length: int) -> None:
    wall = WallTimes(expression)
    times = list(wall.between(start, start + length))
    assert times == walked(expression, start, start + length)
    assert all(map(wall.contains, times))
    assert wall.contains(start) == (start in times[:1]) or length == 0


@given(expression=st.sampled_from(EXPRESSIONS), time=st.integers(-62_135_596_800, 253_402_300_799))
def test_a_rank_leads_back_to_its_time_in_any_century(expression: str, time: int) -> None:
    wall = WallTimes(expression)
    found = wall.nth(wall.rank(time))
    if found is not None:
        assert found >= time
        assert wall.rank(found) == wall.rank(time)
        assert wall.rank(found + 1) == wall.rank(time) + 1
        assert wall.contains(found)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("0 0 * * 1", DAY), ("0 6,12 * * *", 3600), ("0 * * * *", 3600), ("*/5 * * * *", 60), ("*/5 * * * * *", 1)],
)
def test_the_unit_divides_every_time(expression: str, seconds: int) -> None:
    assert WallTimes(expression).unit == seconds
