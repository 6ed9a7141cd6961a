"""Every fault that validating and resolving find, and its names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    AssetDefinitionError,
    ConfigurationError,
    GraphValidationError,
    NodeNotFoundError,
    PartitionValidationError,
)
from tests.spec.conftest import Build


def asset(name: str, *inputs: str, **settings: Any) -> rs.SingleAsset:
    """An asset of that name whose parameters are ``inputs``."""
    return rs.Asset(name=name, **settings)(eval(f"lambda {', '.join(inputs)}: 1"))


def failing(*assets: Any, **arguments: Any) -> list[Callable[[], None]]:
    """The two ways to check a repository, which must agree."""
    return [
        rs.CodeRepository(list(assets), **arguments).validate,
        lambda: rs.CodeRepository(list(assets), **arguments).resolve(rs.Storage.memory()),
    ]


@pytest.mark.rule("repository 2.5")
@pytest.mark.parametrize("error", [ConfigurationError, GraphValidationError])
def test_a_parameter_that_matches_nothing_is_refused_as_either_type(error: type[Exception]) -> None:
    for check in failing(asset("a", "nowhere"), resources={"db": rs.Resource()}):
        with pytest.raises(error, match=r"(?s)'a'.*nowhere"):
            check()


@pytest.mark.rule("repository 2.5")
def test_an_unknown_lineage_upstream_names_asset_and_input() -> None:
    for check in failing(asset("a", deps=[rs.AssetDef.dep("nowhere")])):
        with pytest.raises(GraphValidationError, match=r"'a'.*nowhere"):
            check()


@pytest.mark.rule("repository 2.6")
@pytest.mark.parametrize(
    "assets",
    [
        [asset("a", "b"), asset("b", "a")],
        [asset("a", "c"), asset("b", "a"), asset("c", "b"), asset("other")],
        [asset("a", deps=[rs.AssetDef.dep("b")]), asset("b", "a")],
    ],
    ids=["two", "three", "lineage"],
)
def test_a_cycle_is_told_as_a_path_that_repeats_its_first_node(assets: list[Any]) -> None:
    for check in failing(*assets):
        with pytest.raises(GraphValidationError) as caught:
            check()
        path = [part.split()[-1] for part in str(caught.value).replace("'", "").replace(",", " ").split(" -> ")]
        path = [part.strip(":.") for part in path]
        assert len(path) >= 3
        assert path[0] == path[-1].split()[0]
        assert set(path) <= {"a", "b", "c"}


@pytest.mark.rule("repository 2.7")
@pytest.mark.parametrize("selfish", [asset("me", "me"), asset("me", deps=[rs.AssetDef.dep("me")])])
def test_an_asset_that_needs_itself_is_pointed_to_self_dependency(selfish: Any) -> None:
    for check in failing(selfish):
        with pytest.raises(GraphValidationError, match=r"(?s)'me'.*SelfDependency"):
            check()


@pytest.mark.rule("repository 1.12")
def test_two_assets_of_one_name_are_refused_by_name() -> None:
    for check in failing(asset("twin"), asset("other"), asset("twin")):
        with pytest.raises(AssetDefinitionError, match="twin"):
            check()


KEYED = {
    "asset": [asset("a", io_handler="nowhere")],
    "input": [asset("up"), asset("a", "up", deps=[rs.AssetDef.input("up", io_handler="nowhere")])],
    "output": [rs.Asset.from_multi(lambda: {"a": 1}, [rs.AssetDef("a", io_handler="nowhere")], name="m")],
    "multi": [rs.Asset.from_multi(lambda: {"a": 1}, [rs.AssetDef("a")], name="m", io_handler="nowhere")],
    "external": [rs.Asset.external(name="a", io_handler="nowhere")],
}


@pytest.mark.rule("repository 2.8")
@pytest.mark.parametrize("error", [ConfigurationError, AssetDefinitionError])
@pytest.mark.parametrize("where", KEYED)
def test_an_unknown_handler_key_is_refused_as_either_type_when_resolving(
    build: Build, where: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"'a'.*nowhere"):
        build(*KEYED[where])


@pytest.mark.rule("repository 2.8")
@pytest.mark.parametrize("error", [ConfigurationError, AssetDefinitionError])
def test_an_unknown_handler_key_of_a_task_or_a_graph_is_refused(build: Build, error: type[Exception]) -> None:
    task = rs.Task(lambda: 1, name="t", io_handler="nowhere")
    with pytest.raises(error, match=r"'t'.*nowhere"):
        build(tasks=[task])
    plain = rs.Task(lambda: 1, name="p")
    for settings, node in (({"io_handler": "nowhere"}, "g"), ({"node_io_handler": "nowhere"}, "g/p")):
        graph = rs.Asset.from_graph(lambda: plain(), name="g", **settings)
        with pytest.raises(error, match=f"'{node}.*nowhere"):
            build(graph, tasks=[plain])


class Plain(BaseModel):
    n: int = 1


@pytest.mark.rule("repository 2.9")
@pytest.mark.parametrize("resource", [Plain(), rs.Resource()])
def test_a_key_of_a_resource_that_is_no_handler_is_refused(build: Build, resource: Any) -> None:
    with pytest.raises(AssetDefinitionError, match=r"'a'.*'lake'"):
        build(asset("a", io_handler="lake"), resources={"lake": resource})


@pytest.mark.rule("repository 2.10")
def test_an_unknown_partitions_name_is_refused_with_the_registered_ones() -> None:
    for check in failing(asset("a", partitions_def="daily")):
        with pytest.raises(ConfigurationError, match=r"'a'.*'daily'.*available"):
            check()


@pytest.mark.rule("repository 2.12")
@pytest.mark.parametrize(
    ("definition", "deps", "text"),
    [
        (rs.PartitionsDefinition.Static(["a|b"]), [], r"Asset 'x': invalid partitions definition: .*'a\|b'"),
        (None, [rs.AssetDef.dep("up")], "Asset 'x' depends on 'up': .*mapping is required"),
        (
            rs.PartitionsDefinition.static_(["a"]),
            [rs.AssetDef.dep("up", rs.PartitionMapping.static_({"b": "a"}))],
            "Asset 'x' depends on 'up': .*'b'",
        ),
    ],
)
def test_partitions_that_cannot_work_are_refused_by_asset(definition: Any, deps: Any, text: str) -> None:
    upstream = asset("up", partitions_def=rs.PartitionsDefinition.static_(["a"]))
    for check in failing(upstream, asset("x", partitions_def=definition, deps=deps)):
        with pytest.raises(PartitionValidationError, match=text):
            check()


POLICIES = {"b": rs.RetryPolicy(2), "a": rs.RetryPolicy(1)}
ONE = asset("one")
RETRIES: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "asset": ([asset("x", retry="nope")], {}, "x"),
    "task": ([], {"tasks": [rs.Task(lambda: 1, name="x", retry="nope")]}, "x"),
    "bash task": ([], {"tasks": [rs.BashTask("x", "true", retry="nope")]}, "x"),
    "multi-asset": ([rs.Asset.from_multi(lambda: {"x": 1}, [rs.AssetDef("x")], name="m", retry="nope")], {}, "x"),
    "job": ([ONE], {"jobs": [rs.Job("x", [ONE], retry="nope")]}, "x"),
    "default": ([ONE], {"default_retry_policy": "nope"}, "default_retry_policy"),
}


@pytest.mark.rule("repository 2.11")
@pytest.mark.parametrize("where", RETRIES)
def test_an_unknown_retry_name_is_refused_with_its_place_and_the_sorted_names(where: str) -> None:
    assets, arguments, place = RETRIES[where]
    for check in failing(*assets, retries=POLICIES, **arguments):
        with pytest.raises(ConfigurationError, match=f"{place}.*'nope'.*a, b"):
            check()


@pytest.mark.rule("repository 2.11")
def test_an_unknown_retry_name_of_a_graph_is_refused() -> None:
    task = rs.Task(lambda: 1, name="t")
    graph = rs.Asset.from_graph(lambda: task(), name="g", retry="nope")
    for check in failing(graph, tasks=[task], retries=POLICIES):
        with pytest.raises(ConfigurationError, match=r"'g'.*'nope'.*a, b"):
            check()


@pytest.mark.rule("repository 2.11")
def test_an_unknown_retry_name_of_a_call_is_refused_by_the_call_and_makes_no_run(
    build: Build, storage: rs.Storage
) -> None:
    repo = build(ONE, retries=POLICIES)
    with pytest.raises(ConfigurationError, match=r"'nope'.*a, b"):
        repo.materialize(retry="nope", raise_on_error=False)
    assert storage.get_runs() == []
    assert repo.materialize(retry="a").success


@pytest.mark.rule("repository 2.13")
@pytest.mark.parametrize("member", [asset("lost"), rs.Task(lambda: 1, name="lost")], ids=["asset", "task"])
def test_a_job_of_a_node_that_the_repository_lacks_names_both(member: Any) -> None:
    for check in failing(ONE, jobs=[rs.Job("nightly", [ONE, member])]):
        with pytest.raises(NodeNotFoundError, match=r"'nightly'.*'lost'"):
            check()


@pytest.mark.rule("repository 2.14")
def test_two_jobs_of_one_name_are_refused_by_name() -> None:
    for check in failing(ONE, jobs=[rs.Job("nightly", [ONE]), rs.Job("nightly", [ONE])]):
        with pytest.raises(GraphValidationError, match="'nightly'"):
            check()


@pytest.mark.rule("repository 6.4")
def test_a_job_that_misses_an_upstream_names_everything_and_the_way_out() -> None:
    down = asset("down", "one")
    for check in failing(ONE, down, jobs=[rs.Job("nightly", [down])]):
        with pytest.raises(GraphValidationError, match=r"'nightly'.*'down'.*'one'.*allow_incomplete_deps"):
            check()
