"""The inside of a graph asset: which nodes and steps its body makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.composition import Gathering
from rivers.definitions.assets.multi_assets import GraphAsset
from rivers.definitions.assets.tasks import Task
from rivers.definitions.functions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.definitions.functions.parameters import Source
from rivers.exceptions import ConfigurationError, GraphValidationError
from rivers.graph.building import build_graph
from rivers.graph.nodes import Graph, Node, NodeKind
from rivers.graph.planned_steps import StepKind, instance_name
from rivers.partitions.mappings import PartitionMapping


@Task(tags=["t"])
def one() -> int:
    return 1


@Task
def two() -> int:
    return 2


@Task
def inc(n: int) -> int:
    return n + 1


@Task
def add(x: int, y: int) -> int:
    return x + y


@Task
def square(context: TaskExecutionContext, n: int, a: int) -> int:
    return n * n * a


@Task
def total(v: list[int]) -> int:
    return sum(v)


a, b = (Asset(name=name)(lambda: 0) for name in "ab")


def graph_asset(function: Callable[..., Any], name: str = "g", **keywords: Any) -> GraphAsset:
    return Asset.from_graph(function, name, **keywords)


def graph_of(function: Callable[..., Any], *tasks: Any, **keywords: Any) -> Graph:
    return build_graph([a, b, graph_asset(function, **keywords)], ["db"], tasks)


def wired(node: Node) -> dict[str, str]:
    return {given.parameter: given.upstream for given in node.step.loads}


def test_internal_tasks_are_namespaced_nodes_before_their_graph() -> None:
    graph = graph_of(lambda: inc(one()))
    assert list(graph.nodes) == ["a", "b", "g/one", "g/inc", "g"]
    assert graph.internals == {"g": ("g/one", "g/inc")}
    assert [graph[name].kind for name in ("g/one", "g")] == [NodeKind.TASK, NodeKind.GRAPH]
    assert [graph[name].step.kind for name in ("g/one", "g")] == [StepKind.TASK, StepKind.GRAPH]
    assert (graph["g/inc"].graph, graph["g"].graph) == ("g", None)
    assert (graph["g/inc"].is_asset, graph["g"].is_asset) == (False, True)
    assert graph["g/one"].settings.tags == ("t",)
    assert (graph["g"].inputs, wired(graph["g"])) == (("g/inc",), {"value": "g/inc"})
    assert graph.order.index("g/one") < graph.order.index("g/inc") < graph.order.index("g")


@pytest.mark.rule("graph-assets 3.1.5")
@pytest.mark.parametrize("registered", [(), (one, inc), (one, one, inc)])
def test_tasks_may_be_registered_and_need_not_be_and_are_no_nodes_of_their_own(
    registered: tuple[Task, ...],
) -> None:
    assert list(graph_of(lambda: inc(one()), *registered).nodes) == ["a", "b", "g/one", "g/inc", "g"]


@pytest.mark.rule("graph-assets 3.1.5")
def test_a_registered_task_that_others_need_by_name_is_a_node_of_its_own_too() -> None:
    reader = Asset(name="reader")(lambda inc: 0)
    graph = build_graph([reader, graph_asset(lambda: inc(one()))], (), [one, inc, Task(lambda: 0, name="n")])
    assert list(graph.nodes) == ["reader", "g/one", "g/inc", "g", "inc", "n"]
    assert graph["inc"].inputs == ("n",)
    assert "one" in build_graph([graph_asset(lambda: one())], (), [one], ["one"])


@pytest.mark.rule("graph-assets 3.1.9")
def test_two_graphs_that_share_a_task_get_separate_nodes() -> None:
    graph = build_graph([graph_asset(lambda: one(), "g"), graph_asset(lambda: one(), "h")])
    assert list(graph.nodes) == ["g/one", "g", "h/one", "h"]


@pytest.mark.rule("graph-assets 3.1.6")
def test_a_task_that_is_called_twice_feeds_all_uses() -> None:
    graph = graph_of(lambda: add(inc(one()), inc(one())))
    assert wired(graph["g/add"]) == {"x": "g/inc", "y": "g/inc"}
    assert graph["g/add"].inputs == ("g/inc",)


@pytest.mark.rule("graph-assets 3.1.8")
@pytest.mark.parametrize(
    "function", [lambda: inc(inc(one())), lambda: inc(inc(1)), lambda: one().map(inc).collect().map(inc)]
)
def test_a_task_piped_into_itself_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(GraphValidationError, match=r"'g/inc' (depends on itself|is mapped twice)"):
        graph_of(function)


@pytest.mark.rule("graph-assets 3.1.7")
def test_calls_of_one_task_with_different_arguments_are_refused() -> None:
    with pytest.raises(GraphValidationError, match=r"'g/inc' is called twice with different arguments for 'n'"):
        graph_of(lambda: add(inc(one()), inc(two())))
    with pytest.raises(GraphValidationError, match=r"'g/inc' is called twice"):
        graph_of(lambda: add(inc(1), inc(2)))
    assert wired(graph_of(lambda: add(inc(1), inc(1)))["g/inc"]) == {}


def test_arguments_are_wired_by_position_and_by_name_and_literals_are_constants() -> None:
    graph = graph_of(lambda a: add(a, y=one()) and inc(7))
    assert wired(graph["g/add"]) == {"x": "a", "y": "g/one"}
    step = graph["g/inc"].step
    assert (step.constants, step.inputs) == ((("n", 7),), ())
    assert [argument.source for argument in step.arguments.arguments] == [Source.CONSTANT]


def test_the_context_is_not_counted_and_a_default_can_be_wired() -> None:
    @Task
    def by_name(context, n, k=1): ...
    @Task
    def by_annotation(told: AssetExecutionContext, n): ...

    graph = graph_of(lambda: by_annotation(by_name(one(), k=two())))
    assert wired(graph["g/by_name"]) == {"n": "g/one", "k": "g/two"}
    assert wired(graph["g/by_annotation"]) == {"n": "g/by_name"}
    assert graph["g/by_name"].step.arguments.context_class is AssetExecutionContext
    assert wired(graph_of(lambda: by_name(one()))["g/by_name"]) == {"n": "g/one"}


@pytest.mark.rule("graph-assets 3.1.12")
def test_what_is_not_wired_is_resolved_by_name_from_outside() -> None:
    @Task
    def reads(a, db, standalone): ...

    graph = graph_of(lambda: reads(), Task(lambda: 0, name="standalone"))
    assert wired(graph["g/reads"]) == {"a": "a", "standalone": "standalone"}
    assert [argument.name for argument in graph["g/reads"].step.arguments.of(Source.RESOURCE)] == ["db"]


@pytest.mark.rule("graph-assets 3.1.12")
@pytest.mark.parametrize("error", [GraphValidationError, ConfigurationError])
def test_a_parameter_that_nothing_fills_is_refused_with_node_and_parameter(error: type[Exception]) -> None:
    with pytest.raises(error, match=r"'g/inc': unresolved input 'n'"):
        graph_of(lambda: inc())
    with pytest.raises(error, match=r"'g': unresolved input 'nope'"):
        graph_of(lambda nope: inc(nope))


@pytest.mark.rule("graph-assets 3.1.11")
def test_a_result_that_no_parameter_takes_orders_and_a_literal_is_refused() -> None:
    graph = graph_of(lambda: two(one()))
    assert (graph["g/two"].inputs, graph["g/two"].lineage) == ((), ("g/one",))
    with pytest.raises(GraphValidationError, match=r"'g/two' is given a positional argument 3"):
        graph_of(lambda: two(3))
    with pytest.raises(GraphValidationError, match=r"'g/two' is given argument 'k'"):
        graph_of(lambda: two(k=3))


def test_a_parameter_may_be_returned_and_so_may_nothing() -> None:
    assert wired(graph_of(lambda a: a)["g"]) == {"value": "a"}
    graph = graph_of(lambda: inc(one()) and None)
    assert (graph["g"].inputs, graph["g"].lineage) == ((), ("g/inc",))


@pytest.mark.rule("graph-assets 3.1.15")
@pytest.mark.parametrize("returned", [3, (1, 2), "x", [one]])
def test_any_other_result_is_refused(returned: Any) -> None:
    with pytest.raises(GraphValidationError, match=rf"'g' returns a {type(returned).__name__}"):
        graph_of(lambda: returned)


@pytest.mark.rule("graph-assets 3.1.15")
def test_a_map_that_is_not_collected_is_no_result() -> None:
    with pytest.raises(GraphValidationError, match=r"'g' returns a mapped task; collect it"):
        graph_of(lambda: one().map(inc))


@pytest.mark.rule("graph-assets 3.1.16")
def test_assets_called_in_the_body_become_dependencies_and_must_exist() -> None:
    inner = graph_asset(lambda: one(), "inner")
    graph = build_graph([a, b, inner, graph_asset(lambda: (b(), add(a(), inner()))[1])])
    assert wired(graph["g/add"]) == {"x": "a", "y": "inner"}
    assert graph.upstream_assets("g") == ("b", "a", "inner") or set(graph.upstream_assets("g")) == {"a", "b", "inner"}
    with pytest.raises(GraphValidationError, match=r"'g/inc': unresolved input 'b'"):
        build_graph([graph_asset(lambda: inc(b()))])


@pytest.mark.rule("graph-assets 3.2.2")
@pytest.mark.parametrize(
    ("keywords", "inside", "own"),
    [
        ({}, ("task", None), None),
        ({"io_handler": "graph"}, ("task", "graph"), "graph"),
        ({"node_io_handler": "node"}, ("node", "node"), None),
        ({"io_handler": "graph", "node_io_handler": "node"}, ("node", "node"), "graph"),
    ],
)
def test_internal_values_go_to_the_nearest_handler(keywords: Any, inside: tuple[Any, Any], own: Any) -> None:
    stored = Task(lambda: 0, name="stored", io_handler="task")
    graph = graph_of(lambda: inc(stored()), **keywords)
    assert (graph["g/stored"].settings.io_handler, graph["g/inc"].settings.io_handler) == inside
    assert graph["g"].settings.io_handler == own


@pytest.mark.rule("graph-assets 3.2.3")
@pytest.mark.parametrize(
    ("metadata", "inside"),
    [
        ({}, None),
        ({"rivers/executor": "x"}, "x"),
        ({"rivers/node/executor": "n"}, "n"),
        ({"rivers/executor": "x", "rivers/node/executor": "n"}, "n"),
    ],
)
def test_reserved_metadata_choose_the_executor(metadata: dict[str, str], inside: str | None) -> None:
    assert graph_of(lambda: one(), metadata=metadata)["g/one"].step.executor == inside


@pytest.mark.rule("execution 6.2", "metadata 4.7")
@pytest.mark.parametrize(
    ("metadata", "inside"),
    [
        ({}, None),
        ({"rivers/timeout": "10m"}, {"rivers/timeout": "10m"}),
        ({"rivers/node/timeout": "1m", "rivers/timeout": "10m", "owner": "Ann"}, {"rivers/timeout": "1m"}),
    ],
)
def test_the_timeout_that_a_graph_gives_its_tasks_is_in_their_metadata(
    metadata: dict[str, str], inside: dict[str, str] | None
) -> None:
    graph = graph_of(lambda: one(), metadata=metadata)
    assert graph["g/one"].settings.metadata == inside
    assert (graph["g"].settings.metadata or {}) == metadata


def test_partitions_and_overrides_reach_the_tasks_that_consume_the_upstream() -> None:
    previous, every = PartitionMapping.time_window(-1), PartitionMapping.all_partitions()
    deps = [AssetDef.input("a", previous, "h", {"k": "v"}), AssetDef.dep("b", every)]
    graph = graph_of(lambda a: inc(a), deps=deps, partitions_def="daily")
    [given] = graph["g/inc"].step.inputs
    assert given.override is deps[0]
    assert {node.settings.partitions_def for node in graph if node.name.startswith("g")} == {"daily"}
    assert (graph["g/inc"].mappings, graph["g"].mappings) == ({"a": previous, "b": every}, {"b": every})
    assert graph["g/inc"].lineage == ("b",)
    assert graph["g"].lineage == ("b",)


@pytest.mark.rule("graph-assets 3.2.5")
def test_what_orders_the_graph_orders_its_roots_only() -> None:
    graph = graph_of(lambda: inc(one()), deps=[AssetDef.dep("b")])
    assert (graph["g/one"].lineage, graph["g/inc"].lineage) == (("b",), ())


def test_a_graph_waits_for_every_end_inside_of_it() -> None:
    graph = graph_of(lambda: (two(), inc(one()))[1])
    assert (graph["g"].inputs, graph["g"].lineage) == (("g/inc",), ("g/two",))


def test_the_assets_that_a_graph_is_made_from_are_those_that_its_inside_reads() -> None:
    graph = graph_of(lambda a: square(a) and inc(square(a)))
    assert graph.upstream_assets("g") == ("a",)
    assert graph.upstream_assets("g/inc") == ("a",)


def test_a_bash_task_receives_nothing_and_waits_for_what_it_is_given() -> None:
    graph = graph_of(lambda a: CommandTask("b2", "true")(one(), "x", after=a))
    node = graph["g/b2"]
    assert (node.step.kind, node.inputs, node.lineage, node.step.constants) == (StepKind.BASH, (), ("g/one", "a"), ())


def test_a_parameter_with_a_default_is_that_default() -> None:
    assert graph_of(lambda a=3: inc(a))["g/inc"].step.constants == (("n", 3),)


def test_a_graph_that_reads_itself_is_refused() -> None:
    with pytest.raises(GraphValidationError, match=r"'g'.*itself|g -> g/inc -> g|g/inc -> g -> g/inc"):
        graph_of(lambda g: inc(g))


def test_a_fan_out_is_a_template_and_a_collect_node() -> None:
    graph = graph_of(lambda: total(one().map(square, max_concurrency=2).collect()))
    assert list(graph.internals["g"]) == ["g/one", "g/square", "g/square__collect", "g/total"]
    template, collect, consumer = (graph[f"g/{name}"] for name in ("square", "square__collect", "total"))
    assert (template.kind, template.step.kind) == (NodeKind.MAP, StepKind.MAP)
    assert (collect.kind, collect.step.kind) == (NodeKind.COLLECT, StepKind.COLLECT)
    assert (template.inputs, collect.inputs, consumer.inputs) == (("a", "g/one"), ("g/square",), ("g/square__collect",))
    assert collect.step.inputs == ()
    [given] = consumer.step.inputs
    assert (given.parameter, given.gathering) == ("v", Gathering.LIST)


@pytest.mark.rule("graph-assets 4.4")
def test_the_element_is_the_first_parameter_but_the_context_and_the_others_go_by_name() -> None:
    step = graph_of(lambda: one().map(square).collect())["g/square"].step
    fan_out = step.fan_out
    assert fan_out is not None
    assert (fan_out.source.parameter, fan_out.source.upstream, fan_out.max_concurrency) == ("n", "g/one", None)
    assert {argument.name: argument.source for argument in step.arguments.arguments} == {
        "context": Source.CONTEXT,
        "n": Source.ELEMENT,
        "a": Source.UPSTREAM,
    }
    assert [given.upstream for given in step.inputs] == ["a"]


def test_a_step_knows_that_its_value_is_mapped_over() -> None:
    multi = Asset.from_multi(dict, [AssetDef("p"), AssetDef("q")])
    function = lambda q: (q.map(square), a().map(inc), one().map(total))[0] and None  # noqa: E731
    graph = build_graph([a, b, multi, graph_asset(function)])
    mapped = {node.step.key: node.step.mapped_outputs for node in graph if node.step.mapped_outputs}
    assert mapped == {"a": ("a",), "p": ("q",), "g/one": ("g/one",)}


def test_instances_are_named_by_index_or_key() -> None:
    assert instance_name("g/square", 0) == "g/square[0]"
    assert instance_name("g/square", "x") == "g/square[x]"


def test_streams_are_kept_apart_from_lists_and_a_graph_keeps_a_list() -> None:
    graph = graph_of(lambda: total(one().map(inc).collect_stream(ordered=True)))
    assert graph["g/total"].step.inputs[0].gathering is Gathering.ORDERED_STREAM
    final = graph_of(lambda: one().map(inc).collect_stream())["g"].step.inputs[0]
    assert (final.upstream, final.gathering) == ("g/inc__collect", Gathering.LIST)


def test_what_was_collected_can_be_mapped_over_again() -> None:
    graph = graph_of(lambda: one().map(inc).collect().map(square).collect())
    fan_out = graph["g/square"].step.fan_out
    assert fan_out is not None
    assert (fan_out.source.upstream, fan_out.source.gathering) == ("g/inc__collect", Gathering.LIST)
    assert graph["g/inc__collect"].step.mapped_outputs == ("g/inc__collect",)


@pytest.mark.rule("graph-assets 4.16")
@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda: (inc(1), one().map(inc))[0], "'g/inc' is both called and mapped"),
        (lambda: (one().map(inc), two().map(inc))[0].collect(), "'g/inc' is mapped twice"),
        (lambda: one().map(two).collect(), "'g/two' is mapped, but has no parameter"),
    ],
)
def test_a_fan_out_that_means_nothing_is_refused(function: Callable[..., Any], named: str) -> None:
    with pytest.raises(GraphValidationError, match=named):
        graph_of(function)


def test_a_fan_out_that_is_written_twice_alike_is_one() -> None:
    graph = graph_of(lambda: add(one().map(inc).collect(), one().map(inc).collect()))
    assert list(graph.internals["g"]) == ["g/one", "g/inc", "g/inc__collect", "g/add"]
