"""Tasks, commands, graph assets and external assets as steps of a run."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetOutputValidationError
from tests.repositories import Build


def happened(repo: rs.CodeRepository, result: rs.RunResult) -> list[tuple[str, str | None]]:
    return [(event.event_type, event.asset_key) for event in repo.storage.get_events_for_run(result.run_id)]


@rs.Task
def one() -> int:
    return 1


@rs.Task
def inc(n: int) -> int:
    return n + 1


@rs.Asset.from_graph()
def g() -> Any:
    return inc(one())


@pytest.mark.rule("graph-assets 3.1.13", "graph-assets 3.2.11")
def test_a_graph_stores_the_value_of_its_last_task_under_its_own_name(build: Build) -> None:
    repo = build(g, tasks=[one, inc])
    result = repo.materialize()
    assert result.materialized_assets == ["g/one", "g/inc", "g"]
    assert (repo.load_node("g"), repo.load_node("g/inc")) == (2, 2)


@pytest.mark.rule("graph-assets 3.2.1")
def test_the_start_of_a_graph_precedes_its_inside_and_its_end_comes_last(build: Build) -> None:
    repo = build(g, tasks=[one, inc])
    events = [event for event in happened(repo, repo.materialize()) if event[1] is not None]
    assert events[:2] == [("StepStart", "g"), ("StepStart", "g/one")]
    assert events[-2:] == [("Materialization", "g"), ("StepSuccess", "g")]
    assert events.count(("StepStart", "g")) == 1


@pytest.mark.rule("graph-assets 3.1.14")
def test_a_graph_that_returns_nothing_is_materialized_without_a_value(build: Build) -> None:
    @rs.Asset.from_graph()
    def silent() -> None:
        one()

    repo = build(silent, tasks=[one])
    assert ("Materialization", "silent") in happened(repo, repo.materialize())
    with pytest.raises(KeyError):
        repo.load_node("silent")


@pytest.mark.rule("contexts 2.2", "contexts 2.4")
def test_a_task_of_its_own_is_a_step_with_its_own_context(build: Build) -> None:
    @rs.Task(tags=["t"])
    def alone(context: rs.TaskExecutionContext) -> Any:
        return (context.task_name, context.tags)

    @rs.Task
    def as_asset(context: rs.AssetExecutionContext) -> Any:
        return (context.asset_name, context.tags, context.kinds)

    repo = build(tasks=[alone, as_asset])
    assert repo.materialize().materialized_assets == ["alone", "as_asset"]
    assert repo.load_node("alone") == ("alone", ["t"])
    assert repo.load_node("as_asset") == ("as_asset", None, [])


@pytest.mark.rule("assets 5.12")
def test_the_annotation_of_a_task_is_checked(build: Build) -> None:
    @rs.Task
    def wrong() -> int:
        return "x"

    with pytest.raises(AssetOutputValidationError, match="wrong"):
        build(tasks=[wrong]).materialize()


def test_the_value_of_a_command_is_what_it_says(build: Build) -> None:
    greet = rs.BashTask("greet", "echo hello $WHO", env={"WHO": "world"})
    repo = build(tasks=[greet])
    result = repo.materialize()
    assert repo.load_node("greet") == "hello world"
    [log] = repo.storage.get_run_logs(result.run_id)
    assert log.stdout == "hello world\n"


def test_a_command_in_a_graph_feeds_the_task_after_it(build: Build) -> None:
    number = rs.BashTask("number", ["echo", "41"])

    @rs.Task
    def plus_one(text: str) -> int:
        return int(text) + 1

    @rs.Asset.from_graph()
    def answer() -> Any:
        return plus_one(number())

    repo = build(answer, tasks=[number, plus_one])
    repo.materialize()
    assert repo.load_node("answer") == 42


class Table(rs.BaseIOHandler):
    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        raise AssertionError("nobody writes it")

    def load_input(self, context: rs.InputContext) -> Any:
        return f"rows of {context.asset_name}"


@pytest.mark.rule("assets 7.7")
def test_what_else_an_observe_function_returns_is_ignored(build: Build) -> None:
    @rs.Asset.external(io_handler=Table())
    def orders() -> int:
        return "no rows"

    repo = build(orders)
    assert ("Observation", "orders") in happened(repo, repo.materialize(["orders"]))
