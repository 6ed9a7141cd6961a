"""Assets that are composed of tasks. Fan-out and partitions are tested elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import SKIPPED, failures_of, types_of


@rs.Task
def one() -> int:
    return 1


@rs.Task
def two() -> int:
    return 2


@rs.Task
def inc(n: int) -> int:
    return n + 1


@rs.Task
def add(x: int, y: int) -> int:
    return x + y


@rs.Asset
def outer() -> int:
    return 10


def graph(body: Any, name: str = "g", **settings: Any) -> rs.GraphAsset:
    return rs.Asset.from_graph(body, name, **settings)


def value_of(build: Build, body: Any, *assets: Any, **settings: Any) -> Any:
    """Run everything and return the value of a graph asset ``g`` with that body."""
    repo = build(*assets, graph(body, **settings))
    repo.materialize()
    return repo.load_node("g")


@pytest.mark.rule("graph-assets 3.1.2", "graph-assets 3.1.3")
def test_the_body_is_called_once_for_each_check_and_not_when_it_runs(storage: rs.Storage) -> None:
    calls: list[Any] = []

    def body(outer: Any) -> Any:
        calls.append(outer)
        result = inc(outer)
        calls.append(result)
        return result

    repo = rs.CodeRepository([outer, graph(body)], default_executor=rs.Executor.in_process())
    assert calls == []
    repo.resolve(storage)
    assert len(calls) == 2
    repo.materialize()
    repo.load_node("g")
    assert len(calls) == 2
    assert all(isinstance(each, rs.InvokedNodeOutput) for each in calls)
    assert [each.node_name for each in calls] == ["outer", "g/inc"]
    assert repo.load_node("g") == 11


@rs.Task
def minus(x: int, y: int, scale: int = 1) -> int:
    return (x - y) * scale


@pytest.mark.rule("graph-assets 3.1.10")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda: minus(two(), one()), 1),
        (lambda: minus(one(), two()), -1),
        (lambda: minus(y=two(), x=one()), -1),
        (lambda: minus(two(), y=one()), 1),
        (lambda outer: minus(outer, one()), 9),
        (lambda outer: minus(y=outer, x=one()), -9),
        (lambda: minus(5, one()), 4),
        (lambda: minus(one(), y=3), -2),
        (lambda: minus(two(), one(), 10), 10),
        (lambda: minus(two(), one(), scale=two()), 2),
    ],
)
def test_arguments_are_wired_by_position_and_name_and_literals_are_constants(
    build: Build, body: Any, expected: int
) -> None:
    assert value_of(build, body, outer) == expected


@pytest.mark.rule("graph-assets 3.1.13")
def test_a_returned_parameter_is_passed_through(build: Build) -> None:
    assert value_of(build, lambda outer: outer, outer) == 10


@pytest.mark.rule("graph-assets 3.1.16")
def test_assets_called_in_the_body_keep_their_name_and_run_once(build: Build) -> None:
    ran: list[int] = []

    @rs.Asset
    def source() -> int:
        ran.append(1)
        return 4

    repo = build(source, graph(lambda: inc(source())))
    assert repo.materialize().materialized_assets == ["source", "g/inc", "g"]
    assert (repo.load_node("g"), ran) == (5, [1])


@pytest.mark.rule("graph-assets 3.1.17")
def test_graph_assets_may_be_called_in_graphs(build: Build) -> None:
    inner = graph(lambda: inc(one()), "inner")
    repo = build(inner, graph(lambda: inc(inner())))
    result = repo.materialize()
    assert result.materialized_assets == ["inner/one", "inner/inc", "inner", "g/inc", "g"]
    assert repo.load_node("g") == 3


@pytest.mark.rule("graph-assets 3.2.4")
def test_overrides_of_the_graph_reach_the_tasks_that_consume_the_upstream(build: Build) -> None:
    replaced = Remembering()
    replaced.values["outer"] = 100
    deps = [rs.AssetDef.input("outer", io_handler=replaced, metadata={"columns": "x"})]
    assert value_of(build, lambda outer: inc(outer), outer, deps=deps) == 101
    [context] = replaced.inputs
    assert (context.asset_name, context.downstream_asset, context.asset_metadata) == (
        "outer",
        "g/inc",
        {"columns": "x"},
    )


@rs.Task
def broken() -> int:
    raise ValueError("boom")


@pytest.mark.rule("graph-assets 3.2.7")
def test_the_failure_of_a_task_skips_what_depends_on_it_and_the_graph(build: Build, storage: rs.Storage) -> None:
    down = rs.Asset(name="down")(lambda g: g)
    repo = build(graph(lambda: add(inc(broken()), two())), down, tasks=[broken])
    result = repo.materialize(raise_on_error=False)
    assert failures_of(result) == {
        "g/broken": "ValueError: boom",
        "g/inc": SKIPPED,
        "g/add": SKIPPED,
        "g": SKIPPED,
        "down": SKIPPED,
    }
    assert set(result.materialized_assets) == {"g/broken", "g/two", "g/inc", "g/add", "g", "down"}
    assert repo.load_node("g/two") == 2
    assert "Materialization" not in types_of(storage, result.run_id, "g")
    assert types_of(storage, result.run_id, "g")[-1] == "StepFailure"
    with pytest.raises(ValueError, match="boom"):
        repo.materialize()


@pytest.mark.rule("graph-assets 3.2.10")
def test_the_annotation_of_the_body_is_no_check_and_those_of_tasks_are(build: Build) -> None:
    def body() -> str:
        return inc(one())

    assert value_of(build, body) == 2

    @rs.Task
    def wrong() -> str:
        return 3

    result = build(graph(lambda: wrong()), tasks=[wrong]).materialize(raise_on_error=False)
    assert failures_of(result)["g/wrong"].startswith("AssetOutputValidationError: ")
