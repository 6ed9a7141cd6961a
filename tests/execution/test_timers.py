"""What is due, and in which order."""

from __future__ import annotations

from rivers.execution.timers import Timers


def test_a_deadline_between_two_microseconds_is_due_when_the_clock_has_come_as_near_as_it_can() -> None:
    timers = Timers()
    timers.set(20.1234564, (0,), print)
    assert timers.take_due(20.123456) == [print]


def test_what_is_due_comes_once_by_deadline_then_place_then_as_it_was_set() -> None:
    timers = Timers()
    told: list[str] = []
    for deadline, order, name in [
        (2.0, (0, 1), "later"),
        (1.0, (1, 1), "second"),
        (1.0, (0, 1), "first"),
        (1.0, (1, 1), "third"),
        (1.0, (), "before all"),
    ]:
        timers.set(deadline, order, lambda name=name: told.append(name))
    assert timers.next() == 1.0
    for action in timers.take_due(1.5):
        action()
    assert told == ["before all", "first", "second", "third"]
    assert timers.next() == 2.0
    assert timers.take_due(1.5) == []
    assert len(timers.take_due(2.0)) == 1
    assert timers.next() is None
