"""When leases and launches are over, and when the clock is not believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.queueing.leases import (
    ClockWatch,
    observe,
    seconds_to_next_wake,
    stale_launch_text,
    stale_launches,
    start_deadline,
)
from rivers.records import RunRecord

SECOND = 1_000_000_000
PERIOD = 300 * SECOND
BASE = 1_767_225_600 * SECOND


def first(monotonic: float = 1000.0) -> ClockWatch:
    return observe(None, now=BASE, monotonic=monotonic, period=PERIOD)


def later(watch: ClockWatch, planned: float, slept: float, calendar: float | None = None) -> ClockWatch:
    """Wake ``slept`` seconds after ``watch`` when ``planned`` were asked for; the calendar moved by ``calendar``."""
    passed = slept if calendar is None else calendar
    return observe(
        watch.expecting(planned),
        now=watch.now + int(passed * SECOND),
        monotonic=watch.monotonic + slept,
        period=PERIOD,
    )


def test_a_daemon_that_just_started_believes_its_clock() -> None:
    assert first().trusts()


@pytest.mark.parametrize(
    ("planned", "slept", "calendar", "trusted"),
    [
        (100, 100, None, True),
        (100, 199, None, True),  # late, but within the slack of a renewal every third
        (100, 201, None, False),
        (100, 5, None, True),  # woken early by a message
        (100, 100, 199, True),
        (100, 100, 201, False),  # the calendar stepped forward
        (100, 100, -1, False),  # the calendar stepped back
        (3600, 3600, None, True),
    ],
)
def test_a_late_wake_or_a_clock_step_is_doubted(
    planned: float, slept: float, calendar: float | None, trusted: bool
) -> None:
    assert later(first(), planned, slept, calendar).trusts() is trusted


def test_doubt_lasts_one_lease_period_from_the_wake_that_caused_it() -> None:
    doubtful = later(first(), 100, 500)
    assert not later(doubtful, 299, 299).trusts()
    assert later(doubtful, 300, 300).trusts()


def test_a_second_step_starts_the_period_anew() -> None:
    again = later(later(first(), 100, 500), 200, 200, calendar=900)
    assert not later(again, 299, 299).trusts()
    assert later(again, 300, 300).trusts()


def test_nothing_is_stale_for_a_watch_in_doubt() -> None:
    doubtful = later(first(), 10, 1000)
    assert stale_launches([RunRecord("r", None, "NotStarted", 0)], doubtful, SECOND) == []


@pytest.mark.rule("queue 1.10")
def test_a_launch_is_stale_when_its_whole_timeout_has_passed_since_admission() -> None:
    timeout = 180 * SECOND
    runs = [
        RunRecord("late", "j", "NotStarted", 0, admitted_at=BASE - timeout),
        RunRecord("older", "j", "NotStarted", 0, admitted_at=BASE - timeout - 1),
        RunRecord("fresh", "j", "NotStarted", 0, admitted_at=BASE - timeout + 1),
        RunRecord("never queued", "j", "NotStarted", BASE - timeout),
    ]
    stale = stale_launches(runs, first(), timeout)
    assert [run.run_id for run in stale] == ["older", "late", "never queued"]
    assert start_deadline(runs[2], timeout) == BASE + 1
    assert stale_launch_text(timeout) == "run did not start within 3m of its admission"


def test_a_launch_from_before_the_start_has_its_whole_timeout_since_the_start() -> None:
    run = RunRecord("r", "j", "NotStarted", 0, admitted_at=BASE - 3600 * SECOND)
    assert stale_launches([run], first(), 180 * SECOND, since=BASE - 180 * SECOND + 1) == []
    assert stale_launches([run], first(), 180 * SECOND, since=BASE - 180 * SECOND) == [run]
    assert start_deadline(run, 180 * SECOND, since=BASE) == BASE + 180 * SECOND


def test_the_next_wake_is_the_earliest_of_interval_deadline_and_end_of_doubt() -> None:
    watch = first()
    assert seconds_to_next_wake(watch, [], 100 * SECOND) == 100
    assert seconds_to_next_wake(watch, [BASE + 30 * SECOND, BASE + 7 * SECOND], 100 * SECOND) == 7
    assert seconds_to_next_wake(watch, [BASE - 1, BASE], 100 * SECOND) == 100
    doubtful = later(watch, 100, 500)
    assert seconds_to_next_wake(doubtful, [], 1000 * SECOND) == 300


@given(
    steps=st.lists(st.tuples(st.integers(-4000, 4000), st.integers(0, 2000)), max_size=8),
    deadlines=st.lists(st.integers(-1000, 1000), max_size=4),
)
def test_the_wait_is_never_zero_so_the_daemon_never_spins(steps: list[tuple[int, int]], deadlines: list[int]) -> None:
    watch = first()
    for calendar, slept in steps:
        wait = seconds_to_next_wake(watch, [watch.now + each * SECOND for each in deadlines], 100 * SECOND)
        assert 0 < wait <= 100
        watch = later(watch, wait, slept, calendar)


@given(renewed_every=st.integers(1, 100), late_by=st.integers(0, 99), stepped_by=st.integers(-99, 99))
def test_a_living_owner_is_never_reclaimed_by_a_tolerated_wobble(
    renewed_every: int, late_by: int, stepped_by: int
) -> None:
    # The owner renewed `renewed_every` seconds ago; what the watch tolerates must not eat the rest of the lease.
    watch = later(first(), 10, 10 + late_by, 10 + late_by + stepped_by)
    until = watch.now - (renewed_every + stepped_by) * SECOND + PERIOD
    assert watch.trusts()
    assert until > watch.now
