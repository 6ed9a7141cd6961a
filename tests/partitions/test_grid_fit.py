"""Whether the windows of one grid start on another."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rivers.partitions.grid_fit import first_stray
from rivers.partitions.grids import CronGrid, Grid, IntervalGrid
from rivers.partitions.naive_time import DAY_NANOS, to_datetime, to_nanos

START = to_nanos(datetime(2024, 1, 1))
SECOND = 10**9
HOUR = 3600 * SECOND


def every(nanos: int, anchor: int = START) -> IntervalGrid:
    return IntervalGrid(anchor, nanos)


@pytest.mark.parametrize(
    ("windows", "grid"),
    [
        (CronGrid("0 0 * * *"), CronGrid("0 * * * *")),
        (CronGrid("0 0 * * *"), CronGrid("@daily")),
        (CronGrid("0 0 * * MON"), CronGrid("0 0 * * *")),
        (CronGrid("0 0 1 1 *"), CronGrid("0 0 1 * *")),
        (CronGrid("0 0 29 2 *"), CronGrid("0 0 28,29 2 *")),
        (CronGrid("0 0 0 1 1 * 2027"), CronGrid("0 0 1 * *")),
        (CronGrid("0 0 L * *"), CronGrid("0 0 28-31 * *")),
        (every(DAY_NANOS), every(HOUR, START - 77 * HOUR)),
        (every(DAY_NANOS), CronGrid("0 0 * * *")),
        (every(HOUR), CronGrid("*/30 * * * *")),
        (every(7 * DAY_NANOS), CronGrid("0 0 * * MON")),
        (CronGrid("0 6 * * *"), every(HOUR)),
        (CronGrid("0 0 * * *"), every(DAY_NANOS, START + 40 * DAY_NANOS)),
    ],
)
def test_windows_that_all_start_on_the_grid_have_no_stray(windows: Grid, grid: Grid) -> None:
    assert first_stray(windows, grid, START) is None


@pytest.mark.parametrize(
    ("windows", "grid", "stray"),
    [
        (CronGrid("0 * * * *"), CronGrid("0 0 * * *"), datetime(2024, 1, 1, 1)),
        (CronGrid("0 0 * * *"), CronGrid("0 0 * * MON-FRI"), datetime(2024, 1, 6)),
        (CronGrid("* * * * *"), CronGrid("* * * * MON-FRI"), datetime(2024, 1, 6)),
        (CronGrid("0 0 28-31 * *"), CronGrid("0 0 L * *"), datetime(2024, 1, 28)),
        (CronGrid("0 0 1 1 *"), CronGrid("0 0 0 1 1 * 2024,2025"), datetime(2026, 1, 1)),
        (every(HOUR), every(DAY_NANOS), datetime(2024, 1, 1, 1)),
        (every(DAY_NANOS, START + HOUR), every(DAY_NANOS), datetime(2024, 1, 1, 1)),
        (every(60 * SECOND), CronGrid("* * * * MON-FRI"), datetime(2024, 1, 6)),
        (every(SECOND), CronGrid("* * 0-22 * * *"), datetime(2024, 1, 1, 23)),
        (every(SECOND // 2), CronGrid("* * * * * *"), datetime(2024, 1, 1, 0, 0, 0, 500_000)),
        (CronGrid("0 0 1 * *"), every(31 * DAY_NANOS), datetime(2024, 3, 1)),
        (CronGrid("* 0 * * *"), every(HOUR), datetime(2024, 1, 1, 0, 1)),
    ],
)
def test_a_window_off_the_grid_is_shown(windows: Grid, grid: Grid, stray: datetime) -> None:
    found = first_stray(windows, grid, START)
    assert found is not None
    assert to_datetime(found) == stray


CRONS = st.sampled_from(["0 0 * * *", "0 */6 * * *", "0 * * * *", "0 0 * * 1-5", "0 0 L * *", "0 0 1 */3 *", "@yearly"])
GRIDS = st.builds(CronGrid, CRONS) | st.builds(every, st.sampled_from([HOUR, 6 * HOUR, DAY_NANOS, 7 * DAY_NANOS]))


@settings(deadline=None)
@given(windows=GRIDS, grid=GRIDS, start=st.integers(START, START + 1000 * DAY_NANOS))
def test_the_answer_agrees_with_a_walk(windows: Grid, grid: Grid, start: int) -> None:
    end = start + 5 * 365 * DAY_NANOS
    stray = first_stray(windows, grid, start)
    walked = next((each for each in islice(windows.starts(start, end), 50_000) if not grid.contains(each)), None)
    assert (stray is None) == (walked is None)
    if stray is not None:
        assert start <= stray
        assert windows.contains(stray)
        assert not grid.contains(stray)
