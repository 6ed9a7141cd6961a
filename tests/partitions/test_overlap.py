"""Whether two definitions have a key in common."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.partitions import PartitionsDefinition
from rivers.partitions.overlap import share_a_key

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
    """It would not come back."""
    fmt = "%Y-%m-%dT%H:%M:%S.%f"
    assert not share_a_key(every(1, fmt=fmt), every(2, START + timedelta(seconds=0.5), fmt=fmt))
