"""The meaning of a partition key for a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.tasks import Task
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.graph.building import build_graph
from rivers.graph.nodes import Graph
from rivers.graph.partition_plans import Load, PartitionPlan, key_from_text, needed_namespaces, plan_partitions
from rivers.graph.partitioning import with_partitions
from rivers.partitions import PartitionContext, PartitionKey, PartitionsDefinition
from rivers.partitions.keys import KeySet
from rivers.partitions.mappings import PartitionMapping

D, M = PartitionsDefinition, PartitionMapping
DAILY = D.daily(datetime(2024, 1, 1))
LETTERS = D.static_(["a", "b", "c"])
GRID = D.multi({"d": DAILY, "r": D.static_(["x", "y"])})
NOW = datetime(2024, 1, 10, 12)
key, multi = PartitionKey.single, PartitionKey.multi


def graph_of(*given: Any) -> Graph:
    assets = [each for each in given if not isinstance(each, Task)]
    return with_partitions(build_graph(assets, (), [each for each in given if isinstance(each, Task)]), {})


def source(name: str, definition: Any = None) -> Any:
    return Asset(name=name, partitions_def=definition)(lambda: 0)


def below(definition: Any, mapping: Any = None) -> Any:
    """Return the asset ``x``, which loads ``up``."""
    deps = [AssetDef.input("up", partition_mapping=mapping)]
    return Asset(name="x", partitions_def=definition, deps=deps)(lambda up: 0)


def plan(
    graph: Graph, names: list[str], key: PartitionKey | None, dynamic: Mapping[str, list[str]] | None = None
) -> PartitionPlan:
    return plan_partitions(graph, names, key, now=NOW, dynamic=dynamic or {})


def load(upstream: Any, downstream: Any, mapping: Any, key: PartitionKey | None) -> Load:
    """Return what ``x`` loads of ``up``, which is outside of the plan."""
    return plan(graph_of(source("up", upstream), below(downstream, mapping)), ["x"], key).load("x", "up")


@pytest.mark.rule("partitions 5.1.1")
def test_every_planned_node_runs_for_a_key_that_all_of_them_have() -> None:
    graph = graph_of(source("up", DAILY), below(D.daily(datetime(2024, 1, 3))))
    planned = plan(graph, ["up", "x"], key("2024-01-05"))
    assert (planned.key, planned.keys) == (key("2024-01-05"), (key("2024-01-05"),))
    assert planned.context_of("up") == PartitionContext([key("2024-01-05")], DAILY)
    assert planned.context_of("x") == PartitionContext([key("2024-01-05")], D.daily(datetime(2024, 1, 3)))


@pytest.mark.rule("partitions 5.1.2", "partitions 3.3.9")
@pytest.mark.parametrize("kind", [ExecutionError, PartitionValidationError])
def test_a_key_that_one_node_does_not_have_is_refused_as_either_documented_type(kind: type[Exception]) -> None:
    graph = graph_of(source("up", DAILY), below(D.daily(datetime(2024, 1, 3))))
    text = (
        r"Invalid partition_key '2024-01-02' for asset 'x': not a member of its partition definition\. .*"
        r"not valid for node 'x'.*daily from 2024-01-03.*nearest valid keys: '2024-01-03'"
    )
    with pytest.raises(kind, match=text):
        plan(graph, ["up", "x"], key("2024-01-02"))


@pytest.mark.rule("partitions 5.1.2")
@pytest.mark.parametrize(
    "bad", [key("2024-01-11"), key("2024-1-2"), key(["2024-01-02", "z"]), multi({"d": "2024-01-02"}), key("")]
)
def test_no_key_outside_of_the_definition_passes(bad: PartitionKey) -> None:
    with pytest.raises(ExecutionError, match="Invalid partition_key"):
        plan(graph_of(source("up", DAILY)), ["up"], bad)


@pytest.mark.rule("partitions 5.1.2")
def test_a_message_about_a_batch_of_thousands_names_the_key_that_is_wrong_and_not_all_the_others() -> None:
    many = D.static_([f"k{place}" for place in range(10_000)])
    with pytest.raises(
        ExecutionError, match=r"Invalid partition_key 'k0,.*\.\.\.' for .*'strange' is not valid"
    ) as caught:
        plan(graph_of(source("up", many)), ["up"], key([*many.keys, "strange"]))
    assert len(str(caught.value)) < 2000
    grid = D.multi({"n": many, "d": D.static_(["1", "2"]), "r": many})
    with pytest.raises(ExecutionError, match=r"'d=1\|n=k0\|r=strange' is not valid"):
        plan(
            graph_of(source("up", grid)), ["up"], multi({"n": many.keys, "d": ["1", "2"], "r": [*many.keys, "strange"]})
        )
    with pytest.raises(PartitionValidationError, match="Node 'up' is not partitioned") as caught:
        plan(graph_of(source("up")), ["up"], key(many.keys))
    assert len(str(caught.value)) < 2000


@pytest.mark.rule("partitions 5.1.8")
def test_a_batch_of_more_partitions_than_memory_holds_is_refused_without_listing_them() -> None:
    hundred = [str(each) for each in range(100)]
    definition = D.multi({f"d{place}": D.static_(hundred) for place in range(10)})
    several = PartitionKey.multi({f"d{place}": hundred for place in range(10)})
    with pytest.raises(ExecutionError, match=f"stands for {100**10} partitions, and one run takes at most 1000000"):
        plan(graph_of(source("up", definition)), ["up"], several)


@pytest.mark.rule("partitions 3.3.6", "partitions 3.4.3")
def test_a_dynamic_key_must_be_registered() -> None:
    graph = graph_of(source("up", D.dynamic("users")))
    assert plan(graph, ["up"], key("ann"), {"users": ["ann"]}).keys == (key("ann"),)
    with pytest.raises(ExecutionError, match=r"'bob' for asset 'up'.*namespace 'users'.*add_dynamic_partitions.*'ann'"):
        plan(graph, ["up"], key("bob"), {"users": ["ann"]})


@pytest.mark.rule("partitions 3.4.3")
def test_a_dimension_that_is_wrong_is_no_matter_of_registration() -> None:
    graph = graph_of(source("up", D.multi({"d": DAILY, "u": D.dynamic("users")})))
    with pytest.raises(ExecutionError, match="not registered in dynamic namespace 'users'"):
        plan(graph, ["up"], multi({"d": "2024-01-01", "u": "bob"}))
    with pytest.raises(ExecutionError, match="not a member of its partition definition"):
        plan(graph, ["up"], multi({"d": "1999-01-01", "u": "bob"}))


def test_the_namespaces_to_read_are_those_of_the_plan_and_of_what_it_loads() -> None:
    users, shops = D.dynamic("users"), D.dynamic("shops")
    graph = graph_of(source("up", shops), below(users, M.all_partitions()), source("other", D.dynamic("more")))
    assert needed_namespaces(graph, ["x"], key("ann")) == ("users", "shops")
    assert needed_namespaces(graph, ["x"], None) == ()


@pytest.mark.rule("partitions 5.1.3")
def test_partitioned_nodes_without_a_key_are_listed_under_the_names_that_people_know() -> None:
    task = Task(lambda: 0, "t")
    graph = graph_of(source("up", DAILY), source("plain"), Asset.from_graph(lambda: task(), "g", partitions_def=DAILY))
    with pytest.raises(ExecutionError, match=r"Cannot run 'backfill' without partition_key: partitioned are up, g$"):
        plan_partitions(graph, list(graph.nodes), None, now=NOW, dynamic={}, operation="backfill")
    with pytest.raises(ExecutionError, match=r"without partition_key: partitioned are g/t$"):
        plan(graph, ["g/t"], None)


def test_without_partitions_and_without_a_key_there_is_nothing_to_plan() -> None:
    planned = plan(graph_of(source("up"), below(None)), ["up", "x"], None)
    assert (planned.key, planned.keys, planned.context_of("x"), planned.load("x", "up")) == (None, (), None, Load())


@pytest.mark.rule("partitions 5.1.4", "partitions 5.1.5")
def test_a_key_for_an_unpartitioned_node_is_refused_and_an_unpartitioned_upstream_outside_is_loaded_whole() -> None:
    graph = graph_of(source("up"), below(DAILY))
    with pytest.raises(
        PartitionValidationError, match="Node 'up' is not partitioned, but a partition_key was provided"
    ):
        plan(graph, ["up", "x"], key("2024-01-05"))
    assert plan(graph, ["x"], key("2024-01-05")).load("x", "up") == Load()
    assert load(None, DAILY, M.all_partitions(), key("2024-01-05")) == Load()


@pytest.mark.rule("partitions 5.2.1")
@pytest.mark.parametrize(
    ("definition", "batch", "keys"),
    [
        (LETTERS, key(["c", "a"]), [key("a"), key("c")]),
        (
            GRID,
            multi({"r": ["y", "x"], "d": ["2024-01-02", "2024-01-01"]}),
            [multi({"d": f"2024-01-0{day}", "r": r}) for day in (1, 2) for r in "xy"],
        ),
        (LETTERS, KeySet([key("c"), key("a")]), [key("c"), key("a")]),
    ],
)
def test_a_key_of_several_values_is_one_batch_of_single_keys(
    definition: Any, batch: PartitionKey, keys: list[PartitionKey]
) -> None:
    planned = plan(graph_of(source("up", definition)), ["up"], batch)
    context = planned.context_of("up")
    assert planned.key == batch
    assert context is not None
    assert context.keys == keys


@pytest.mark.rule("partitions 5.4.2")
@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping", "given", "expected"),
    [
        (DAILY, DAILY, None, key("2024-01-05"), [key("2024-01-05")]),
        (DAILY, DAILY, M.time_window(-1), key("2024-01-05"), [key("2024-01-04")]),
        (DAILY, DAILY, M.time_window(-1), key(["2024-01-05", "2024-01-03"]), [key("2024-01-02"), key("2024-01-04")]),
        (DAILY, None, M.specific_partitions([key("2024-01-02"), key("2024-01-01")]), None,
         [key(["2024-01-01", "2024-01-02"])]),
        (GRID, DAILY, M.multi_to_single("d"), key("2024-01-05"),
         [multi({"d": "2024-01-05", "r": "x"}), multi({"d": "2024-01-05", "r": "y"})]),
        (LETTERS, D.static_(["1", "2"]), M.static_({"1": "a", "2": "a"}), key(["1", "2"]), [key("a")]),
    ],
)  # fmt: skip
def test_an_upstream_is_loaded_for_the_mapped_keys_in_its_own_definition(
    upstream: Any, downstream: Any, mapping: Any, given: PartitionKey | None, expected: list[PartitionKey]
) -> None:
    assert load(upstream, downstream, mapping, given) == Load(PartitionContext(expected, upstream))


@pytest.mark.rule("partitions 6.3.4", "partitions 6.3.6", "partitions 6.3.7")
@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping", "given", "expected"),
    [
        (DAILY, None, M.all_partitions(), None, Load()),
        (DAILY, LETTERS, M.all_partitions(), key("a"), Load()),
        (None, LETTERS, M.for_keys([key("a")]), key("a"), Load()),
        (None, LETTERS, M.for_keys([key("a")]), key("b"), Load(is_absent=True)),
        (D.static_(["a"]), LETTERS, M.subset(), key("b"), Load(is_absent=True)),
    ],
)
def test_an_upstream_is_loaded_whole_or_not_at_all(
    upstream: Any, downstream: Any, mapping: Any, given: PartitionKey | None, expected: Load
) -> None:
    assert load(upstream, downstream, mapping, given) == expected


@pytest.mark.rule("partitions 6.3.13")
def test_a_key_that_leads_out_of_the_upstream_names_offset_and_range() -> None:
    with pytest.raises(PartitionValidationError, match=r"'x'.*2024-01-01.*offset=-1.*\[2024-01-01.*'up'"):
        load(DAILY, DAILY, M.time_window(-1), key("2024-01-01"))


@pytest.mark.rule("partitions 5.3.1")
def test_the_outputs_of_a_function_need_a_key_that_all_selected_ones_have() -> None:
    outputs = [AssetDef("a", partitions_def=LETTERS), AssetDef("b", partitions_def=D.static_(["c", "d"]))]
    graph = graph_of(Asset.from_multi(dict, outputs, "m"))
    assert plan(graph, ["a", "b"], key("c")).keys == (key("c"),)
    with pytest.raises(ExecutionError, match="'a' for asset 'b'"):
        plan(graph, ["a", "b"], key("a"))
    assert plan(graph, ["a"], key("a")).keys == (key("a"),)


@pytest.mark.rule("partitions 5.3.3")
def test_the_inside_of_a_graph_and_the_instances_of_its_maps_run_for_the_key_of_the_graph() -> None:
    many, inc = Task(lambda: [1], "many"), Task(lambda n: n, "inc")

    def body(up: Any) -> Any:
        return many().map(inc).collect()

    deps = [AssetDef.dep("up", M.all_partitions())]
    graph = graph_of(source("up", DAILY), Asset.from_graph(body, "g", partitions_def=LETTERS, deps=deps), many, inc)
    planned = plan(graph, ["g/many", "g/inc", "g/inc__collect", "g"], key("a"))
    expected = PartitionContext([key("a")], LETTERS)
    assert [planned.context_of(name) for name in ("g/many", "g/inc", "g/inc[0]", "g")] == [expected] * 4
    assert planned.load("g", "g/inc__collect") == planned.load("g/inc", "g/many") == Load(expected)


# A text as a key.


@pytest.mark.rule("partitions 5.1.14")
@pytest.mark.parametrize(
    ("definition", "text", "expected"),
    [
        (DAILY, "2024-01-05", key("2024-01-05")),
        (LETTERS, "a,b", key(["a", "b"])),
        (GRID, "r=x|d=2024-01-05", multi({"d": "2024-01-05", "r": "x"})),
        (None, "a", key("a")),
    ],
)
def test_a_text_is_read_as_the_first_partitioned_node_writes_its_keys(
    definition: Any, text: str, expected: PartitionKey
) -> None:
    assert key_from_text(graph_of(source("plain"), source("up", definition)), ["plain", "up"], text) == expected


@pytest.mark.rule("partitions 5.1.14")
def test_a_text_without_the_dimensions_is_refused() -> None:
    with pytest.raises(PartitionValidationError, match=r"'2024-01-05'.*d=\.\.\.\|r=\.\.\."):
        key_from_text(graph_of(source("up", GRID)), ["up"], "2024-01-05")
