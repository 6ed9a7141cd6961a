"""What selectors stand for, and which members are near values that are none."""

from __future__ import annotations

from datetime import datetime

import pytest

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.one_dimension import near_any, require_selector, select
from rivers.partitions.static import StaticPartitions

NOW = datetime(2024, 1, 1)
LETTERS = PartitionsDefinition.static_(["c", "a", "b", "d"])


def test_a_pair_stands_for_all_between_its_ends_and_a_list_for_each_of_its_keys_once() -> None:
    assert list(select(("a", "d"), LETTERS, NOW)) == ["a", "b", "d"]
    assert list(select(["d", "c", "d"], LETTERS, NOW)) == ["d", "c"]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (["a", "x"], "^'x' is not a partition key of"),
        (("x", "a"), "^from_key 'x' is not"),
        (("a", "x"), "^to_key 'x' is not"),
        (("a", "c"), "^from_key 'a' is after to_key 'c' in the static partitions"),
    ],
)
def test_what_stands_for_no_keys_is_refused(selector: list[str] | tuple[str, str], message: str) -> None:
    for ask in (select, require_selector):
        with pytest.raises(PartitionValidationError, match=message):
            ask(selector, LETTERS, NOW)


def test_a_range_of_dynamic_keys_can_be_checked_while_nobody_knows_them() -> None:
    dynamic = PartitionsDefinition.dynamic("d")
    require_selector(("a", "b"), dynamic, NOW)
    with pytest.raises(NotImplementedError):
        select(("a", "b"), dynamic, NOW)


def test_no_more_values_are_looked_at_than_it_takes_to_find_three_members() -> None:
    looked_at: list[str] = []

    class Watched(StaticPartitions):
        def near_values(self, value: str, now: datetime, dynamic: object = None) -> list[str]:
            looked_at.append(value)
            return ["a"] if value == "first" else ["a", "b", "c", "d"]

    assert near_any(["first", "second", "third"], Watched(["a"]), NOW) == ["a", "b", "c"]
    assert looked_at == ["first", "second"]
