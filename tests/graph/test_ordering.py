"""An order in which every upstream comes first, or the cycle that forbids one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import GraphValidationError
from rivers.graph.ordering import order_by_level


@pytest.mark.parametrize(
    ("upstreams", "order"),
    [
        ({}, ()),
        ({"b": [], "a": []}, ("b", "a")),
        ({"c": ["b"], "b": ["a"], "a": []}, ("a", "b", "c")),
        ({"d": ["a"], "c": ["a"], "b": [], "a": []}, ("b", "a", "d", "c")),
    ],
)
def test_levels_come_in_turn_and_the_given_order_holds_within_one(
    upstreams: dict[str, list[str]], order: tuple[str, ...]
) -> None:
    assert order_by_level(upstreams) == order


@pytest.mark.parametrize(
    ("upstreams", "path"),
    [
        ({"a": ["b"], "b": ["a"]}, "a -> b -> a"),
        ({"x": ["a"], "a": ["c"], "b": ["a"], "c": ["b"]}, "a -> b -> c -> a"),
        ({"root": [], "x": ["root", "y"], "y": ["x"]}, "x -> y -> x"),
        ({"a": ["a"]}, "a -> a"),
    ],
)
def test_a_cycle_is_named_in_the_direction_of_the_data(upstreams: dict[str, list[str]], path: str) -> None:
    with pytest.raises(GraphValidationError, match=f"^dependency cycle: {path}$"):
        order_by_level(upstreams)


@given(st.integers(1, 12).flatmap(lambda size: st.lists(st.sets(st.integers(0, 11)), min_size=size, max_size=size)))
def test_every_upstream_comes_before_its_downstreams(above: list[set[int]]) -> None:
    upstreams = {str(i): [str(j) for j in sorted(js) if j < i] for i, js in enumerate(above)}
    order = order_by_level(upstreams)
    assert sorted(order) == sorted(upstreams)
    assert all(order.index(up) < order.index(name) for name, ups in upstreams.items() for up in ups)
