"""The parts of a mapping, and what its factories refuse."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from rivers.exceptions import PartitionValidationError
from rivers.partitions.keys import PartitionKey
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.ranges import PartitionKeyRange

KEY = PartitionKey.single("a")

EACH: list[tuple[PartitionMapping, type[PartitionMapping], dict[str, object]]] = [
    (PartitionMapping.identity(), PartitionMapping.Identity, {}),
    (PartitionMapping.all_partitions(), PartitionMapping.AllPartitions, {}),
    (PartitionMapping.static_({"a": "1"}), PartitionMapping.Static, {"mapping": {"a": "1"}}),
    (PartitionMapping.static_({}), PartitionMapping.Static, {"mapping": {}}),
    (PartitionMapping.time_window(-1), PartitionMapping.TimeWindow, {"offset": -1}),
    (PartitionMapping.time_window(offset=2), PartitionMapping.TimeWindow, {"offset": 2}),
    (
        PartitionMapping.specific_partitions([KEY]),
        PartitionMapping.SpecificPartitions,
        {"partition_keys": [KEY]},
    ),
    (
        PartitionMapping.for_keys([KEY, PartitionKeyRange.single("a", "c")]),
        PartitionMapping.ForKeys,
        {"selectors": [KEY, PartitionKeyRange.single("a", "c")]},
    ),
    (PartitionMapping.subset(), PartitionMapping.Subset, {}),
    (
        PartitionMapping.multi({"d": PartitionMapping.identity(), "r": ("x", PartitionMapping.all_partitions())}),
        PartitionMapping.Multi,
        {
            "dimension_mappings": {
                "d": ("d", PartitionMapping.identity()),
                "r": ("x", PartitionMapping.all_partitions()),
            }
        },
    ),
    (
        PartitionMapping.multi_to_single("d"),
        PartitionMapping.MultiToSingle,
        {"dimension_name": "d", "partition_mapping": PartitionMapping.identity()},
    ),
    (
        PartitionMapping.multi_to_single("d", partition_mapping=PartitionMapping.time_window(-1)),
        PartitionMapping.MultiToSingle,
        {"dimension_name": "d", "partition_mapping": PartitionMapping.time_window(-1)},
    ),
]


@pytest.mark.rule("partitions 6.1.2", "partitions 6.1.3", "partitions 6.1.4", "partitions 6.1.5")
@pytest.mark.rule("partitions 6.1.6", "partitions 6.1.7", "partitions 6.1.8", "partitions 6.1.9")
@pytest.mark.parametrize(("mapping", "variant", "attributes"), EACH, ids=lambda value: str(value)[:50])
def test_a_mapping_has_its_variant_and_attributes(
    mapping: PartitionMapping, variant: type[PartitionMapping], attributes: dict[str, object]
) -> None:
    assert type(mapping) is variant
    assert isinstance(mapping, PartitionMapping)
    assert {name: getattr(mapping, name) for name in attributes} == attributes
    assert repr(mapping).startswith(f"PartitionMapping.{mapping.factory}(")


@pytest.mark.rule("partitions 6.1.2")
@pytest.mark.parametrize("place", range(len(EACH)))
def test_mappings_are_equal_by_content_and_by_nothing_else(place: int) -> None:
    mapping = EACH[place][0]
    again = pickle.loads(pickle.dumps(mapping))
    assert again == mapping
    assert type(again) is type(mapping)
    assert [other == mapping for other, _, _ in EACH].count(True) == 1
    assert mapping != "identity"


@pytest.mark.rule("partitions 6.1.2")
@pytest.mark.parametrize("mapping", [mapping for mapping, _, _ in EACH], ids=repr)
def test_mappings_are_unhashable(mapping: PartitionMapping) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(mapping)


@pytest.mark.parametrize("mapping", [PartitionMapping.time_window(1), PartitionMapping.multi_to_single("d")], ids=repr)
def test_mappings_cannot_be_changed(mapping: Any) -> None:
    with pytest.raises(AttributeError):
        mapping.offset = 2


def test_a_dict_given_to_a_factory_can_be_changed_afterwards() -> None:
    given = {"a": "1"}
    mapping = PartitionMapping.static_(given)
    given["b"] = "2"
    assert mapping == PartitionMapping.static_({"a": "1"})


def test_the_base_has_no_constructor() -> None:
    with pytest.raises(TypeError, match="factories"):
        PartitionMapping()


inner = {
    "Multi": PartitionMapping.multi({"d": PartitionMapping.identity()}),
    "MultiToSingle": PartitionMapping.multi_to_single("d"),
    "Subset": PartitionMapping.subset(),
    "ForKeys": PartitionMapping.for_keys([KEY]),
}


@pytest.mark.rule("partitions 6.1.11")
@pytest.mark.parametrize("variant", inner)
def test_a_mapping_of_several_dimensions_holds_only_mappings_of_one(variant: str) -> None:
    with pytest.raises(PartitionValidationError, match=f"Nested {variant} .*dimension 'x'"):
        PartitionMapping.multi({"x": inner[variant]})
    with pytest.raises(PartitionValidationError, match=f"Nested {variant} "):
        PartitionMapping.multi({"x": ("y", inner[variant])})
    with pytest.raises(PartitionValidationError, match=f"Nested {variant} "):
        PartitionMapping.multi_to_single("x", inner[variant])


@pytest.mark.rule("partitions 6.1.10")
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PartitionMapping.specific_partitions([]), "partition_keys must not be empty"),
        (lambda: PartitionMapping.for_keys([]), "selectors must not be empty"),
        (lambda: PartitionMapping.multi({}), "at least one"),
    ],
    ids=["specific_partitions", "for_keys", "multi"],
)
def test_empty_mappings_are_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(PartitionValidationError, match=text):
        make()


M: Any = PartitionMapping


@pytest.mark.rule("partitions 6.1.12")
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: M.time_window("1"), "offset must be an int, got str"),
        (lambda: M.time_window(1.0), "offset must be an int, got float"),
        (lambda: M.time_window(True), "offset must be an int, got bool"),
        (lambda: M.static_([("a", "b")]), "mapping must be a dict, got list"),
        (lambda: M.static_({"a": 1}), "the target of 'a' must be a str, got int"),
        (lambda: M.static_({1: "a"}), "each key of mapping must be a str, got int"),
        (lambda: M.specific_partitions([3]), "partition_keys must hold only PartitionKey or str, got int: 3"),
        (lambda: M.specific_partitions("a"), "partition_keys must be a list of PartitionKey or str, got str"),
        (
            lambda: M.specific_partitions([PartitionKeyRange.single("a", "b")]),
            "must hold only PartitionKey or str, got",
        ),
        (lambda: M.for_keys(["a"]), "selectors must hold only PartitionKey or PartitionKeyRange, got str: 'a'"),
        (lambda: M.for_keys(KEY), "selectors must be a list of PartitionKey or PartitionKeyRange, got Single"),
        (lambda: M.multi([]), "dimension_mappings must be a dict, got list"),
        (lambda: M.multi({"x": "identity"}), "dimension 'x' must map with a PartitionMapping, got str"),
        (lambda: M.multi({"x": ("y",)}), "dimension 'x' must map to .* pair, got a tuple of 1"),
        (lambda: M.multi({"x": (1, M.identity())}), "the downstream dimension of 'x' must be a str, got int"),
        (lambda: M.multi({1: M.identity()}), "each upstream dimension must be a str, got int"),
        (lambda: M.multi_to_single(1), "dimension_name must be a str, got int"),
        (lambda: M.multi_to_single("x", "identity"), "partition_mapping must map with a PartitionMapping, got str"),
    ],
)
def test_the_wrong_type_is_named(make: Callable[[], object], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        make()


@pytest.mark.rule("partitions 6.1.6")
def test_specific_partitions_takes_text_for_keys_of_one_value() -> None:
    mapping = PartitionMapping.specific_partitions(["a", KEY])
    assert mapping.partition_keys == ["a", KEY]
    assert mapping.keys == [PartitionKey.single("a"), KEY]
