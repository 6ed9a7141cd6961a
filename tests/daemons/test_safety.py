"""Unasked looks at storage come close together after a change and grow rare while nothing changes."""

from __future__ import annotations

from rivers.daemons.safety import IDLE_SECONDS, SafetyInterval


def looks(interval: SafetyInterval, *found: object) -> list[float]:
    seconds: list[float] = []
    for each in found:
        interval.observe(each)
        seconds.append(interval.seconds)
    return seconds


def test_an_idle_daemon_looks_every_quarter_of_an_hour() -> None:
    assert IDLE_SECONDS == 900
    assert looks(SafetyInterval(0.25), None, 0, ()) == [IDLE_SECONDS] * 3


def test_looks_double_while_the_same_work_is_left() -> None:
    assert looks(SafetyInterval(0.25), 3, 3, 3, 3) == [0.25, 0.5, 1.0, 2.0]


def test_looks_never_grow_rarer_than_the_idle_interval() -> None:
    assert looks(SafetyInterval(100), 3, 3, 3, 3, 3)[-2:] == [800, IDLE_SECONDS]


def test_any_change_starts_over() -> None:
    assert looks(SafetyInterval(0.25), 3, 3, 2, 2) == [0.25, 0.5, 0.25, 0.5]


def test_a_first_interval_beyond_the_idle_one_is_kept() -> None:
    assert looks(SafetyInterval(3600), 3, 3, None) == [3600, 3600, 3600]


def test_an_interval_of_zero_backs_off_as_well() -> None:
    assert looks(SafetyInterval(0), 3, 3, 3) == [0, 0.002, 0.004]
