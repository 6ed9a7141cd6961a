"""What each parameter of a function gets, seen by running it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


class Db(rs.Resource):
    url: str = "there"


class Limits(BaseModel):
    rows: int = 3


@rs.Asset
def raw() -> int:
    return 5


@pytest.mark.rule("assets 2.1")
def test_an_asset_may_ask_for_the_context_of_a_task(build: Build) -> None:
    @rs.Asset(tags=["t"])
    def a(told: rs.TaskExecutionContext) -> Any:
        return isinstance(told, rs.TaskExecutionContext), told.task_name, told.tags

    repo = build(a)
    repo.materialize()
    assert repo.load_node("a") == (True, "a", ["t"])


@pytest.mark.rule("assets 2.2")
def test_an_unannotated_first_parameter_called_context_is_the_context_of_an_asset(build: Build) -> None:
    @rs.Asset
    def a(context, raw):
        return isinstance(context, rs.AssetExecutionContext), context.asset_name, raw

    repo = build(raw, a)
    repo.materialize()
    assert repo.load_node("a") == (True, "a", 5)


@pytest.mark.rule("assets 2.2")
def test_an_unannotated_context_of_a_task_is_that_of_an_asset(build: Build) -> None:
    @rs.Task(tags=["t"])
    def t(context):
        return isinstance(context, rs.AssetExecutionContext), context.asset_name, context.kinds, context.tags

    repo = build(tasks=[t])
    repo.materialize()
    assert repo.load_node("t") == (True, "t", [], None)


@pytest.mark.rule("assets 2.5")
def test_a_parameter_with_the_name_of_an_asset_a_task_or_an_output_gets_its_value(build: Build) -> None:
    @rs.Task
    def counted() -> int:
        return 2

    @rs.Asset.from_multi(output_defs=[rs.AssetDef("left"), rs.AssetDef("right")])
    def both() -> dict[str, int]:
        return {"left": 3, "right": 4}

    @rs.Asset
    def a(raw: int, counted: int, right: int) -> Any:
        return raw, counted, right

    repo = build(raw, both, a, tasks=[counted])
    assert repo.materialize().success
    assert repo.load_node("a") == (5, 2, 4)


@pytest.mark.rule("assets 2.6")
def test_a_parameter_with_the_name_of_a_resource_gets_the_resource(build: Build) -> None:
    db = Db(url="here")

    @rs.Asset
    def a(raw: int, db: Db) -> Any:
        return db.url, raw

    @rs.Asset
    def b(db):
        return db

    repo = build(raw, a, b, resources={"db": db})
    repo.materialize()
    assert repo.load_node("a") == ("here", 5)
    assert repo.load_node("b") is db


@pytest.mark.rule("assets 2.12")
def test_annotations_that_are_text_are_evaluated(build: Build) -> None:
    handler = Remembering()
    made: dict[str, Any] = {"rs": rs, "Limits": Limits}
    exec(
        'def a(told: "rs.AssetExecutionContext[Limits]", raw: "list[int]") -> "int":\n'
        "    return told.config.rows + len(raw)",
        made,
    )
    repo = build(rs.Asset(name="raw", io_handler=handler)(lambda: [1, 2]), rs.Asset(made["a"]))
    repo.materialize()
    assert repo.load_node("a") == 5
    assert [context.type_hint for context in handler.inputs] == [list[int]]
