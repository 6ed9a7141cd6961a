"""The common part of all definitions."""

from __future__ import annotations

import pickle
from datetime import datetime

import cloudpickle
import pytest

import rivers as rs
from rivers.partitions.definitions import PartitionsDefinition

NOW = datetime(2024, 1, 3)
STATIC = PartitionsDefinition.static_(["a"])
EACH = {
    "Static": STATIC,
    "TimeWindow": PartitionsDefinition.daily(datetime(2024, 1, 1)),
    "Multi": PartitionsDefinition.multi({"d": STATIC}),
    "Dynamic": PartitionsDefinition.dynamic("d"),
}


@pytest.mark.rule("partitions 3.1.1")
@pytest.mark.parametrize("name", EACH)
def test_variants_are_nested_and_are_definitions(name: str) -> None:
    variant, definition = getattr(PartitionsDefinition, name), EACH[name]
    assert rs.PartitionsDefinition is PartitionsDefinition
    assert isinstance(definition, variant)
    assert isinstance(definition, PartitionsDefinition)
    assert definition.variant == name == variant.__name__
    assert variant.__qualname__ == f"PartitionsDefinition.{name}"


@pytest.mark.rule("partitions 3.1.2")
@pytest.mark.parametrize("name", EACH)
def test_definitions_are_equal_by_content_and_unhashable(name: str) -> None:
    definition = EACH[name]
    for twin in (pickle.loads(pickle.dumps(definition)), cloudpickle.loads(cloudpickle.dumps(definition))):
        assert twin == definition
        assert type(twin) is type(definition)
    assert all(definition != other for other_name, other in EACH.items() if other_name != name)
    assert definition != "text"
    with pytest.raises(TypeError, match="unhashable"):
        hash(definition)


@pytest.mark.rule("partitions 3.1.1")
def test_the_base_cannot_be_constructed() -> None:
    with pytest.raises(TypeError, match=r"PartitionsDefinition has no constructor.*daily\(start\)"):
        PartitionsDefinition()


@pytest.mark.rule("partitions 3.3.1")
@pytest.mark.parametrize("name", ["Static", "TimeWindow", "Multi"])
def test_the_keys_that_are_listed_are_members_in_order_and_counted(name: str) -> None:
    definition = EACH[name]
    keys = definition.get_partition_keys(now=lambda: NOW)
    assert keys == list(definition.iter_keys(NOW))
    assert len(keys) == definition.count(NOW)
    assert definition.latest(NOW) == keys[-1]
    assert all(definition.validate_partition_key(key, now=lambda: NOW) for key in keys)
    assert all(definition.parse_key(str(key)) == key for key in keys)
