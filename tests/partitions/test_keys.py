"""Partition keys: their content, their equality and their written forms."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rivers as rs
from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions.keys import PartitionKey

single, multi = PartitionKey.single, PartitionKey.multi

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SINGLES = st.lists(TEXTS, min_size=1, max_size=4).map(single)
MULTIS = st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=4).map(multi)
KEYS = st.one_of(SINGLES, MULTIS, st.lists(SINGLES | MULTIS, min_size=1, max_size=3).map(PartitionKey.Set))


@pytest.mark.rule("partitions 1.1")
def test_a_key_cannot_be_constructed_itself() -> None:
    with pytest.raises(TypeError, match=r"PartitionKey\.single"):
        PartitionKey()


@pytest.mark.rule("partitions 1.1")
def test_variants_are_nested_and_are_keys() -> None:
    assert rs.PartitionKey is PartitionKey
    assert isinstance(single("a"), PartitionKey.Single)
    assert isinstance(multi({"d": "1"}), PartitionKey.Multi)
    assert isinstance(PartitionKey.Set([single("a")]), PartitionKey.Set)
    for variant in (PartitionKey.Single, PartitionKey.Multi, PartitionKey.Set):
        assert issubclass(variant, PartitionKey)
        assert variant.__qualname__ == f"PartitionKey.{variant.__name__}"


@pytest.mark.rule("partitions 1.2")
def test_a_single_key_lists_its_value() -> None:
    assert single("a").key == ["a"]


@pytest.mark.rule("partitions 1.2", "partitions 1.3")
def test_values_are_held_sorted_with_their_duplicates() -> None:
    assert single(["b", "a", "b"]).key == ["a", "b", "b"]
    assert single(["b", "a"]) == single(["a", "b"])
    assert multi({"d": ["2", "1"]}) == multi({"d": ["1", "2"]})
    assert multi({"d": ["2", "1"]}).keys == {"d": ["1", "2"]}


@pytest.mark.rule("partitions 1.3")
def test_a_multi_key_holds_a_list_for_every_dimension() -> None:
    assert multi({"d": "1", "r": ["x", "y"]}).keys == {"d": ["1"], "r": ["x", "y"]}


def test_what_a_key_gives_out_cannot_change_it() -> None:
    one, several = single(["a"]), multi({"d": ["1"]})
    one.key.append("b")
    several.keys["d"].append("2")
    assert (one.key, several.keys) == (["a"], {"d": ["1"]})


@pytest.mark.rule("partitions 1.4")
def test_no_values_are_refused() -> None:
    with pytest.raises(PartitionDefinitionError, match="must not be empty"):
        single([])
    with pytest.raises(PartitionDefinitionError, match="dimension 'd' must not be empty"):
        multi({"d": []})
    with pytest.raises(PartitionDefinitionError, match="at least one dimension"):
        multi({})
    with pytest.raises(PartitionDefinitionError, match="must not be empty"):
        PartitionKey.Set([])


@pytest.mark.rule("partitions 1.5")
@pytest.mark.parametrize("value", [3, None, b"a", {"a"}, ["a", 3], [["a"]]])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"expected str or list\[str\]"):
        single(value)
    with pytest.raises(TypeError, match="'d'"):
        multi({"d": value})


@pytest.mark.rule("partitions 1.5")
def test_a_multi_key_is_made_of_a_dict_with_names() -> None:
    for given_ in ("d=1", ["d"], {3: "1"}):
        with pytest.raises(TypeError):
            multi(given_)
    with pytest.raises(TypeError, match="expects keys"):
        PartitionKey.Set(["a"])


@pytest.mark.rule("partitions 1.6")
@pytest.mark.parametrize("value", ["", "x|y", "a,b", "a=b"])
def test_any_text_is_accepted_at_construction(value: str) -> None:
    assert single(value).key == [value]


@pytest.mark.rule("partitions 1.7")
def test_keys_are_equal_and_hash_alike_by_content() -> None:
    assert single("a") == single(["a"])
    assert hash(single(["b", "a"])) == hash(single(["a", "b"]))
    assert multi({"d": "1", "r": "x"}) == multi({"r": ["x"], "d": ["1"]})
    assert hash(multi({"d": "1", "r": "x"})) == hash(multi({"r": "x", "d": "1"}))
    assert single("a") != single("b")
    assert single("a") != single(["a", "a"])
    assert single("a") != multi({"a": "a"})
    assert PartitionKey.Set([single("a")]) == PartitionKey.Set([single("a")]) != single("a")
    assert hash(PartitionKey.Set([single("a")])) == hash(PartitionKey.Set([single("a")]))


@pytest.mark.rule("partitions 1.7")
def test_a_key_is_never_equal_to_its_text() -> None:
    assert single("a") != "a"
    assert multi({"d": "1"}) != "d=1"


@pytest.mark.rule("partitions 1.8")
def test_the_canonical_text() -> None:
    assert str(single("a")) == "a"
    assert str(single(["b", "a"])) == "a,b"
    assert str(multi({"r": ["y", "x"], "d": "1"})) == "d=1|r=x,y"
    assert str(PartitionKey.Set([single("b"), multi({"d": "1"})])) == "b, d=1"


@pytest.mark.rule("partitions 1.9")
def test_the_repr() -> None:
    assert repr(single("a")) == 'PartitionKey("a")'
    assert repr(single(["b", "a"])) == 'PartitionKey(["a", "b"])'
    assert repr(multi({"r": ["y", "x"], "d": "a"})) == 'PartitionKey({"d": "a", "r": ["x", "y"]})'


@pytest.mark.rule("partitions 1.10")
def test_json_is_compact() -> None:
    assert single("a").to_json() == '{"single":["a"]}'
    assert multi({"r": ["y", "x"], "d": "a"}).to_json() == '{"multi":{"d":["a"],"r":["x","y"]}}'
    assert PartitionKey.Set([single("a")]).to_json() == '{"set":[{"single":["a"]}]}'


@pytest.mark.rule("partitions 1.10")
@given(key=KEYS)
def test_json_leads_back_to_the_key(key: PartitionKey) -> None:
    assert PartitionKey.from_json(key.to_json()) == key
    assert json.loads(key.to_json()).keys() <= {"single", "multi", "set"}


@pytest.mark.rule("partitions 1.10")
@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "[]", "3", "{}", '{"other":[]}', '{"single":[]}', '{"single":"a"}', '{"single":[3]}'),
        *('{"multi":{}}', '{"multi":{"d":[]}}', '{"multi":[]}', '{"set":[]}', '{"set":[{"set":[]}]}', "[" * 100_000),
    ],
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(PartitionDefinitionError, match="not the JSON of a partition key"):
        PartitionKey.from_json(text)


@pytest.mark.rule("partitions 1.10")
def test_json_must_be_text() -> None:
    with pytest.raises(TypeError):
        PartitionKey.from_json(b"{}")


@pytest.mark.rule("partitions 1.11")
def test_several_values_denote_their_product() -> None:
    key = multi({"r": ["y", "x"], "d": ["2", "1"]})
    assert [str(each) for each in key.concrete()] == ["d=1|r=x", "d=1|r=y", "d=2|r=x", "d=2|r=y"]
    assert list(single(["b", "a"]).concrete()) == [single("a"), single("b")]


@pytest.mark.rule("partitions 1.11")
@given(key=KEYS)
def test_concrete_keys_are_distinct_and_stand_for_themselves(key: PartitionKey) -> None:
    concrete = list(key.concrete())
    assert len(set(concrete)) == len(concrete)
    assert all(each.is_concrete and list(each.concrete()) == [each] for each in concrete)
    assert key.is_concrete is False or concrete == [key]


def test_values_are_asked_for_by_dimension() -> None:
    key = multi({"r": "x", "d": ["2", "1"]})
    assert key.dimensions == ("d", "r")
    assert key.values_of("d") == ("1", "2")
    assert single(["b", "a"]).values_of() == ("a", "b")
    with pytest.raises(PartitionValidationError, match="dimension 'q'"):
        key.values_of("q")
    with pytest.raises(PartitionValidationError, match="name one of its dimensions"):
        key.values_of()
    with pytest.raises(PartitionValidationError, match="dimension 'd'"):
        single("a").values_of("d")


@given(key=KEYS)
def test_copies_and_pickles_are_equal(key: PartitionKey) -> None:
    for twin in (pickle.loads(pickle.dumps(key)), copy.deepcopy(key)):
        assert twin == key
        assert hash(twin) == hash(key)
        assert type(twin) is type(key)
