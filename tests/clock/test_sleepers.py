"""The order of the heap, and what becomes of the dead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rivers.clock.moments import FOREVER
from rivers.clock.sleepers import Sleepers


class Sleeper:
    def __init__(self, name: object = None) -> None:
        self.name = name
        self.live = True

    def wake(self) -> None:
        self.live = False


def names(sleepers: Sleepers) -> list[object]:
    found: list[object] = []
    while sleepers.next_deadline() is not None:
        _, sleeper = sleepers.pop()
        assert isinstance(sleeper, Sleeper)
        found.append(sleeper.name)
    return found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=40))
def test_sleepers_wake_by_deadline_then_rank_then_registration(plan: list[tuple[int, int, bool]]) -> None:
    sleepers, expected = Sleepers(), []
    for number, (deadline, rank, dies) in enumerate(plan):
        sleeper = Sleeper(number)
        sleepers.add(deadline, rank, sleeper)
        if dies:
            sleeper.live = False
            sleepers.note_death()
        else:
            expected.append((deadline, rank, number))
    assert names(sleepers) == [number for _, _, number in sorted(expected)]


def test_cancelled_sleepers_do_not_pile_up() -> None:
    sleepers = Sleepers()
    sleepers.add(10**12, 0, Sleeper("stays"))
    for _ in range(10_000):
        sleeper = Sleeper()
        sleepers.add(10**9, 0, sleeper)
        sleeper.live = False
        sleepers.note_death()
    assert len(sleepers._heap) < 200
    assert names(sleepers) == ["stays"]


def test_a_sleeper_without_an_end_is_never_due() -> None:
    sleepers = Sleepers()
    sleepers.add(FOREVER, 0, Sleeper())
    sleepers.add(FOREVER + 5, 0, Sleeper())
    assert sleepers.next_deadline() is None
