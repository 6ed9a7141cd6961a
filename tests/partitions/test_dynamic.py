"""Keys that are registered while the system runs, given as data."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime

import pytest

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.dynamic import KeysInOrder, in_order
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange

NOW = datetime(2026, 1, 1)
single = PartitionKey.single
CUSTOMERS = PartitionsDefinition.dynamic("customers")
REGISTERED = {"customers": ["zoe", "adam", "mia"], "other": ["x"]}


@pytest.mark.rule("partitions 3.1.8")
def test_a_dynamic_definition_has_a_name() -> None:
    assert CUSTOMERS.name == "customers"
    assert CUSTOMERS == PartitionsDefinition.Dynamic("customers") != PartitionsDefinition.dynamic("other")
    assert pickle.loads(pickle.dumps(CUSTOMERS)) == CUSTOMERS
    assert repr(CUSTOMERS) == "PartitionsDefinition.dynamic('customers')"
    with pytest.raises(TypeError, match="unhashable"):
        hash(CUSTOMERS)


@pytest.mark.rule("partitions 3.1.12", "partitions 3.1.16")
def test_an_empty_name_is_refused() -> None:
    with pytest.raises(PartitionDefinitionError, match="not empty"):
        PartitionsDefinition.dynamic("")
    with pytest.raises(PartitionDefinitionError, match="not empty"):
        PartitionsDefinition.Dynamic("").check()
    with pytest.raises(TypeError):
        PartitionsDefinition.dynamic(3)


@pytest.mark.rule("partitions 3.3.6")
def test_any_single_key_is_valid_until_the_store_is_asked() -> None:
    assert CUSTOMERS.validate_partition_key(single("anything"))
    assert not CUSTOMERS.validate_partition_key(PartitionKey.multi({"d": "a"}))


@pytest.mark.rule("partitions 3.3.6")
def test_with_the_registered_keys_only_those_are_members() -> None:
    assert CUSTOMERS.contains(single(["mia", "zoe"]), NOW, REGISTERED)
    assert not CUSTOMERS.contains(single("x"), NOW, REGISTERED)
    assert not CUSTOMERS.contains(single("mia"), NOW, {})


@pytest.mark.rule("partitions 3.3.2")
def test_enumerating_without_the_registered_keys_is_not_implemented() -> None:
    with pytest.raises(NotImplementedError, match=r"get_dynamic_partitions\('customers'\)"):
        CUSTOMERS.get_partition_keys()
    with pytest.raises(NotImplementedError):
        CUSTOMERS.count(NOW)


def test_registered_keys_come_in_the_order_of_their_text() -> None:
    assert [str(key) for key in CUSTOMERS.iter_keys(NOW, REGISTERED)] == ["adam", "mia", "zoe"]
    assert (CUSTOMERS.first_value(NOW, REGISTERED), str(CUSTOMERS.latest(NOW, REGISTERED))) == ("adam", "zoe")
    assert CUSTOMERS.count(NOW, REGISTERED) == 3
    assert (CUSTOMERS.latest(NOW, {}), CUSTOMERS.count(NOW, {})) == (None, 0)


@pytest.mark.rule("partitions 2.5", "partitions 2.6", "partitions 2.7")
def test_a_range_lies_between_registered_keys() -> None:
    assert CUSTOMERS.resolve(PartitionKeyRange.single("adam", "mia"), NOW, REGISTERED) == [
        single("adam"),
        single("mia"),
    ]
    with pytest.raises(PartitionValidationError, match="'bob' is not a partition key of the dynamic partitions"):
        CUSTOMERS.resolve(PartitionKeyRange.single("bob", "mia"), NOW, REGISTERED)
    with pytest.raises(PartitionValidationError, match="from_key 'zoe' is after to_key 'mia'"):
        CUSTOMERS.resolve(PartitionKeyRange.single("zoe", "mia"), NOW, REGISTERED)


def test_keys_that_the_store_gives_in_order_are_answered_alike() -> None:
    stored = {name: KeysInOrder(keys) for name, keys in REGISTERED.items()}
    for ask in (CUSTOMERS.first_value, CUSTOMERS.latest, CUSTOMERS.count):
        assert ask(NOW, stored) == ask(NOW, REGISTERED)
    for first, last in (("adam", "adam"), ("adam", "zoe"), ("mia", "zoe")):
        chosen = PartitionKeyRange.single(first, last)
        assert CUSTOMERS.resolve(chosen, NOW, stored) == CUSTOMERS.resolve(chosen, NOW, REGISTERED)


@pytest.mark.rule("partitions 3.3.9")
def test_the_nearest_keys_are_registered_ones() -> None:
    assert CUSTOMERS.nearest(single("zoë"), NOW, REGISTERED)[0] == single("zoe")
    assert CUSTOMERS.nearest(single("zoë"), NOW) == []


def test_they_are_a_set() -> None:
    keys = KeysInOrder(["b", "a", "b"])
    assert keys == {"a", "b"} == frozenset(keys)
    assert "a" in keys
    assert len(keys) == 2


def test_they_are_put_in_order_once() -> None:
    keys = KeysInOrder(["b", "a", "Z", "é"])
    assert keys.in_order == ("Z", "a", "b", "é")
    assert keys.in_order is keys.in_order
    assert in_order(keys) is keys.in_order
    assert KeysInOrder().in_order == ()


def test_other_collections_are_put_in_order_as_well() -> None:
    assert in_order(["b", "a"]) == in_order({"a", "b"}) == ("a", "b")


def test_they_can_be_copied_and_sent() -> None:
    for prepared in (False, True):
        keys = KeysInOrder(["b", "a"])
        if prepared:
            assert keys.in_order
        for other in (pickle.loads(pickle.dumps(keys)), copy.deepcopy(keys)):
            assert other == keys
            assert other.in_order == ("a", "b")
