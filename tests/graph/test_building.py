"""The way from declarations to the dependency graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset, SingleAsset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.definitions.assets.tasks import Task
from rivers.definitions.functions.asset_contexts import AssetExecutionContext
from rivers.definitions.values.results import SelfDependency
from rivers.exceptions import AssetDefinitionError, ConfigurationError, GraphValidationError, TaskDefinitionError
from rivers.graph.building import build_graph, order_by_level
from rivers.graph.nodes import NodeKind
from rivers.graph.plan import plan_execution
from rivers.graph.planned_steps import StepKind
from rivers.graph.selection import select_nodes


def asset(name: str, function: Callable[..., Any], *deps: Any) -> SingleAsset:
    return Asset(name=name, deps=list(deps))(function)


@pytest.mark.rule("assets 3.10", "assets 3.11")
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


@pytest.mark.rule("assets 2.2")
def test_an_asset_named_context_makes_a_parameter_of_that_name_a_dependency() -> None:
    graph = build_graph([asset("context", lambda: 0), asset("a", lambda context: 0)])
    assert graph["a"].inputs == ("context",)
    assert build_graph([asset("a", lambda context: 0)])["a"].inputs == ()


def test_a_self_dependency_is_no_edge() -> None:
    def previous(context: AssetExecutionContext, self: SelfDependency[int]) -> int: ...

    assert build_graph([asset("a", previous)])["a"].upstreams == ()


@pytest.mark.rule("assets 2.8")
def test_resources_fill_parameters_and_a_name_that_an_asset_hides_is_reported() -> None:
    graph = build_graph([asset("a", lambda: 0), asset("b", lambda a, db: 0)], ["db", "a"])
    assert graph["b"].inputs == ("a",)
    assert graph.shadowed_resources == ("a",)


@pytest.mark.rule("repository 1.12")
def test_the_same_asset_twice_is_one_node_and_two_of_one_name_are_refused() -> None:
    one = asset("a", lambda: 0)
    assert len(build_graph([one, one])) == 1
    with pytest.raises(AssetDefinitionError, match="'a'"):
        build_graph([one, asset("a", lambda: 1)])


@pytest.mark.rule("assets 2.7", "repository 2.5")
@pytest.mark.parametrize("kind", [ConfigurationError, GraphValidationError])
def test_a_parameter_that_matches_nothing_is_refused_as_either_documented_type(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"Asset 'a': unresolved input 'nope'.*available resources: api, db"):
        build_graph([asset("a", lambda nope: 0)], ["db", "api"])


@pytest.mark.parametrize(("near", "offered"), [("ordres", "orders"), ("warehous", "warehouse")])
def test_an_asset_or_resource_of_nearly_that_name_is_offered(near: str, offered: str) -> None:
    function: Callable[..., Any] = (lambda ordres: 0) if near == "ordres" else (lambda warehous: 0)
    with pytest.raises(GraphValidationError, match=rf"unresolved input '{near}'.*; did you mean '{offered}'\?"):
        build_graph([asset("orders", lambda: 0), asset("a", function)], ["warehouse"])


def test_a_resource_where_only_an_upstream_can_be_is_refused_with_where_it_goes() -> None:
    says = "no asset or task has that name, and a resource, as 'db' is, goes to a parameter of"
    for declared in (Asset.from_graph(name="g")(lambda db: db), asset("g", lambda: 0, AssetDef.dep("db"))):
        with pytest.raises(GraphValidationError, match=rf"Asset 'g': unresolved input 'db': {says}"):
            build_graph([declared], ["db"])


@pytest.mark.rule("assets 2.14")
def test_a_context_that_is_not_first_and_not_annotated_matches_nothing() -> None:
    with pytest.raises(ConfigurationError, match=r"Asset 'b': unresolved input 'context'.*available resources: none"):
        build_graph([asset("a", lambda: 0), asset("b", lambda a, context: 0)])


@pytest.mark.rule("assets 3.8", "repository 2.5")
@pytest.mark.parametrize("dep", [AssetDef.dep("nope"), AssetDef.input("nope")])
def test_a_declared_dependency_that_does_not_exist_is_refused(dep: Any) -> None:
    with pytest.raises(GraphValidationError, match="unresolved input 'nope'"):
        build_graph([asset("a", lambda nope=1: 0, dep)])


@pytest.mark.rule("assets 3.9", "repository 2.7")
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


def multi(function: Callable[..., Any], *outputs: AssetDef, name: str = "m", **keywords: Any) -> MultiAsset:
    return Asset.from_multi(function, list(outputs), name, **keywords)


def external(name: str, function: Callable[..., Any] | None = None, **keywords: Any) -> ExternalAsset:
    return Asset.external(function, name=name, io_handler="h", **keywords)


@pytest.mark.rule("assets 6.6")
def test_each_output_is_a_node_of_its_own_and_the_step_is_shared() -> None:
    given = multi(lambda x: {}, AssetDef("p", group="g"), AssetDef("q"))
    graph = build_graph([given, given, asset("x", lambda: 0), asset("m", lambda q: 0)])
    assert list(graph.nodes) == ["p", "q", "x", "m"]
    p, q = graph["p"], graph["q"]
    assert (p.kind, p.is_asset, p.settings.group, q.settings.group) == (NodeKind.OUTPUT, True, "g", None)
    assert p.step is q.step
    step = p.step
    assert (step.kind, step.key, step.name, step.outputs) == (StepKind.MULTI, "p", "m", ("p", "q"))
    assert (step.upstreams, p.inputs, q.inputs) == (("x",), ("x",), ("x",))
    assert graph["m"].inputs == ("q",)


@pytest.mark.rule("assets 6.11", "assets 6.12")
def test_two_outputs_of_one_name_are_refused_and_no_output_is_no_node() -> None:
    with pytest.raises(AssetDefinitionError, match=r"'m' has two outputs called 'p'"):
        build_graph([multi(dict, AssetDef("p"), AssetDef("p"))])
    with pytest.raises(AssetDefinitionError, match=r"'p'"):
        build_graph([multi(dict, AssetDef("p")), asset("p", lambda: 0)])
    assert len(build_graph([multi(dict)])) == 0


@pytest.mark.rule("assets 6.24", "assets 6.26")
def test_what_orders_the_whole_orders_every_output_and_what_orders_one_is_waited_for_by_all() -> None:
    given = multi(lambda x: {}, AssetDef("p"), AssetDef("q", deps=[AssetDef.dep("y")]), deps=[AssetDef.dep("z")])
    graph = build_graph([given, *(asset(name, lambda: 0) for name in "xyz")])
    assert (graph["p"].lineage, graph["q"].lineage) == (("z",), ("z", "y"))
    assert graph["p"].step.upstreams == ("x", "z", "y")
    assert graph.order.index("y") < graph.order.index("p")
    assert graph.downstreams["y"] == ("q",)


@pytest.mark.rule("assets 6.25")
def test_an_input_of_one_output_is_an_input_of_the_function() -> None:
    given = multi(lambda x=0: {}, AssetDef("p", deps=[AssetDef.input("x", io_handler="h")]), AssetDef("q"))
    step = build_graph([given, asset("x", lambda: 0)])["q"].step
    assert [(each.upstream, each.override is not None) for each in step.inputs] == [("x", True)]


def test_an_output_may_order_another_of_the_same_step_but_not_read_it() -> None:
    graph = build_graph([multi(dict, AssetDef("p"), AssetDef("q", deps=[AssetDef.dep("p")]))])
    assert (graph["q"].lineage, graph["q"].step.upstreams) == (("p",), ())
    with pytest.raises(GraphValidationError, match="'p' depends on itself"):
        build_graph([multi(lambda p: {}, AssetDef("p"), AssetDef("q"))])


def test_a_cycle_through_a_shared_step_is_refused_with_the_nodes_it_passes() -> None:
    given = multi(dict, AssetDef("p"), AssetDef("q", deps=[AssetDef.dep("x")]))
    with pytest.raises(GraphValidationError, match=r"(p -> x -> p|x -> p -> x)"):
        build_graph([given, asset("x", lambda p: 0)])


@pytest.mark.parametrize(
    "function", [lambda: None, lambda context: None, lambda context, db: None], ids=["none", "context", "resource"]
)
def test_an_external_asset_is_a_node_that_nothing_comes_before(function: Callable[..., Any]) -> None:
    graph = build_graph([external("raw", function), asset("a", lambda raw: 0)], ["db"])
    assert (graph["raw"].kind, graph["raw"].step.kind) == (NodeKind.EXTERNAL, StepKind.OBSERVE)
    assert (graph["raw"].upstreams, graph["a"].inputs) == ((), ("raw",))
    assert graph["a"].can_load(graph["raw"])


@pytest.mark.rule("assets 7.6")
def test_an_observe_function_gets_no_values_of_assets() -> None:
    with pytest.raises(ConfigurationError, match=r"'raw': unresolved input 'a'"):
        build_graph([external("raw", lambda a: 0), asset("a", lambda: 0)])


@pytest.mark.rule("assets 7.8")
def test_an_automation_on_what_nobody_observes_is_refused() -> None:
    with pytest.raises(AssetDefinitionError, match=r"'raw'.*decorator"):
        build_graph([external("raw", automation_condition="c")])
    assert "raw" in build_graph([external("raw", lambda: 0, automation_condition="c")])


def test_standalone_tasks_are_nodes_whose_parameters_resolve_like_those_of_assets() -> None:
    read, command = Task(lambda a, db: 0, name="read"), CommandTask("command", "true")
    graph = build_graph([asset("a", lambda: 0), asset("b", lambda read, command: 0)], ["db"], [read, read, command])
    assert list(graph.nodes) == ["a", "b", "read", "command"]
    assert (graph["read"].kind, graph["read"].step.kind, graph["read"].inputs) == (NodeKind.TASK, StepKind.TASK, ("a",))
    assert (graph["command"].step.kind, graph["command"].upstreams) == (StepKind.BASH, ())
    assert (graph["read"].is_asset, graph["b"].inputs) == (False, ("read", "command"))
    with pytest.raises(ConfigurationError, match=r"Task 'read': unresolved input 'a'"):
        build_graph([], ["db"], [read])


@pytest.mark.rule("graph-assets 1.9")
def test_a_task_needs_a_name_of_its_own() -> None:
    named = Task(lambda: 0, name="a")
    with pytest.raises(TaskDefinitionError, match="'a'"):
        build_graph([], (), [named, Task(lambda: 1, name="a")])
    with pytest.raises(AssetDefinitionError, match="'a'"):
        build_graph([asset("a", lambda: 0)], (), [named])
    with pytest.raises(TaskDefinitionError, match="not applied"):
        build_graph([], (), [Task()])
    inside = Asset.from_graph(lambda: named(), "g")
    assert list(build_graph([asset("a", lambda: 0), inside], (), [named]).nodes) == ["a", "g/a", "g"]


def test_a_name_inside_of_a_graph_asset_can_be_taken_only_once() -> None:
    with pytest.raises(AssetDefinitionError, match="'g/t'"):
        build_graph([Asset.from_graph(lambda: Task(lambda: 0, name="t")(), "g"), asset("g/t", lambda: 0)])


def test_an_asset_without_a_function_is_refused_with_its_name() -> None:
    with pytest.raises(AssetDefinitionError, match="'a' is not applied to a function"):
        build_graph([Asset(name="a")])


def test_assets_resolve_in_well_under_a_second_of_cpu() -> None:
    assets = [asset("n0", lambda: 0)]
    for index in range(1, 5000):
        namespace: dict[str, Any] = {}
        exec(f"def function(n{index - 1}, n{index // 2 if index > 3 else 0}_x=1): ...", namespace)
        assets.append(asset(f"n{index}", namespace["function"]))
    began = time.process_time()
    graph = build_graph(assets)
    names = select_nodes(graph, [f"n{len(assets) - 1}"], include_upstream=True)
    plan = plan_execution(graph, names)
    took = time.process_time() - began
    assert len(plan.levels) == 5000
    assert took < 2.0  # 0.25 on the machine this was written on; not a measurement, a guard against quadratic work


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


@pytest.mark.rule("repository 2.6")
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
