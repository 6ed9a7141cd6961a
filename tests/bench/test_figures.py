"""The arithmetic of the table."""

from __future__ import annotations

import pytest

from bench.calibration import NOMINAL_SECONDS
from bench.figures import Figure, Floor
from bench.table import number, rendered


def duration(ours: float, **more: object) -> Figure:
    return Figure(what="a thing", unit="ms", ours=ours, **more)


def test_a_duration_is_scaled_down_on_a_machine_that_is_slower_than_the_nominal_one() -> None:
    assert duration(10, loop_seconds=2 * NOMINAL_SECONDS).scaled == pytest.approx(5)


def test_a_rate_is_scaled_up_on_a_machine_that_is_slower_than_the_nominal_one() -> None:
    assert duration(10, loop_seconds=2 * NOMINAL_SECONDS, more_is_better=True).scaled == pytest.approx(20)


def test_what_does_not_depend_on_the_speed_of_the_machine_is_not_scaled() -> None:
    assert duration(10).scaled == 10


@pytest.mark.parametrize(("more_is_better", "share"), [(False, 0.5), (True, 2.0)])
def test_a_share_of_the_budget_above_one_is_over_it_for_durations_and_rates(more_is_better: bool, share: float) -> None:
    assert duration(10, budget=20, more_is_better=more_is_better).of_budget == pytest.approx(share)


@pytest.mark.parametrize(("more_is_better", "times"), [(False, 2.5), (True, 0.4)])
def test_the_floor_is_what_one_could_pay_at_least(more_is_better: bool, times: float) -> None:
    figure = duration(10, floor=Floor("nothing", 4), more_is_better=more_is_better)
    assert figure.of_floor == pytest.approx(times)


def test_a_figure_without_budget_and_floor_has_no_ratios() -> None:
    assert (duration(10).of_budget, duration(10).of_floor) == (None, None)


def test_the_table_marks_what_is_over_its_budget() -> None:
    heading, within, over = rendered([duration(10, budget=20), duration(30, budget=20)]).splitlines()
    assert heading.startswith("what")
    assert "!" not in within
    assert "1.50!" in over


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0.01234, "0.0123"), (12.34, "12.3"), (28000.4, "28,000")])
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text
