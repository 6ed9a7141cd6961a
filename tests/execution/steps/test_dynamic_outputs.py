"""``DynamicOutput`` values are taken apart, refused when they make no sense, and their keys are recorded."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.steps.dynamic_outputs import KEYS_KEY, in_order, keys_fact, listed, recorded_keys, taken_apart

B_A = [rs.DynamicOutput("b", 2), rs.DynamicOutput("a", 1)]


@pytest.mark.parametrize("value", [[1, 2], (1,), {"k": 1}, 3, None, "text", []])
def test_plain_values_stay_as_they_are(value: Any) -> None:
    assert taken_apart("n", value) == (value, None)


@pytest.mark.rule("graph-assets 4.5")
@pytest.mark.parametrize(("given", "plain"), [(B_A, [2, 1]), (tuple(B_A), (2, 1)), (iter(B_A), [2, 1])])
def test_keys_and_values_keep_the_order_of_production(given: Any, plain: Any) -> None:
    assert taken_apart("n", given) == (plain, ("b", "a"))


def test_a_set_of_them_is_ordered_by_key() -> None:
    assert taken_apart("n", set(B_A)) == ([1, 2], ("a", "b"))


def test_an_output_keeps_everything_but_its_value() -> None:
    output, keys = taken_apart("n", rs.Output(B_A, metadata={"k": 1}, data_version="v"))
    assert (output.value, output.metadata, output.data_version, keys) == ([2, 1], {"k": 1}, "v", ("b", "a"))


def test_what_stores_no_value_is_left_alone() -> None:
    told = rs.Materialization()
    assert taken_apart("n", told) == (told, None)


@pytest.mark.rule("graph-assets 4.6")
@pytest.mark.parametrize("elements", [[B_A[0], 7], [7, B_A[0]]])
def test_plain_values_among_them_are_refused(elements: list[Any]) -> None:
    with pytest.raises(TypeError, match=r"'n' gave a int among its DynamicOutput elements: .* cannot be mixed"):
        taken_apart("n", elements)


@pytest.mark.rule("graph-assets 4.7")
def test_two_elements_of_one_key_are_refused() -> None:
    with pytest.raises(ExecutionError, match="'n' gave two DynamicOutput elements with the key 'b'"):
        taken_apart("n", [*B_A, rs.DynamicOutput("b", 3)])


def test_an_iterator_is_listed_since_it_could_not_be_read_again() -> None:
    assert listed(iter((1, 2))) == [1, 2]
    assert listed(range(2)) == range(2)


def test_the_order_of_a_set_is_the_same_in_every_process() -> None:
    assert in_order({3, 1, 2}) == [1, 2, 3]
    assert in_order(frozenset({"b", 1, "a"})) == [1, "a", "b"]
    assert in_order(iter("ba")) == ["b", "a"]


def test_keys_are_read_back_as_they_were_recorded() -> None:
    keys = ("b", "ä ü", "", '"')
    assert recorded_keys([("rows", '{"Int":{"value":1}}'), keys_fact(keys)]) == keys
    assert keys_fact(keys)[0] == KEYS_KEY == "rivers/dynamic_keys"
    assert recorded_keys([("rows", '{"Int":{"value":1}}')]) is None
