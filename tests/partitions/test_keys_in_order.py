"""Registered keys are a set like any other, and are put in order once."""

from __future__ import annotations

import copy
import pickle

from rivers.partitions.keys_in_order import KeysInOrder, in_order


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
