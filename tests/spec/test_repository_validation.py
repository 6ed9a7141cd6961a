"""Every fault that validating and resolving find, and its names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import (
    AssetDefinitionError,
    ConfigurationError,
    PartitionValidationError,
)
from tests.spec.conftest import Build


def asset(name: str, *inputs: str, **settings: Any) -> rs.SingleAsset:
    """Return an asset of that name whose parameters are ``inputs``."""
    return rs.Asset(name=name, **settings)(eval(f"lambda {', '.join(inputs)}: 1"))


def failing(*assets: Any, **arguments: Any) -> list[Callable[[], None]]:
    """Return the two checks of a repository, which must agree."""
    return [
        rs.CodeRepository(list(assets), **arguments).validate,
        lambda: rs.CodeRepository(list(assets), **arguments).resolve(rs.Storage.memory()),
    ]


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
