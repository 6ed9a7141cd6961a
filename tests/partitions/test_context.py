"""The partitions that a step runs for, as its function and handlers see them."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.context import PartitionContext
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.keys import PartitionKey

single = PartitionKey.single
DAY = PartitionsDefinition.daily(datetime(2024, 1, 1))
STATIC = PartitionsDefinition.static_(["a", "b"])
BOTH = PartitionsDefinition.multi({"day": DAY, "region": STATIC})


@pytest.mark.rule("partitions 4.1")
def test_a_context_has_its_keys_the_first_of_them_and_the_definition() -> None:
    context = rs.PartitionContext([single("b"), single("a")], STATIC)
    assert context.keys == [single("b"), single("a")]
    assert context.key == single("b")
    assert context.definition is STATIC
    context.keys.clear()
    assert len(context.keys) == 2


@pytest.mark.rule("partitions 4.2")
def test_a_context_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        PartitionContext([], STATIC)


@pytest.mark.rule("partitions 4.2")
@pytest.mark.parametrize(("keys", "definition"), [("a", STATIC), (["a"], STATIC), ([single("a")], "daily")])
def test_other_types_are_refused(keys: Any, definition: Any) -> None:
    with pytest.raises(TypeError):
        PartitionContext(keys, definition)


@pytest.mark.rule("partitions 4.3")
def test_the_window_of_the_only_key_is_half_open() -> None:
    context = PartitionContext([single("2024-01-31")], DAY)
    assert context.time_window() == (datetime(2024, 1, 31), datetime(2024, 2, 1))


@pytest.mark.rule("partitions 4.4")
@pytest.mark.parametrize(
    ("keys", "definition"),
    [
        ([single("a")], STATIC),
        ([single("a")], PartitionsDefinition.dynamic("d")),
        ([PartitionKey.multi({"day": "2024-01-01", "region": "a"})], BOTH),
        ([single("2024-01-01"), single("2024-01-02")], DAY),
        ([single(["2024-01-01", "2024-01-02"])], DAY),
    ],
)
def test_there_is_no_window_otherwise(keys: list[PartitionKey], definition: PartitionsDefinition) -> None:
    assert PartitionContext(keys, definition).time_window() is None


@pytest.mark.rule("partitions 4.5")
def test_a_key_that_cannot_be_parsed_is_named_with_the_format() -> None:
    with pytest.raises(PartitionDefinitionError, match="'2024-1' does not have the format '%Y-%m-%d'"):
        PartitionContext([single("2024-1")], DAY).time_window()


def test_a_context_can_cross_to_a_worker() -> None:
    context = PartitionContext([single("2024-01-01")], DAY)
    assert pickle.loads(pickle.dumps(context)) == context
    assert context != PartitionContext([single("2024-01-02")], DAY)
    assert repr(context).startswith('PartitionContext([PartitionKey("2024-01-01")]')
