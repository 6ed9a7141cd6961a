"""A fixed list of keys, and the common part of all definitions of one dimension."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition, explain_absence
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange

NOW = datetime(2026, 1, 1)
single = PartitionKey.single
GOOD_KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|,\x00"), min_size=1, max_size=6)


def static(*keys: str) -> PartitionsDefinition.Static:
    return PartitionsDefinition.static_(list(keys))


def texts(keys: list[PartitionKey]) -> list[str]:
    return list(map(str, keys))


@pytest.mark.rule("partitions 3.1.3", "partitions 3.3.1")
def test_keys_keep_their_order_and_drop_duplicates() -> None:
    assert static("c", "a", "c", "b").keys == ["c", "a", "b"]
    assert texts(static("c", "a", "c", "b").get_partition_keys()) == ["c", "a", "b"]


@pytest.mark.rule("partitions 3.1.9", "partitions 3.1.10")
@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ([], "at least one key"),
        (["a", ""], "must not be empty"),
        (["a", "x|y"], r"'x\|y' contains the reserved character '\|'"),
        (["x,y"], "'x,y' contains the reserved character ','"),
        (["a\x00"], "cannot be stored"),
    ],
)
def test_what_cannot_be_a_key_is_refused(keys: list[str], named: str) -> None:
    with pytest.raises(PartitionDefinitionError, match=named):
        PartitionsDefinition.static_(keys)


@pytest.mark.rule("partitions 3.1.10")
@pytest.mark.parametrize("keys", ["abc", ["a", 3], 3, {"a": 1}, None])
def test_only_a_list_of_text_is_taken(keys: Any) -> None:
    with pytest.raises(TypeError, match="list of str"):
        PartitionsDefinition.static_(keys)


@pytest.mark.rule("partitions 3.3.3")
def test_a_member_is_a_single_key_whose_every_value_is_listed() -> None:
    definition = static("a", "b")
    assert definition.validate_partition_key(single("a"))
    assert definition.validate_partition_key(single(["a", "b"]))
    assert not definition.validate_partition_key(single(["a", "z"]))
    assert not definition.validate_partition_key(single(""))
    assert not definition.validate_partition_key(PartitionKey.multi({"d": "a"}))
    assert not definition.validate_partition_key(PartitionKey.Set([single("a")]))


@pytest.mark.rule("partitions 3.3.7")
def test_only_a_key_is_validated() -> None:
    with pytest.raises(TypeError, match="PartitionKey"):
        static("a").validate_partition_key("a")


@pytest.mark.rule("partitions 3.1.16")
def test_the_raw_constructor_checks_nothing_until_it_is_asked() -> None:
    raw = PartitionsDefinition.Static(keys=["b", "b", ""])
    assert raw.keys == ["b", "b", ""]
    with pytest.raises(PartitionDefinitionError, match="must not be empty"):
        raw.check()
    with pytest.raises(PartitionDefinitionError, match="at least one key"):
        PartitionsDefinition.Static([]).check()


def test_duplicates_in_a_raw_definition_are_one_partition() -> None:
    raw = PartitionsDefinition.Static(["b", "a", "b", "c"])
    assert texts(list(raw.iter_keys(NOW))) == ["b", "a", "c"]
    assert raw.count(NOW) == 3
    assert texts(raw.resolve(PartitionKeyRange.single("a", "c"), NOW)) == ["a", "c"]


@pytest.mark.rule("partitions 3.1.2")
def test_definitions_are_equal_by_content_and_unhashable() -> None:
    assert static("a", "b") == PartitionsDefinition.Static(["a", "b"])
    assert static("a", "b") != static("b", "a")
    assert static("a") != PartitionsDefinition.dynamic("a")
    assert pickle.loads(pickle.dumps(static("a", "b"))) == static("a", "b")
    with pytest.raises(TypeError, match="unhashable"):
        hash(static("a"))


@pytest.mark.rule("partitions 2.5")
def test_a_range_follows_the_declared_order() -> None:
    definition = static("c", "a", "d", "b")
    assert texts(definition.resolve(PartitionKeyRange.single("a", "b"), NOW)) == ["a", "d", "b"]
    assert texts(definition.resolve(PartitionKeyRange.single("c", "c"), NOW)) == ["c"]


@pytest.mark.rule("partitions 2.6")
def test_an_unknown_end_of_a_range_is_named() -> None:
    with pytest.raises(PartitionValidationError, match=r"from_key 'z' is not a partition key .*'c', 'a', 'd'.*nearest"):
        static("c", "a", "d", "b").resolve(PartitionKeyRange.single("z", "a"), NOW)
    with pytest.raises(PartitionValidationError, match="to_key 'z' is not a partition key"):
        static("c", "a").resolve(PartitionKeyRange.single("a", "z"), NOW)


@pytest.mark.rule("partitions 2.7")
def test_an_inverted_range_names_both_ends() -> None:
    with pytest.raises(PartitionValidationError, match="from_key 'c' is after to_key 'a'"):
        static("a", "b", "c").resolve(PartitionKeyRange.single("c", "a"), NOW)


@pytest.mark.rule("partitions 2.8")
def test_a_range_of_dimensions_does_not_fit() -> None:
    with pytest.raises(PartitionValidationError, match=r"PartitionKeyRange\.single"):
        static("a").resolve(PartitionKeyRange.multi({"d": ["a"]}), NOW)


@pytest.mark.rule("partitions 2.5")
@given(keys=st.lists(GOOD_KEYS, min_size=1, max_size=12, unique=True), data=st.data())
def test_a_range_holds_its_ends_and_what_lies_between(keys: list[str], data: st.DataObject) -> None:
    definition = PartitionsDefinition.static_(keys)
    first = data.draw(st.integers(0, len(keys) - 1))
    last = data.draw(st.integers(first, len(keys) - 1))
    found = definition.resolve(PartitionKeyRange.single(keys[first], keys[last]), NOW)
    assert texts(found) == keys[first : last + 1]
    assert all(definition.contains(key, NOW) for key in found)


@pytest.mark.rule("partitions 1.8")
@given(values=st.lists(GOOD_KEYS, min_size=1, max_size=4))
def test_the_canonical_text_leads_back_to_the_key(values: list[str]) -> None:
    assert static("a").parse_key(str(single(values))) == single(values)


def test_first_latest_and_count() -> None:
    definition = static("c", "a", "b")
    assert (definition.first_value(NOW), str(definition.latest(NOW)), definition.count(NOW)) == ("c", "b", 3)
    empty = PartitionsDefinition.Static([])
    assert (empty.first_value(NOW), empty.latest(NOW), empty.count(NOW)) == (None, None, 0)


@pytest.mark.rule("partitions 3.3.9")
def test_the_nearest_keys_are_spelt_alike() -> None:
    definition = static("amsterdam", "rotterdam", "utrecht", "breda")
    assert texts(definition.nearest(single("amsterdm"), NOW))[0] == "amsterdam"
    assert texts(definition.nearest(single("zzz"), NOW)) == ["amsterdam", "rotterdam", "utrecht"]
    assert texts(definition.nearest(PartitionKey.multi({"d": "a"}), NOW)) == ["amsterdam", "breda"]
    assert definition.nearest(single("breda"), NOW) == []


@pytest.mark.rule("partitions 3.3.9")
def test_an_absence_is_explained_with_the_definition_and_the_nearest_keys() -> None:
    text = explain_absence(single("ab3"), static("ab1", "ab2", "b", "c"), NOW)
    assert text == "the static partitions 'ab1', 'ab2', 'b' and 1 more; nearest valid keys: 'ab2', 'ab1'"
    assert explain_absence(single("a"), PartitionsDefinition.Static([]), NOW).endswith("it has no keys")
