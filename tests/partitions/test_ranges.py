"""Ranges as they are written down."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.ranges import PartitionKeyRange


@pytest.mark.rule("partitions 2.1")
def test_a_range_of_one_dimension_has_two_ends() -> None:
    chosen = PartitionKeyRange.single(from_key="c", to_key="a")
    assert rs.PartitionKeyRange is PartitionKeyRange
    assert (chosen.from_key, chosen.to_key, chosen.is_multi, chosen.dimensions) == ("c", "a", False, ())
    assert chosen.selector_of() == ("c", "a")


@pytest.mark.rule("partitions 2.2")
def test_a_pair_is_a_range_and_anything_longer_or_shorter_a_list() -> None:
    chosen = PartitionKeyRange.multi({"d": ("1", "3"), "r": ["x", "z"], "s": ("u",), "t": ("a", "b", "c")})
    assert chosen.is_multi
    assert chosen.dimensions == ("d", "r", "s", "t")
    assert [chosen.selector_of(name) for name in chosen.dimensions] == [
        ("1", "3"),
        ["x", "z"],
        ["u"],
        ["a", "b", "c"],
    ]
    assert (chosen.from_key, chosen.to_key) == (None, None)


@pytest.mark.rule("partitions 2.3")
def test_ranges_are_equal_and_hash_alike_by_content() -> None:
    first = PartitionKeyRange.multi({"d": ("1", "3"), "r": ["x"]})
    second = PartitionKeyRange.multi({"r": ["x"], "d": ("1", "3")})
    assert first == second
    assert hash(first) == hash(second)
    assert PartitionKeyRange.multi({"d": ("1", "3")}) != PartitionKeyRange.multi({"d": ["1", "3"]})
    assert (
        PartitionKeyRange.single("a", "b") == PartitionKeyRange.single("a", "b") != PartitionKeyRange.single("b", "a")
    )
    assert PartitionKeyRange.single("a", "b") != "a..b"
    assert pickle.loads(pickle.dumps(first)) == first


@pytest.mark.rule("partitions 2.4")
def test_a_range_without_dimensions_is_refused() -> None:
    with pytest.raises(PartitionDefinitionError, match="at least one dimension"):
        PartitionKeyRange.multi({})
    with pytest.raises(PartitionDefinitionError, match="'d'"):
        PartitionKeyRange.multi({"d": []})


@pytest.mark.rule("partitions 2.4")
@pytest.mark.parametrize("value", ["1", 3, {"1"}, ["1", 2], ("1", 2), None])
def test_other_types_are_refused_naming_the_dimension(value: Any) -> None:
    with pytest.raises(TypeError, match="dimension 'd'"):
        PartitionKeyRange.multi({"d": value})


def test_the_ends_are_texts_and_the_dimensions_a_dict() -> None:
    with pytest.raises(TypeError, match="to_key"):
        PartitionKeyRange.single("a", 3)
    with pytest.raises(TypeError):
        PartitionKeyRange.multi([("d", ("1", "2"))])
    with pytest.raises(TypeError):
        PartitionKeyRange.multi({3: ("1", "2")})
    with pytest.raises(TypeError, match=r"PartitionKeyRange\.single"):
        PartitionKeyRange()


def test_the_repr_can_be_read() -> None:
    assert repr(PartitionKeyRange.single("a", "b")) == "PartitionKeyRange.single(from_key='a', to_key='b')"
    assert repr(PartitionKeyRange.multi({"d": ("1", "3")})) == "PartitionKeyRange.multi({'d': ('1', '3')})"


@pytest.mark.parametrize("definition", [rs.PartitionsDefinition.static_(["a"]), "multi"])
@pytest.mark.parametrize("wrong", [None, "a", ("a", "a"), rs.PartitionKey.single("a")])
def test_only_a_range_is_resolved(definition: Any, wrong: Any) -> None:
    if definition == "multi":
        definition = rs.PartitionsDefinition.multi({"d": rs.PartitionsDefinition.static_(["a"])})
    with pytest.raises(TypeError, match=f"resolve expects a PartitionKeyRange, got {type(wrong).__name__}"):
        definition.resolve(wrong, datetime(2026, 1, 1))
