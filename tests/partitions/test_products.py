"""Several dimensions: one value in each."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions import PartitionsDefinition as D
from rivers.partitions.definitions import PartitionsDefinition, explain_absence
from rivers.partitions.keys import PartitionKey
from rivers.partitions.products import dynamic_namespaces
from rivers.partitions.ranges import PartitionKeyRange
from tests.partitions.counted_work import calls_in

NOW = datetime(2024, 1, 3, 12)
DAY = PartitionsDefinition.daily(datetime(2024, 1, 1))
REGION = PartitionsDefinition.static_(["west", "east"])
BOTH = PartitionsDefinition.multi({"region": REGION, "day": DAY})
TEN = PartitionsDefinition.multi(
    {f"d{number}": PartitionsDefinition.static_([str(value) for value in range(1000)]) for number in range(10)}
)
multi = PartitionKey.multi


def texts(keys: list[PartitionKey]) -> list[str]:
    return list(map(str, keys))


@pytest.mark.rule("partitions 3.1.7")
def test_dimensions_are_listed_in_declared_order() -> None:
    assert BOTH.dimensions == [("region", REGION), ("day", DAY)]
    assert BOTH.dimension("day") is DAY
    assert BOTH.dimension("other") is None


@pytest.mark.rule("partitions 3.3.1")
def test_the_last_dimension_varies_fastest() -> None:
    assert texts(list(BOTH.iter_keys(datetime(2024, 1, 2)))) == [
        "day=2024-01-01|region=west",
        "day=2024-01-02|region=west",
        "day=2024-01-01|region=east",
        "day=2024-01-02|region=east",
    ]


@pytest.mark.rule("partitions 3.1.9", "partitions 3.1.10", "partitions 3.1.11", "partitions 3.1.16")
@pytest.mark.parametrize(
    ("dimensions", "named"),
    [
        ({}, "at least one dimension"),
        ({"": REGION}, "must not be empty"),
        ({"a|b": REGION}, r"'a\|b' contains the reserved character '\|'"),
        ({"a,b": REGION}, "'a,b' contains the reserved character ','"),
        ({"a=b": REGION}, "'a=b' contains the reserved character '='"),
        ({"a\x00": REGION}, "cannot be stored"),
        ({"inner": BOTH}, "dimension 'inner' is multi-dimensional"),
        ({"bad": PartitionsDefinition.Static([])}, "in dimension 'bad': .*at least one key"),
    ],
)
def test_what_cannot_be_dimensions_is_refused(dimensions: dict[str, PartitionsDefinition], named: str) -> None:
    with pytest.raises(PartitionDefinitionError, match=named):
        PartitionsDefinition.multi(dimensions)
    with pytest.raises(PartitionDefinitionError, match=named):
        PartitionsDefinition.Multi(list(dimensions.items())).check()


@pytest.mark.rule("partitions 3.1.11")
@pytest.mark.parametrize("value", ["daily", None, ["a"], 3])
def test_a_dimension_is_a_definition_and_not_the_name_of_one(value: Any) -> None:
    with pytest.raises(TypeError, match="dimension 'd' must be a PartitionsDefinition"):
        PartitionsDefinition.multi({"d": value})


def test_dimensions_are_a_dict_with_names() -> None:
    with pytest.raises(TypeError, match="dict"):
        PartitionsDefinition.multi("d")
    with pytest.raises(TypeError, match="name of a dimension"):
        PartitionsDefinition.multi({3: REGION})
    with pytest.raises(PartitionDefinitionError, match="twice"):
        PartitionsDefinition.Multi([("d", REGION), ("d", DAY)]).check()


@pytest.mark.rule("partitions 3.1.2")
def test_the_order_of_dimensions_matters_for_equality() -> None:
    assert PartitionsDefinition.multi({"region": REGION, "day": DAY}) == BOTH
    assert PartitionsDefinition.multi({"day": DAY, "region": REGION}) != BOTH
    assert pickle.loads(pickle.dumps(BOTH)) == BOTH
    with pytest.raises(TypeError, match="unhashable"):
        hash(BOTH)


@pytest.mark.rule("partitions 3.3.5")
def test_a_member_has_exactly_the_dimensions_with_valid_values() -> None:
    assert BOTH.contains(multi({"day": "2024-01-02", "region": "east"}), NOW)
    assert BOTH.contains(multi({"day": ["2024-01-01", "2024-01-02"], "region": ["east", "west"]}), NOW)
    assert not BOTH.contains(multi({"day": ["2024-01-01", "2024-01-09"], "region": "east"}), NOW)
    assert not BOTH.contains(multi({"day": "2024-01-02"}), NOW)
    assert not BOTH.contains(multi({"day": "2024-01-02", "place": "east"}), NOW)
    assert not BOTH.contains(multi({"day": "2024-01-02", "region": "east", "more": "x"}), NOW)
    assert not BOTH.contains(PartitionKey.single("east"), NOW)


@pytest.mark.rule("partitions 3.3.2")
def test_a_dynamic_dimension_cannot_be_enumerated_without_its_keys() -> None:
    mixed = PartitionsDefinition.multi({"region": REGION, "who": PartitionsDefinition.dynamic("people")})
    with pytest.raises(NotImplementedError, match="people"):
        mixed.get_partition_keys()
    assert mixed.validate_partition_key(multi({"region": "east", "who": "anyone"}))
    assert mixed.count(NOW, {"people": ["a", "b"]}) == 4
    assert texts(list(mixed.iter_keys(NOW, {"people": ["b"]}))) == ["region=west|who=b", "region=east|who=b"]


@pytest.mark.rule("partitions 3.3.8")
def test_a_product_of_ten_dimensions_is_never_built_to_answer() -> None:
    key = multi({name: "999" for name, _ in TEN.dimensions})
    assert TEN.contains(key, NOW)
    assert TEN.count(NOW) == 1000**10
    assert TEN.latest(NOW) == key
    wrong = multi({name: "999" if name != "d3" else "1000" for name, _ in TEN.dimensions})
    assert not TEN.contains(wrong, NOW)
    near = TEN.nearest(wrong, NOW)
    assert near
    assert all(TEN.contains(each, NOW) and each.values_of("d4") == ("999",) for each in near)


def test_no_keys_in_one_dimension_mean_no_keys() -> None:
    empty = PartitionsDefinition.multi({"region": REGION, "day": PartitionsDefinition.daily(datetime(2030, 1, 1))})
    assert (empty.latest(NOW), empty.count(NOW), list(empty.iter_keys(NOW))) == (None, 0, [])
    assert empty.nearest(PartitionKey.single("x"), NOW) == []


@pytest.mark.rule("partitions 2.8")
def test_a_multi_range_is_the_product_of_its_dimensions() -> None:
    chosen = PartitionKeyRange.multi({"day": ("2024-01-02", "2024-01-03"), "region": ["east"]})
    assert texts(BOTH.resolve(chosen, NOW)) == ["day=2024-01-02|region=east", "day=2024-01-03|region=east"]
    both = PartitionKeyRange.multi({"day": ("2024-01-02", "2024-01-03"), "region": ("west", "east")})
    assert texts(BOTH.resolve(both, NOW))[:2] == ["day=2024-01-02|region=west", "day=2024-01-03|region=west"]
    assert len(BOTH.resolve(both, NOW)) == 4
    twice = PartitionKeyRange.multi({"day": ["2024-01-03", "2024-01-01", "2024-01-03"], "region": ["east"]})
    assert texts(BOTH.resolve(twice, NOW)) == ["day=2024-01-03|region=east", "day=2024-01-01|region=east"]


@pytest.mark.rule("partitions 2.8")
@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        (PartitionKeyRange.single("a", "b"), r"PartitionKeyRange\.multi"),
        (PartitionKeyRange.multi({"day": ["2024-01-01"]}), "does not name dimension 'region'"),
        (PartitionKeyRange.multi({"day": ["2024-01-01"], "region": ["east"], "q": ["x"]}), "unknown dimension 'q'"),
        (
            PartitionKeyRange.multi({"day": ["2024-01-09"], "region": ["east"]}),
            "in dimension 'day': '2024-01-09' is not",
        ),
        (PartitionKeyRange.multi({"day": ["2024-01-01"], "region": ("east", "west")}), "from_key 'east' is after"),
    ],
)
def test_a_range_that_does_not_fit_says_where(chosen: PartitionKeyRange, named: str) -> None:
    with pytest.raises(PartitionValidationError, match=named):
        BOTH.resolve(chosen, NOW)


@pytest.mark.rule("partitions 3.3.9")
def test_the_nearest_keys_keep_what_is_right() -> None:
    near = BOTH.nearest(multi({"day": "2024-01-09", "region": "east"}), NOW)
    assert texts(near) == ["day=2024-01-03|region=east", "day=2024-01-02|region=east", "day=2024-01-01|region=east"]
    assert texts(BOTH.nearest(multi({"day": "2024-01-02", "region": "eats"}), NOW))[0] == "day=2024-01-02|region=east"
    assert texts(BOTH.nearest(multi({"day": "2024-01-02"}), NOW)) == ["day=2024-01-02|region=east"]


def test_of_thousands_of_values_that_are_none_only_the_first_are_looked_at() -> None:
    day = PartitionsDefinition.static_([f"d{number:05}" for number in range(20_000)])
    definition = PartitionsDefinition.multi({"region": REGION, "day": day})
    many = {"region": "east", "day": [f"d{number:05}x" for number in range(0, 40_000, 2)]}
    key, days = multi(many), PartitionKey.single(many["day"])

    def work() -> None:
        assert texts(definition.nearest(key, NOW))[0] == "day=d00000|region=east"
        assert texts(day.nearest(days, NOW))[0] == "d00000"

    assert calls_in(work) < 400_000


@pytest.mark.rule("partitions 1.8")
@given(
    days=st.lists(st.sampled_from(["2024-01-01", "2024-01-02"]), min_size=1, max_size=2),
    regions=st.lists(st.sampled_from(["west", "east", "a=b"]), min_size=1, max_size=3),
)
def test_the_canonical_text_leads_back_to_the_key(days: list[str], regions: list[str]) -> None:
    key = multi({"day": days, "region": regions})
    assert BOTH.parse_key(str(key)) == key


@pytest.mark.rule("partitions 5.1.14")
@pytest.mark.parametrize("text", ["", "west", "day=1", "day=1|region", "day=1|region=x|more=y", "day=1|day=2"])
def test_the_text_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(PartitionValidationError, match=r"day=\.\.\.\|region=\.\.\."):
        BOTH.parse_key(text)


@pytest.mark.rule("partitions 3.3.9")
def test_an_absence_names_each_dimension() -> None:
    text = explain_absence(multi({"day": "2024-01-09", "region": "east"}), BOTH, NOW)
    assert "'region': the static partitions 'west', 'east'" in text
    assert "'day': the time windows (daily from 2024-01-01 00:00:00, fmt '%Y-%m-%d')" in text
    assert "nearest valid keys: 'day=2024-01-03|region=east'" in text


@pytest.mark.parametrize("dimensions", [["a"], [None], [("a",)], [("a", 1, 2)]])
def test_dimensions_in_a_list_are_pairs(dimensions: Any) -> None:
    with pytest.raises(TypeError, match="multi expects pairs of a name and a definition"):
        PartitionsDefinition.multi(dimensions)


def test_the_namespaces_of_definitions_and_of_their_dimensions_are_named_once() -> None:
    users, shops = D.dynamic("users"), D.dynamic("shops")
    product = D.multi({"day": D.daily(datetime(2024, 1, 1)), "shop": shops, "user": users})
    assert dynamic_namespaces([users, D.static_(["a"]), product, users]) == ("users", "shops")
    assert dynamic_namespaces([]) == ()
