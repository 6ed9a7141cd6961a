"""Partitions of nodes, and the mappings of the edges between them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.tasks import Task
from rivers.exceptions import ConfigurationError, PartitionValidationError
from rivers.graph.building import build_graph
from rivers.graph.nodes import Graph
from rivers.graph.partitioning import with_partitions
from rivers.partitions import PartitionsDefinition
from rivers.partitions.mappings import PartitionMapping

D, M = PartitionsDefinition, PartitionMapping
DAILY = D.daily(datetime(2024, 1, 1))
HOURLY = D.hourly(datetime(2024, 1, 1))
LETTERS = D.static_(["a", "b"])
PREVIOUS = M.time_window(-1)


def graph_of(*given: Any, partition_defs: Mapping[str, PartitionsDefinition] | None = None) -> Graph:
    assets = [each for each in given if not isinstance(each, Task)]
    tasks = [each for each in given if isinstance(each, Task)]
    return with_partitions(build_graph(assets, (), tasks), partition_defs or {})


def source(name: str, definition: Any = None) -> Any:
    return Asset(name=name, partitions_def=definition)(lambda: 0)


def below(name: str, definition: Any = None, *deps: Any) -> Any:
    """Return an asset that loads ``up``."""
    return Asset(name=name, partitions_def=definition, deps=list(deps))(lambda up: 0)


def test_every_partitioned_node_has_its_definition_and_no_other_has_one() -> None:
    graph = graph_of(source("up", "daily"), below("x", DAILY), source("plain"), partition_defs={"daily": DAILY})
    assert graph.partitions == {"up": DAILY, "x": DAILY}
    assert graph["up"].settings.partitions_def == "daily"
    assert build_graph([source("up", DAILY)]).partitions == {}


@pytest.mark.rule("partitions 3.5.2", "repository 2.10")
def test_an_unknown_name_is_refused_with_the_asset_and_what_is_registered() -> None:
    with pytest.raises(ConfigurationError, match=r"Asset 'up'.*'dayly'.*available: daily, weekly"):
        graph_of(source("up", "dayly"), partition_defs={"weekly": DAILY, "daily": DAILY})


def test_an_unknown_name_of_a_graph_asset_is_not_laid_at_the_door_of_a_task_in_it() -> None:
    with pytest.raises(ConfigurationError, match="Asset 'g': partitions_def 'dayly'"):
        graph_of(Asset.from_graph(lambda: inc(1), "g", partitions_def="dayly"))


@pytest.mark.rule("partitions 3.1.16", "repository 2.12")
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (D.Static(["a|b"]), "reserved character"),
        (D.TimeWindow("0 0 * * *", None, datetime(2024, 1, 1), None, "%Y-%m"), "%Y-%m"),
        (D.TimeWindow(None, None, datetime(2024, 1, 1)), "cron_schedule or interval_seconds"),
        (D.Multi({"d": DAILY, "m": D.Static([])}), "'m'.*at least one key"),
        (D.Dynamic(""), "name"),
    ],
)
def test_a_raw_definition_that_is_wrong_is_found(raw: PartitionsDefinition, reason: str) -> None:
    for given in (source("x", raw), Asset.from_graph(lambda: one(), "x", partitions_def=raw)):
        with pytest.raises(PartitionValidationError, match=f"Asset 'x': invalid partitions definition: .*{reason}"):
            graph_of(source("ok", LETTERS), given)


@Task
def one() -> int:
    return 1


@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping"),
    [
        (None, None, None),
        (None, None, M.identity()),
        (None, DAILY, None),
        (None, DAILY, M.all_partitions()),
        (DAILY, None, M.all_partitions()),
        (DAILY, DAILY, None),
        (DAILY, D.daily(datetime(2025, 1, 1)), None),
        (DAILY, DAILY, PREVIOUS),
        (HOURLY, DAILY, M.all_partitions()),
        (LETTERS, D.static_(["x"]), M.static_({"x": "a"})),
    ],
)
@pytest.mark.parametrize("declare", [AssetDef.input, AssetDef.dep])
def test_an_edge_that_can_work_keeps_its_mapping(upstream: Any, downstream: Any, mapping: Any, declare: Any) -> None:
    graph = graph_of(source("up", upstream), below("x", downstream, declare("up", partition_mapping=mapping)))
    assert graph["x"].mappings == ({} if mapping is None else {"up": mapping})


@pytest.mark.rule("partitions 6.2.1", "repository 2.12")
@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping", "reason"),
    [
        (None, None, PREVIOUS, "neither asset has partitions"),
        (None, DAILY, M.identity(), "identity needs a partitioned upstream"),
        (DAILY, None, None, "a mapping is required"),
        (DAILY, LETTERS, None, "downstream is Static, upstream is TimeWindow"),
        (D.static_(["a"]), LETTERS, None, "'b'"),
        (DAILY, DAILY, M.static_({"2024-01-01": "nope"}), "'nope'"),
    ],
)
@pytest.mark.parametrize("loads", [True, False])
def test_an_edge_that_cannot_work_names_both_assets(
    upstream: Any, downstream: Any, mapping: Any, reason: str, loads: bool
) -> None:
    dep = (AssetDef.input if loads else AssetDef.dep)("up", partition_mapping=mapping)
    asset = Asset(name="x", partitions_def=downstream, deps=[dep])
    with pytest.raises(PartitionValidationError, match=f"Asset 'x' depends on 'up': .*{reason}"):
        graph_of(source("up", upstream), asset(lambda up: 0) if loads else asset(lambda: 0))


def test_a_standalone_task_says_how_it_depends_on_assets() -> None:
    task = Task(lambda up: 0, "t", partitions_def=DAILY, partition_mapping={"up": PREVIOUS})
    graph = graph_of(source("up", DAILY), task)
    assert (graph["t"].mappings, graph.partitions["t"]) == ({"up": PREVIOUS}, DAILY)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Task(lambda up: 0, "t", partition_mapping={"upp": M.identity()}), "Task 't'.*'upp'"),
        (
            Asset.from_multi(dict, [AssetDef("a", partition_mapping={"upp": M.identity()})], "m"),
            "Asset 'a'.*'upp'",
        ),
    ],
)
def test_a_mapping_for_what_is_no_upstream_is_a_mistake(given: Any, named: str) -> None:
    with pytest.raises(PartitionValidationError, match=f"{named}.*does not depend on"):
        graph_of(source("up"), given)


# Multi-assets.


def both(up: int) -> dict[str, int]:
    return {"a": up, "b": up}


def test_outputs_share_how_their_function_loads_and_order_apart() -> None:
    outputs = [
        AssetDef("a", partitions_def=DAILY, deps=[AssetDef.input("up", PREVIOUS), AssetDef.dep("side", PREVIOUS)]),
        AssetDef("b", partitions_def=DAILY),
        AssetDef("whole", partition_mapping={"up": M.all_partitions()}),
    ]
    graph = graph_of(source("up", DAILY), source("side", DAILY), Asset.from_multi(both, outputs, "m"))
    assert {name: graph[name].mappings for name in ("a", "b", "whole")} == {
        "a": {"up": PREVIOUS, "side": PREVIOUS},
        "b": {"up": PREVIOUS},
        "whole": {"up": M.all_partitions()},
    }


def test_an_output_overrules_the_multi_asset_and_the_others_follow() -> None:
    outputs = [AssetDef("a", partition_mapping={"up": M.identity()}), AssetDef("b")]
    with pytest.raises(PartitionValidationError, match=r"Asset 'b' depends on 'up'.*differs from that of 'a'"):
        graph_of(
            source("up", DAILY),
            Asset.from_multi(both, outputs, "m", partitions_def=DAILY, deps=[AssetDef.input("up", PREVIOUS)]),
        )
    graph = graph_of(
        source("up", DAILY),
        Asset.from_multi(both, [AssetDef("a"), AssetDef("b")], "m", partitions_def=DAILY,
                         deps=[AssetDef.input("up", PREVIOUS)]),
    )  # fmt: skip
    assert graph["a"].mappings == graph["b"].mappings == {"up": PREVIOUS}


def test_every_output_of_one_function_is_checked_against_the_upstream() -> None:
    outputs = [AssetDef("a", partitions_def=DAILY), AssetDef("b")]
    with pytest.raises(PartitionValidationError, match=r"Asset 'b' depends on 'up': .*a mapping is required"):
        graph_of(source("up", DAILY), Asset.from_multi(both, outputs, "m"))


@pytest.mark.parametrize("kind", [ValueError, PartitionValidationError])
def test_outputs_known_by_name_are_compared_when_the_names_are_known(kind: type[Exception]) -> None:
    outputs = [AssetDef("a", partitions_def="daily"), AssetDef("b", partitions_def="letters")]
    asset = Asset.from_multi(dict, outputs, "m")
    with pytest.raises(kind, match=r"'m': outputs 'a' and 'b'.*TimeWindow and Static"):
        graph_of(asset, partition_defs={"daily": DAILY, "letters": LETTERS})


# Graph assets.


@Task(partitions_def=LETTERS, partition_mapping={"n": M.identity(), "side": M.identity()})
def inc(n: int, side: int = 0) -> int:
    return n + side


def test_the_inside_of_a_graph_has_the_partitions_of_the_graph_and_not_its_own() -> None:
    def body(up: Any) -> Any:
        return inc(up)

    graph = graph_of(
        source("up", DAILY),
        Asset.from_graph(body, "g", partitions_def=DAILY),
        Asset.from_graph(lambda: inc(1), "h"),
        inc,
    )
    assert {name: each for name, each in graph.partitions.items() if name != "up"} == {"g/inc": DAILY, "g": DAILY}


def test_a_fan_out_inside_of_a_graph_is_partitioned_as_a_whole() -> None:
    @Task
    def many() -> list[int]:
        return []

    graph = graph_of(Asset.from_graph(lambda: many().map(inc).collect(), "g", partitions_def=DAILY))
    assert list(graph.partitions) == ["g/many", "g/inc", "g/inc__collect", "g"]


def test_what_a_graph_says_of_an_upstream_counts_where_it_is_consumed() -> None:
    def body(up: Any) -> Any:
        return inc(up)

    deps = [AssetDef.input("up", PREVIOUS), AssetDef.dep("side", M.all_partitions())]
    graph = graph_of(
        source("up", DAILY), source("side", LETTERS), Asset.from_graph(body, "g", partitions_def=DAILY, deps=deps)
    )
    assert graph["g/inc"].mappings == {"up": PREVIOUS, "side": M.all_partitions()}
    assert graph["g"].mappings == {"side": M.all_partitions()}


def test_a_task_says_what_holds_for_its_parameter_whatever_is_passed() -> None:
    def body(up: Any) -> Any:
        return inc(up)

    graph = graph_of(source("up", DAILY), Asset.from_graph(body, "g", partitions_def=DAILY))
    assert graph["g/inc"].mappings == {"up": M.identity()}


def test_an_edge_into_a_graph_that_cannot_work_is_found() -> None:
    def body(up: Any) -> Any:
        return inc(up)

    with pytest.raises(PartitionValidationError, match=r"Asset 'g/inc' depends on 'up': .*Static.*TimeWindow"):
        graph_of(source("up", DAILY), Asset.from_graph(body, "g", partitions_def=LETTERS))


def test_thousands_of_assets_with_definitions_of_their_own_are_checked_by_content() -> None:
    assets = [source("a0", DAILY)]
    for number in range(1, 300):
        definition = D.daily(datetime(2024, 1, 1))
        assets.append(Asset(name=f"a{number}", partitions_def=definition, deps=[AssetDef.dep("a0")])(lambda: 0))
    assert len(graph_of(*assets).partitions) == 300
