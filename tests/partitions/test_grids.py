"""Grids answer by arithmetic what a walk over the starts finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from rivers.partitions.grids import CronGrid, Grid, IntervalGrid, wall_times
from rivers.partitions.naive_time import DAY_NANOS, to_datetime, to_nanos

SECOND = 10**9
EXPRESSIONS = [
    *("0 0 * * *", "0 * * * *", "*/7 3-5 * * *", "@weekly", "@monthly", "@yearly", "30 2 29 2 *", "0 0 L * *"),
    *("0 9 * * MON-WED", "0 0 13 * FRI", "0 0 1,15 JAN,JUL *", "15,45 30 2 * * *", "0 12 15W * *", "0 9 * * 5#2"),
]
MOMENTS = st.integers(to_nanos(datetime(1990, 1, 1)), to_nanos(datetime(2060, 1, 1)))
SPANS = st.integers(0, 400 * DAY_NANOS)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    if draw(st.booleans()):
        return CronGrid(wall_times(draw(st.sampled_from(EXPRESSIONS))))
    interval = draw(st.sampled_from([DAY_NANOS, 31 * DAY_NANOS, 3600 * SECOND + 1, 7 * DAY_NANOS + 500_000_000]))
    return IntervalGrid(draw(MOMENTS), interval)


def croniter_starts(expression: str, start: int, end: int) -> Iterator[int]:
    """Return what croniter finds in ``start <= t < end``, in UTC, where wall time is epoch time."""
    moment = datetime.fromtimestamp(-(-start // SECOND), UTC) - timedelta(microseconds=1)
    times = croniter(expression, moment, second_at_beginning=len(expression.split()) > 5)
    while (found := int(times.get_next(datetime).timestamp()) * SECOND) < end:
        yield found


@given(expression=st.sampled_from(EXPRESSIONS), start=MOMENTS, span=SPANS)
def test_a_cron_grid_has_the_starts_that_croniter_finds(expression: str, start: int, span: int) -> None:
    grid = CronGrid(wall_times(expression))
    slow = list(islice(croniter_starts(expression, start, start + span), 200))
    assert list(islice(grid.starts(start, start + span), 200)) == slow
    if len(slow) < 200:
        assert grid.count(start, start + span) == len(slow)
    assert all(map(grid.contains, slow))
    if slow:
        assert grid.at_or_after(start) == slow[0]


@given(anchor=MOMENTS, interval=st.integers(1, 10**15), start=MOMENTS, length=st.integers(0, 50))
def test_an_interval_grid_has_the_starts_that_stepping_finds(
    anchor: int, interval: int, start: int, length: int
) -> None:
    grid = IntervalGrid(anchor, interval)
    first = grid.at_or_after(start)
    assert start <= first < start + interval
    assert (first - anchor) % interval == 0
    stepped = [first + number * interval for number in range(length)]
    end = first + length * interval
    assert list(grid.starts(start, end)) == stepped
    assert grid.count(start, end) == length
    assert all(map(grid.contains, stepped))
    assert grid.contains(first + 1) == (interval == 1)


@given(grid=grids(), moment=MOMENTS, n=st.integers(-500, 500))
def test_the_answers_of_a_grid_agree_with_each_other(grid: Grid, moment: int, n: int) -> None:
    after, before = grid.at_or_after(moment), grid.at_or_before(moment)
    assert after is not None
    assert before is not None
    assert before <= moment <= after
    assert grid.contains(after)
    assert grid.contains(before)
    assert grid.contains(moment) == (before == after == moment)
    assert grid.count(before, after) == (0 if before == after else 1)
    assert grid.step(after, 0) == after
    moved = grid.step(after, n)
    assert moved is not None
    assert grid.contains(moved)
    assert grid.step(moved, -n) == after
    assert grid.count(min(after, moved), max(after, moved)) == abs(n)
    assert after % grid.unit == 0


@given(grid=grids(), start=MOMENTS, first=SPANS, second=SPANS)
def test_counts_of_neighbouring_spans_add_up(grid: Grid, start: int, first: int, second: int) -> None:
    middle, end = start + first, start + first + second
    assert grid.count(start, middle) + grid.count(middle, end) == grid.count(start, end)
    assert grid.count(end, start) == 0 or first + second == 0


def test_an_empty_span_holds_nothing() -> None:
    for grid in (CronGrid(wall_times("* * * * *")), IntervalGrid(0, 60 * SECOND)):
        assert grid.count(0, 0) == 0
        assert list(grid.starts(60 * SECOND, 60 * SECOND)) == []
        assert list(grid.starts(120 * SECOND, 60 * SECOND)) == []


def test_leap_days_are_counted_across_a_century_without_one() -> None:
    grid = CronGrid(wall_times("0 0 29 2 *"))
    start = to_nanos(datetime(2096, 2, 29))
    assert to_datetime(grid.step(start, 1) or 0) == datetime(2104, 2, 29)
    assert grid.count(to_nanos(datetime(1600, 1, 1)), to_nanos(datetime(2000, 1, 1))) == 97


@pytest.mark.rule("partitions 3.3.8")
@pytest.mark.parametrize("expression", ["0 * * * *", "* * * * * *", "0 0 L * *", "0 0 13 * FRI"])
def test_a_grid_of_thousands_of_years_is_not_walked(expression: str) -> None:
    grid = CronGrid(wall_times(expression))
    start, end = to_nanos(datetime(1, 1, 1)), to_nanos(datetime(9999, 1, 1))
    for _ in range(1000):
        count = grid.count(start, end)
        grid.step(grid.at_or_after(start) or 0, count - 1)
    assert grid.at_or_before(end - 1) == grid.step(grid.at_or_after(start) or 0, count - 1)


def test_a_grid_of_listed_years_ends() -> None:
    grid = CronGrid(wall_times("0 0 0 1 1 * 2027"))
    only = to_nanos(datetime(2027, 1, 1))
    assert grid.at_or_after(only - 1) == grid.at_or_before(only + 1) == only
    assert (grid.at_or_after(only + 1), grid.at_or_before(only - 1), grid.step(only, 1)) == (None, None, None)


@pytest.mark.parametrize(
    ("grid", "unit"),
    [
        (IntervalGrid(0, 7 * DAY_NANOS), DAY_NANOS),
        (IntervalGrid(3600 * SECOND, DAY_NANOS), 3600 * SECOND),
        (IntervalGrid(0, 90 * SECOND), SECOND),
        (IntervalGrid(0, 120 * SECOND), 60 * SECOND),
        (IntervalGrid(0, SECOND // 2), 1),
        (CronGrid(wall_times("0 6 * * *")), 3600 * SECOND),
        (CronGrid(wall_times("0 0 * * *")), DAY_NANOS),
    ],
)
def test_the_unit_is_the_longest_that_divides_every_start(grid: Grid, unit: int) -> None:
    assert grid.unit == unit
