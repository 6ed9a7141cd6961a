"""From declarations to the dependency graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.asset_contexts import AssetExecutionContext
from rivers.definitions.asset_def import AssetDef
from rivers.definitions.assets import Asset, SingleAsset
from rivers.definitions.self_dependency import SelfDependency
from rivers.exceptions import AssetDefinitionError, ConfigurationError, GraphValidationError
from rivers.graph.building import build_graph


def asset(name: str, function: Callable[..., Any], *deps: Any) -> SingleAsset:
    return Asset(name=name, deps=list(deps))(function)


def test_parameters_and_declared_dependencies_become_edges() -> None:
    graph = build_graph(
        [
            asset("c", lambda b, a, x=1: 0, AssetDef.dep("late"), AssetDef.dep("a"), AssetDef.dep("late")),
            asset("a", lambda: 0),
            asset("b", lambda a: 0, AssetDef.input("a", metadata={"k": "v"})),
            asset("late", lambda: 0),
        ]
    )
    assert [node.name for node in graph] == ["c", "a", "b", "late"]
    assert (graph["c"].inputs, graph["c"].lineage) == (("b", "a"), ("late",))
    assert graph["b"].step.override_of["a"].metadata == {"k": "v"}
    assert graph.downstreams == {"c": (), "a": ("c", "b"), "b": ("c",), "late": ("c",)}
    assert graph.order == ("a", "late", "b", "c")
    assert "a" in graph
    assert "z" not in graph
    assert len(graph) == 4


def test_an_asset_named_context_makes_a_parameter_of_that_name_a_dependency() -> None:
    graph = build_graph([asset("context", lambda: 0), asset("a", lambda context: 0)])
    assert graph["a"].inputs == ("context",)
    assert build_graph([asset("a", lambda context: 0)])["a"].inputs == ()


def test_a_self_dependency_is_no_edge() -> None:
    def previous(context: AssetExecutionContext, self: SelfDependency[int]) -> int: ...

    assert build_graph([asset("a", previous)])["a"].upstreams == ()


def test_resources_fill_parameters_and_a_name_that_an_asset_hides_is_reported() -> None:
    graph = build_graph([asset("a", lambda: 0), asset("b", lambda a, db: 0)], ["db", "a"])
    assert graph["b"].inputs == ("a",)
    assert graph.shadowed_resources == ("a",)


def test_the_same_asset_twice_is_one_node_and_two_of_one_name_are_refused() -> None:
    one = asset("a", lambda: 0)
    assert len(build_graph([one, one])) == 1
    with pytest.raises(AssetDefinitionError, match="'a'"):
        build_graph([one, asset("a", lambda: 1)])


@pytest.mark.parametrize("kind", [ConfigurationError, GraphValidationError])
def test_a_parameter_that_matches_nothing_is_refused_as_either_documented_type(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"Asset 'a': unresolved input 'nope'.*available resources: api, db"):
        build_graph([asset("a", lambda nope: 0)], ["db", "api"])


def test_a_context_that_is_not_first_and_not_annotated_matches_nothing() -> None:
    with pytest.raises(ConfigurationError, match=r"Asset 'b': unresolved input 'context'.*available resources: none"):
        build_graph([asset("a", lambda: 0), asset("b", lambda a, context: 0)])


@pytest.mark.parametrize("dep", [AssetDef.dep("nope"), AssetDef.input("nope")])
def test_a_declared_dependency_that_does_not_exist_is_refused(dep: Any) -> None:
    with pytest.raises(GraphValidationError, match="unresolved input 'nope'"):
        build_graph([asset("a", lambda nope=1: 0, dep)])


@pytest.mark.parametrize(("function", "deps"), [(lambda a: 0, []), (lambda: 0, [AssetDef.dep("a")])])
def test_a_dependency_on_itself_points_to_self_dependency(function: Callable[..., Any], deps: list[Any]) -> None:
    with pytest.raises(GraphValidationError, match=r"'a' depends on itself.*SelfDependency"):
        build_graph([asset("a", function, *deps)])


def test_a_cycle_is_refused_with_its_path() -> None:
    with pytest.raises(GraphValidationError, match=r"(a -> b -> a|b -> a -> b)"):
        build_graph([asset("a", lambda b: 0), asset("b", lambda a: 0)])


def test_a_chain_far_deeper_than_the_recursion_limit_resolves() -> None:
    assets = [asset("n0", lambda: 0)]
    assets += [asset(f"n{index}", lambda: 0, AssetDef.dep(f"n{index - 1}")) for index in range(1, 5000)]
    assert build_graph(assets[::-1]).order == tuple(f"n{index}" for index in range(5000))
