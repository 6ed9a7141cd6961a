"""Selectors of keys match what resolving them lists."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.key_selection import Selected, Selection, selected_keys, selector_fault
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange
from tests.partitions.counted_work import calls_in

NOW = datetime(2024, 1, 12)
LETTERS = ["d", "b", "a", "c"]
DAYS = [f"2024-01-{day:02}" for day in range(1, 13)]
STATIC = PartitionsDefinition.static_(LETTERS)
DAILY = PartitionsDefinition.daily(datetime(2024, 1, 1))
GRID = PartitionsDefinition.multi({"l": STATIC, "d": DAILY})


def values(of: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([*of, "strange"]), min_size=1, max_size=3)


def pairs(of: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.sampled_from(of), st.sampled_from(of))


def selectors(definition: PartitionsDefinition) -> st.SearchStrategy[Selection]:
    if definition is GRID:
        return st.one_of(
            st.builds(lambda letter, day: PartitionKey.multi({"l": letter, "d": day}), values(LETTERS), values(DAYS)),
            st.builds(
                lambda letter, day: PartitionKeyRange.multi({"d": day, "l": letter}),
                pairs(LETTERS) | values(LETTERS),
                pairs(DAYS) | values(DAYS),
            ),
        )
    members = LETTERS if definition is STATIC else DAYS
    return values(members).map(PartitionKey.single) | pairs(members).map(lambda ends: PartitionKeyRange.single(*ends))


@pytest.mark.rule("partitions 6.3.7")
@given(st.data())
def test_a_key_is_selected_when_the_selectors_resolve_to_it(data: st.DataObject) -> None:
    definition = data.draw(st.sampled_from([STATIC, DAILY, GRID]))
    selector = data.draw(selectors(definition))
    fault = selector_fault(selector, definition, NOW, None)
    if isinstance(selector, PartitionKeyRange):
        try:
            listed = definition.resolve(selector, NOW)
        except PartitionValidationError as error:
            listed = []
            expected = str(error)
        else:
            expected = None
        assert fault == expected
    else:
        listed = list(selector.concrete())
        assert (fault is None) == definition.contains(selector, NOW)
    if fault is None:
        assert list(selected_keys([selector], definition, NOW, None)) == list(dict.fromkeys(listed))
        for key in definition.iter_keys(NOW):
            assert (key in Selected([selector], definition, NOW, None)) == (key in listed)


def test_a_key_that_is_none_of_the_definition_is_never_selected() -> None:
    strange = PartitionKey.single("strange")
    assert strange not in Selected([strange], STATIC, NOW, None)
    assert not selected_keys([strange], STATIC, NOW, None)


def test_several_selectors_list_each_key_once_in_their_order() -> None:
    found = selected_keys([PartitionKey.single("a"), PartitionKeyRange.single("b", "c")], STATIC, NOW, None)
    assert [str(key) for key in found] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("key_range", "definition"),
    [
        (PartitionKeyRange.single("a", "b"), GRID),
        (PartitionKeyRange.multi({"l": ("a", "b")}), STATIC),
        (PartitionKeyRange.multi({"l": ("a", "b"), "d": ["2024-01-01"], "x": ["q"]}), GRID),
    ],
)
def test_a_range_with_other_dimensions_is_a_fault_and_selects_nothing(
    key_range: PartitionKeyRange, definition: PartitionsDefinition
) -> None:
    assert selector_fault(key_range, definition, NOW, None) is not None
    assert not any(key in Selected([key_range], definition, NOW, None) for key in definition.iter_keys(NOW))


def test_a_range_of_decades_is_checked_and_matched_without_its_keys() -> None:
    hours = PartitionsDefinition.hourly(datetime(1990, 1, 1))
    wide = PartitionsDefinition.multi(dict.fromkeys("abcdefghij", hours))
    ends = ("1990-01-01T00:00", "2024-01-01T00:00")
    key_range = PartitionKeyRange.multi(dict.fromkeys("abcdefghij", ends))
    key = PartitionKey.multi(dict.fromkeys("abcdefghij", str(datetime(2000, 1, 1).isoformat(timespec="minutes"))))

    def work() -> None:
        assert selector_fault(key_range, wide, NOW, None) is None
        assert key in Selected([key_range], wide, NOW + timedelta(days=1), None)

    assert calls_in(work) < 10_000


def test_thousands_of_selectors_are_not_tried_one_after_another() -> None:
    texts = [f"k{number:05}" for number in range(20_000)]
    wide, keys = PartitionsDefinition.static_(texts), list(map(PartitionKey.single, texts))

    def work() -> None:
        for selectors in (keys, [PartitionKey.single(texts)]):
            selected = Selected(selectors, wide, NOW, None)
            assert all(key in selected for key in keys)

    assert calls_in(work) / len(keys) < 150
