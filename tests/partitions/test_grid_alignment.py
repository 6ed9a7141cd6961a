"""What arithmetic says about two grids is what walking all windows finds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.grid_alignment import start_off_grid
from rivers.partitions.naive_time import to_datetime, to_nanos
from rivers.partitions.time_windows import TimeWindowPartitions
from tests.partitions.counted_work import calls_in

FMT = "%Y-%m-%dT%H:%M:%S"
HOUR, DAY = 3600.0, 86_400.0


def windows(
    grid: str | float, start: datetime = datetime(2024, 1, 1), end: datetime | None = None
) -> TimeWindowPartitions:
    if isinstance(grid, str):
        return PartitionsDefinition.time_window(start, cron_schedule=grid, end=end, fmt=FMT)
    return PartitionsDefinition.time_window(start, interval_seconds=grid, end=end, fmt="%Y-%m-%dT%H:%M:%S.%f")


CRONS = [
    *("0 0 * * *", "0 * * * *", "@weekly", "@monthly", "@yearly", "0 0 * * MON,THU", "30 2 29 2 *", "0 0 L * *"),
    *("0 9 * * MON-FRI", "0 0 1,15 * *", "0 0 13 * FRI", "0 */6 * * *", "15 30 2 * * *", "0 12 15W * *", "0 0 * * 5#2"),
]
INTERVALS = [HOUR, 6 * HOUR, 36 * HOUR, DAY, 7 * DAY, 14 * DAY, 30 * DAY, 0.5, 7.0, 3601.0]
GRIDS = st.sampled_from([*CRONS, *INTERVALS])
STARTS = st.builds(
    lambda day, hour: datetime(2018, 1, 1) + timedelta(days=day, hours=hour),
    st.integers(0, 4000),
    st.sampled_from([0, 0, 0, 3, 9]),
)
SPANS = st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(days=1), timedelta(days=40), timedelta(days=1500)])


@settings(deadline=None, max_examples=300)
@given(GRIDS, GRIDS, STARTS, STARTS, SPANS)
@example("0 0 * * *", "0 0 * * MON,THU", datetime(2024, 1, 1), datetime(2024, 1, 1), timedelta(days=1))
@example("30 2 29 2 *", 7.0, datetime(2024, 2, 29), datetime(2024, 2, 29, 2, 30), timedelta(days=1500))
def test_within_an_end_the_answer_is_what_walking_every_window_finds(
    inner: str | float, outer: str | float, start: datetime, other_start: datetime, span: timedelta
) -> None:
    if isinstance(inner, float) and inner < HOUR:
        span = min(span, timedelta(hours=5))
    downstream, upstream = windows(inner, start, start + span), windows(outer, other_start)

    found = start_off_grid(downstream, upstream)

    walked = downstream.grid.starts(to_nanos(start), to_nanos(start + span))
    strays = [each for each in walked if not upstream.grid.contains(each)]
    assert (found is None) == (not strays)
    assert found is None or found in strays


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(CRONS), st.sampled_from(CRONS), STARTS)
def test_without_an_end_the_windows_of_a_generation_agree(inner: str, outer: str, start: datetime) -> None:
    downstream, upstream = windows(inner, start), windows(outer, start)

    found = start_off_grid(downstream, upstream)

    limit = 28 if inner != "0 * * * *" and inner != "0 */6 * * *" else 1
    walked = downstream.grid.starts(to_nanos(start), to_nanos(start + timedelta(days=366 * limit)))
    strays = [each for each in walked if not upstream.grid.contains(each)]
    assert (found is None) == (not strays)
    if found is not None:
        assert found >= to_nanos(start)
        assert downstream.grid.contains(found)
        assert not upstream.grid.contains(found)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("0 0 * * *", "0 * * * *"),
        ("@weekly", "0 0 * * *"),
        ("@monthly", "0 0 1,15 * *"),
        ("0 0 * * MON", "0 0 * * MON,THU"),
        ("0 0 29 2 *", "0 0 28-31 * *"),
        ("0 0 * * *", HOUR),
        ("0 0 * * MON", 7 * DAY),
        ("0 0 * * 1#1", 7 * DAY),
        (HOUR, "0 * * * *"),
        (DAY, "0 0 * * *"),
        (7 * DAY, "0 0 * * MON"),
        (14 * DAY, "0 0 * * MON"),
        (3 * DAY, DAY),
        ("0 0 * * *", "0 0 1-30,L * *"),
    ],
)
def test_grids_that_lie_on_each_other_for_ever(inner: str | float, outer: str | float) -> None:
    assert start_off_grid(windows(inner), windows(outer)) is None


@pytest.mark.parametrize(
    ("inner", "outer", "stray"),
    [
        ("0 * * * *", "0 0 * * *", datetime(2024, 1, 1, 1)),
        ("0 0 * * *", "0 0 * * MON", datetime(2024, 1, 2)),
        ("0 0 * * *", "0 0 1-28,30,31 * *", datetime(2024, 1, 29)),
        ("0 0 13 * FRI", "0 0 13 * *", datetime(2024, 1, 5)),
        ("0 0 * * MON", 14 * DAY, datetime(2024, 1, 8)),
        ("0 0 29 2 *", 1461 * DAY, datetime(2024, 2, 29)),
        ("0 0 1 * *", 31 * DAY, datetime(2024, 3, 1)),
        (HOUR, "30 * * * *", datetime(2024, 1, 1)),
        (36 * HOUR, "0 0 * * *", datetime(2024, 1, 2, 12)),
        (2 * DAY, "0 0 * * MON-SAT", datetime(2024, 1, 7)),
        (0.5, "* * * * * *", datetime(2024, 1, 1, 0, 0, 0, 500_000)),
        (DAY, 7 * DAY, datetime(2024, 1, 2)),
    ],
)
def test_the_start_that_is_told_is_one_that_is_off_the_grid(
    inner: str | float, outer: str | float, stray: datetime
) -> None:
    found = start_off_grid(windows(inner), windows(outer))
    assert found is not None
    assert to_datetime(found) == stray


def test_a_century_without_a_leap_day_is_seen() -> None:
    inner, outer = windows("0 0 29 2 *", datetime(2024, 2, 29)), windows(1461 * DAY, datetime(2024, 2, 29))
    found = start_off_grid(inner, outer)
    assert found is not None
    assert to_datetime(found) == datetime(2104, 2, 29)


def test_a_leap_year_is_looked_at_also_after_another_year_that_begins_with_the_same_weekday() -> None:
    # 2009 and 2032 begin with a Thursday; the 29th of February of 2032 is the first since 2009 that is a Sunday.
    found = start_off_grid(windows("0 0 29 2 *", datetime(2009, 1, 1)), windows("0 0 * * MON-SAT"))
    assert found is not None
    assert to_datetime(found) == datetime(2032, 2, 29)


def test_windows_that_never_begin_lie_on_every_grid() -> None:
    assert start_off_grid(windows("0 * * * *", end=datetime(2024, 1, 1)), windows("0 0 * * *")) is None


def test_listed_years_are_not_taken_for_all_years() -> None:
    assert start_off_grid(windows("0 0 0 1 1 * 2030-2032"), windows("0 0 1 * *")) is None
    found = start_off_grid(windows("0 0 1 1 *"), windows("0 0 0 1 1 * 2024-2032"))
    assert found is not None
    assert to_datetime(found) == datetime(2033, 1, 1)
    assert start_off_grid(windows("0 0 0 1 1 * 2030-2032"), windows(7 * DAY)) is not None


@pytest.mark.parametrize(
    ("inner", "outer"), [("0 0 * * *", "* * * * * *"), ("0 0 * * *", "0 0 1-30,L * *"), (7 * DAY, "0 0 * * MON,TUE")]
)
def test_windows_since_1900_are_not_enumerated(inner: str | float, outer: str | float) -> None:
    downstream, upstream = windows(inner, datetime(1900, 1, 1)), windows(outer, datetime(1900, 1, 1))
    found: list[object] = []
    assert calls_in(lambda: found.append(start_off_grid(downstream, upstream))) < 1_000_000
    assert found == [None]
