"""What a run overrides holds for it alone; what metadata ask of a step is that of the nodes it makes."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from rivers.graph.nodes import Graph
from rivers.graph.plan import ExecutionPlan, plan_execution
from tests.execution.opened import Db


def test_a_run_may_override_metadata_and_resources_for_itself(storage: rs.Storage) -> None:
    @rs.Asset(metadata={"a": "1", "b": "1"})
    def told(context: rs.AssetExecutionContext, db: Db) -> tuple[Any, str]:
        return context.asset_metadata, db.url

    repo = rs.CodeRepository([told], resources={"db": Db()})
    repo.resolve(storage)
    repo.materialize(config={"assets": {"told": {"metadata": {"b": "2"}}}, "resources": {"db": {"url": "other"}}})
    assert repo.load_node("told") == ({"a": "1", "b": "2"}, "other")
    repo.materialize()
    assert repo.load_node("told") == ({"a": "1", "b": "1"}, "mine")


def test_the_executor_of_a_multi_asset_is_the_first_that_an_output_of_the_run_asks_for(storage: rs.Storage) -> None:
    outputs = [
        rs.AssetDef("p"),
        rs.AssetDef("q", metadata={"rivers/executor": "one"}),
        rs.AssetDef("r", metadata={"rivers/executor": "other"}),
    ]
    repo = rs.CodeRepository([rs.Asset.from_multi(lambda: {"p": 1, "q": 2, "r": 3}, outputs, name="m")])
    repo.resolve(storage)
    assert repo.materialize(["p"]).success
    for selection, asked in ((["p", "q", "r"], "one"), (["p", "r"], "other")):
        with pytest.raises(ConfigurationError, match=f"rivers/executor is '{asked}'"):
            repo.materialize(selection)


def test_a_graph_asset_and_its_inside_each_have_their_executor(storage: rs.Storage) -> None:
    one = rs.Task(lambda: 1, name="one")
    metadata = {"rivers/executor": "outer", "rivers/node/executor": "in_process"}
    repo = rs.CodeRepository([rs.Asset.from_graph(lambda: one(), name="g", metadata=metadata)])
    repo.resolve(storage)
    with pytest.raises(ConfigurationError, match="'g': rivers/executor is 'outer'"):
        repo.materialize()


def test_a_selection_is_planned_once_and_what_a_run_changes_is_not_kept(
    storage: rs.Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rivers.execution.steps.compiling.PLANS_MAX", 2)
    planned: list[tuple[str, ...]] = []

    def plan(graph: Graph, names: tuple[str, ...]) -> ExecutionPlan:
        planned.append(names)
        return plan_execution(graph, names)

    monkeypatch.setattr("rivers.execution.steps.compiling.plan_execution", plan)
    repo = rs.CodeRepository([rs.Asset(lambda: 1, name=name) for name in "abc"])
    repo.resolve(storage)
    for selection in (["a"], ["a"], ["a", "b"], ["a"], ["b"], ["a", "b"], ["a"]):
        assert repo.materialize(selection).materialized_assets == selection
    repo.materialize(["c"], config={"assets": {"c": {"metadata": {"b": "2"}}}})
    assert planned == [("a",), ("a", "b"), ("b",), ("a",)]
