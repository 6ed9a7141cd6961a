"""The comparison of two definitions: their common keys, and windows of one on the grid of the other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rivers.partitions import PartitionsDefinition
from rivers.partitions.naive_time import to_datetime, to_nanos
from rivers.partitions.overlap import share_a_key, start_off_grid
from rivers.partitions.time_windows import TimeWindowPartitions
from tests.partitions.counted_work import calls_in

D = PartitionsDefinition
X, Y = D.static_(["x"]), D.static_(["y"])
START = datetime(2024, 1, 1)  # a Monday


def cron(expression: str, start: datetime = START, **keywords: object) -> PartitionsDefinition:
    return D.time_window(start, cron_schedule=expression, **keywords)


def every(seconds: float, start: datetime = START, **keywords: object) -> PartitionsDefinition:
    return D.time_window(start, interval_seconds=seconds, **keywords)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (D.static_(["a", "b"]), D.static_(["b", "c"]), True),
        (D.static_(["a"]), D.static_(["b"]), False),
        (D.dynamic("x"), D.dynamic("y"), True),
        (D.static_(["2024-01-02"]), D.daily(START), True),
        (D.static_(["2023-12-31"]), D.daily(START), False),
        (D.daily(START), D.daily(datetime(2090, 1, 1)), True),
        (D.daily(START, end=datetime(2024, 2, 1)), D.daily(datetime(2024, 2, 1)), False),
        (D.daily(START, end=datetime(2024, 2, 2)), D.daily(datetime(2024, 2, 1)), True),
        (D.daily(START), D.hourly(START), False),
        (D.daily(START, fmt="%Y-%m-%dT%H:00"), D.hourly(START), True),
        (D.daily(START), D.daily(START, fmt="%Y-%d-%m"), True),
        (D.daily(START), D.daily(START, fmt="%Y%m%d"), False),
        (cron("0 0 * * MON"), cron("0 0 * * TUE"), False),
        (cron("0 0 * * MON"), cron("0 0 13 * *"), True),
        (cron("0 * * * *"), cron("30 * * * *"), False),
        (cron("* * * * * MON"), cron("* * * * * TUE"), False),
        (cron("0 0 29 2 *", datetime(2096, 3, 1)), cron("0 0 * * *", datetime(2096, 3, 1)), True),
        (every(90 * 60), cron("0 * * * *"), True),
        (every(7 * 86400), cron("0 0 * * TUE"), False),
        (every(3600, START + timedelta(minutes=30)), cron("0 * * * *"), False),
        (every(7), every(11, START + timedelta(seconds=3)), True),
        (every(4), every(6, START + timedelta(seconds=3)), False),
        (every(7, end=START + timedelta(seconds=14)), every(11, START + timedelta(seconds=3)), False),
        (every(7, end=START + timedelta(seconds=15)), every(11, START + timedelta(seconds=3)), True),
        (D.multi({"d": D.daily(START), "r": X}), D.multi({"r": X, "d": D.daily(START)}), True),
        (D.multi({"d": D.daily(START), "r": X}), D.multi({"d": D.daily(START), "r": Y}), False),
        (D.multi({"d": D.daily(START)}), D.multi({"e": D.daily(START)}), False),
        (D.multi({"d": D.daily(START)}), D.daily(START), False),
    ],
)  # fmt: skip
def test_both_ways_round_the_answer_is_the_same(
    one: PartitionsDefinition, other: PartitionsDefinition, expected: bool
) -> None:
    assert share_a_key(one, other) is expected
    assert share_a_key(other, one) is expected


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.tuples(st.integers(0, 60), st.integers(0, 60)),
    st.integers(1, 4000),
)
def test_intervals_meet_exactly_where_their_windows_are_the_same(
    intervals: tuple[int, int], offsets: tuple[int, int], length: int
) -> None:
    starts = [START + timedelta(seconds=offset) for offset in offsets]
    one, other = (
        D.time_window(start, interval_seconds=seconds, end=START + timedelta(seconds=length))
        for start, seconds in zip(starts, intervals, strict=True)
    )
    known = set(map(str, one.get_partition_keys()))
    assert share_a_key(one, other) is any(str(key) in known for key in other.get_partition_keys())


def test_windows_of_every_second_that_never_meet_are_not_enumerated() -> None:
    fmt = "%Y-%m-%dT%H:%M:%S.%f"
    assert not share_a_key(every(1, fmt=fmt), every(2, START + timedelta(seconds=0.5), fmt=fmt))


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


@pytest.mark.rule("partitions 6.2.7")
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


@pytest.mark.parametrize(
    ("start", "outer", "stray"),
    [
        (datetime(2024, 2, 29), 1461 * DAY, datetime(2104, 2, 29)),
        (datetime(2009, 1, 1), "0 0 * * MON-SAT", datetime(2032, 2, 29)),
    ],
)
def test_windows_that_are_rare_are_compared_for_centuries(start: datetime, outer: str | float, stray: datetime) -> None:
    found = start_off_grid(windows("0 0 29 2 *", start), windows(outer, start))
    assert found is not None
    assert to_datetime(found) == stray


def test_windows_that_never_begin_lie_on_every_grid() -> None:
    assert start_off_grid(windows("0 * * * *", end=datetime(2024, 1, 1)), windows("0 0 * * *")) is None


def test_listed_years_are_not_taken_for_all_years() -> None:
    assert start_off_grid(windows("0 0 0 1 1 * 2030-2032"), windows("0 0 1 * *")) is None
    found = start_off_grid(windows("0 0 1 1 *"), windows("0 0 0 1 1 * 2024-2032"))
    assert found is not None
    assert to_datetime(found) == datetime(2033, 1, 1)
    assert start_off_grid(windows("0 0 0 1 1 * 2030-2032"), windows(7 * DAY)) is not None


@pytest.mark.rule("partitions 6.2.7")
@pytest.mark.parametrize(
    ("inner", "outer"), [("* * * * *", "* * * * * *"), ("0 0 * * *", "0 0 1-30,L * *"), (0.5, 0.25)]
)
def test_windows_are_compared_up_to_a_horizon(inner: str | float, outer: str | float) -> None:
    downstream, upstream = windows(inner, datetime(1900, 1, 1)), windows(outer, datetime(1900, 1, 1))
    found: list[object] = []
    assert calls_in(lambda: found.append(start_off_grid(downstream, upstream))) < 200_000
    assert found == [None]


@pytest.mark.rule("partitions 6.2.7")
@pytest.mark.parametrize(("last_year", "is_seen"), [(2026, True), (2040, False)])
def test_a_difference_beyond_the_horizon_is_left_to_the_run_for_that_key(last_year: int, is_seen: bool) -> None:
    found = start_off_grid(windows("0 0 * * *"), windows(f"0 0 0 * * * 2024-{last_year}"))
    assert (found is not None) is is_seen
