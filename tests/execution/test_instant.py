"""When the notes of an instant are settled, and in which order."""

from __future__ import annotations

from rivers.execution.instant import Instant


def test_notes_are_settled_in_order_of_the_plan_when_time_has_passed_or_nothing_goes_on() -> None:
    now = [0.0]
    told: list[str] = []
    instant = Instant(lambda: now[0])
    assert not instant.is_over(quiet=True)
    instant.ended((1, 1), lambda: told.append("end of 1"))
    instant.began((2, 1), lambda: told.append("begin of 2"))
    instant.began((1, 1), lambda: told.append("begin of 1"))
    instant.began((0, 2), lambda: told.append("second begin of 0"))
    instant.ended((0, 1), lambda: told.append("end of 0"))
    assert not instant.is_over(quiet=False)
    assert instant.is_over(quiet=True)
    now[0] = 1e-9
    assert instant.is_over(quiet=False)
    instant.settle()
    assert told == ["end of 0", "second begin of 0", "begin of 1", "end of 1", "begin of 2"]
    assert not instant.is_over(quiet=True)


def test_where_time_passes_by_itself_notes_are_settled_in_order_of_arrival() -> None:
    readings = iter(range(100))
    told: list[str] = []
    instant = Instant(lambda: float(next(readings)))
    instant.ended((3, 1), lambda: told.append("end of 3"))
    instant.ended((1, 1), lambda: told.append("end of 1"))
    assert instant.is_over(quiet=False)
    instant.settle()
    assert told == ["end of 3", "end of 1"]


def test_a_note_made_while_settling_belongs_to_the_next_time() -> None:
    told: list[int] = []
    instant = Instant(lambda: 0.0)
    instant.ended((0, 1), lambda: instant.began((0, 2), lambda: told.append(2)))
    instant.settle()
    assert told == []
    assert instant.is_over(quiet=True)
    instant.settle()
    assert told == [2]
