"""Appointments of triggers, by moment and then by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rivers.scheduling.agenda import Agenda


def test_what_is_due_comes_by_moment_and_then_by_name() -> None:
    agenda = Agenda()
    for name, moment in [("c", 1.0), ("b", 2.0), ("a", 2.0), ("late", 2.1)]:
        agenda.put(name, moment)
    assert agenda.next_moment() == 1.0
    assert agenda.take_due(0.9) == []
    assert agenda.take_due(2.0) == ["c", "a", "b"]
    assert agenda.take_due(2.0) == []
    assert agenda.next_moment() == 2.1


def test_a_new_appointment_replaces_the_old_one() -> None:
    agenda = Agenda()
    agenda.put("a", 1.0)
    agenda.put("a", 3.0)
    assert len(agenda) == 1
    assert agenda.take_due(2.0) == []
    agenda.put("a", 2.0)
    assert agenda.take_due(5.0) == ["a"]
    assert agenda.next_moment() is None


def test_a_dropped_name_is_not_due_and_dropping_it_again_is_harmless() -> None:
    agenda = Agenda()
    agenda.put("a", 1.0)
    agenda.drop("a")
    agenda.drop("a")
    assert (agenda.next_moment(), agenda.take_due(9.0), len(agenda)) == (None, [], 0)


actions = st.lists(
    st.tuples(st.sampled_from(["put", "drop", "take"]), st.sampled_from("abcd"), st.integers(0, 9)), max_size=40
)


@given(actions)
def test_the_agenda_behaves_like_a_dictionary_of_moments(steps: list[tuple[str, str, int]]) -> None:
    agenda, expected = Agenda(), dict[str, float]()
    for action, name, moment in steps:
        if action == "put":
            agenda.put(name, moment)
            expected[name] = moment
        elif action == "drop":
            agenda.drop(name)
            expected.pop(name, None)
        else:
            due = sorted((at, one) for one, at in expected.items() if at <= moment)
            assert agenda.take_due(moment) == [one for _, one in due]
            for _, one in due:
                del expected[one]
        assert len(agenda) == len(expected)
        assert agenda.next_moment() == min(expected.values(), default=None)
