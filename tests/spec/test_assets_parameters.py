"""What each parameter of a function gets, seen by running it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import ConfigurationError, ExecutionError, GraphValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import failures_of


class Db(rs.Resource):
    url: str = "there"


class Limits(BaseModel):
    rows: int = 3


@rs.Asset
def raw() -> int:
    return 5


@pytest.mark.rule("assets 2.1")
@pytest.mark.parametrize("name", ["context", "anything"])
def test_an_annotated_first_parameter_of_any_name_is_the_context(build: Build, name: str) -> None:
    def by_context(context: rs.AssetExecutionContext) -> Any:
        return type(context), context.asset_name, context.config

    def by_anything(anything: rs.AssetExecutionContext[Limits], raw: int) -> Any:
        return type(anything), anything.asset_name, anything.config

    function = by_context if name == "context" else by_anything
    repo = build(raw, rs.Asset(name="a")(function))
    repo.materialize()
    kind, asset_name, config = repo.load_node("a")
    assert issubclass(kind, rs.AssetExecutionContext)
    assert asset_name == "a"
    assert config == (None if name == "context" else Limits())


@pytest.mark.rule("assets 2.1")
def test_the_annotation_wins_over_an_asset_of_that_name(build: Build) -> None:
    @rs.Asset
    def a(raw: rs.AssetExecutionContext) -> str:
        return raw.asset_name

    repo = build(raw, a)
    repo.materialize(["a"])
    assert repo.load_node("a") == "a"


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


@pytest.mark.rule("assets 2.2")
def test_beside_an_asset_called_context_the_parameter_is_that_asset(build: Build) -> None:
    @rs.Asset
    def context() -> str:
        return "an asset"

    @rs.Asset
    def a(context):
        return context

    repo = build(context, a)
    repo.materialize()
    assert repo.load_node("a") == "an asset"


@pytest.mark.rule("assets 2.3")
def test_an_annotated_self_is_the_previous_value(build: Build) -> None:
    @rs.Asset
    def a(self: rs.SelfDependency[int], raw: int) -> int:
        return (self.get_inner() or 0) + raw

    repo = build(raw, a)
    repo.materialize()
    repo.materialize()
    assert repo.load_node("a") == 10


@pytest.mark.rule("assets 2.4")
def test_a_default_stays_even_where_an_asset_or_resource_has_that_name(build: Build) -> None:
    @rs.Asset
    def a(raw: int = 1, db: Any = "mine", other: int = 2) -> Any:
        return raw, db, other

    repo = build(raw, a, resources={"db": Db()})
    repo.materialize(["a"])
    assert repo.load_node("a") == (1, "mine", 2)


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


@pytest.mark.rule("assets 2.8")
def test_an_asset_wins_over_a_resource_of_its_name_and_the_key_is_warned_of(build: Build) -> None:
    @rs.Asset
    def db() -> str:
        return "the asset"

    @rs.Asset
    def a(db: str) -> str:
        return db

    with pytest.warns(UserWarning, match="db"):
        repo = build(db, a, resources={"db": Db()})
    repo.materialize()
    assert repo.load_node("a") == "the asset"


@pytest.mark.rule("assets 2.7")
@pytest.mark.parametrize("kind", [ConfigurationError, GraphValidationError])
@pytest.mark.parametrize("check", ["resolve", "validate"])
def test_a_parameter_that_nothing_fills_is_refused_with_node_parameter_and_resources(
    storage: rs.Storage, kind: type[Exception], check: str
) -> None:
    repo = rs.CodeRepository([rs.Asset(name="a")(lambda nowhere: 1)], resources={"db": Db(), "api": Db()})
    with pytest.raises(kind, match=r"Asset 'a': unresolved input 'nowhere'") as raised:
        repo.resolve(storage) if check == "resolve" else repo.validate()
    assert "api" in str(raised.value)
    assert "db" in str(raised.value)


@pytest.mark.rule("assets 2.9")
def test_positional_only_parameters_take_part_annotated_or_not(build: Build) -> None:
    @rs.Asset
    def a(told: rs.AssetExecutionContext, raw, db: Db, /):
        return told.asset_name, raw, db.url

    repo = build(raw, a, resources={"db": Db()})
    repo.materialize()
    assert repo.load_node("a") == ("a", 5, "there")


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


@pytest.mark.rule("assets 2.11")
def test_variadic_parameters_get_nothing(build: Build) -> None:
    @rs.Asset
    def a(raw: int, *args: Any, **kwargs: Any) -> Any:
        return raw, args, kwargs

    repo = build(raw, rs.Asset(name="args")(lambda: 1), rs.Asset(name="kwargs")(lambda: 1), a)
    repo.materialize()
    assert repo.load_node("a") == (5, (), {})


@pytest.mark.rule("assets 2.10")
def test_keyword_only_parameters_are_passed_by_keyword(build: Build) -> None:
    @rs.Asset
    def a(context, *, raw: int, db: Db, kept: int = 9) -> Any:
        return raw, db.url, kept

    repo = build(raw, a, resources={"db": Db()})
    repo.materialize()
    assert repo.load_node("a") == (5, "there", 9)


@pytest.mark.rule("assets 2.13")
def test_an_annotated_context_that_is_not_first_fails_the_step_and_nothing_before_it(build: Build) -> None:
    @rs.Asset
    def a(raw: int, told: rs.AssetExecutionContext) -> int:
        return raw

    repo = build(raw, a)
    message = "Context must be the first parameter of 'a'"
    with pytest.raises(ExecutionError, match=message):
        repo.materialize()
    assert failures_of(repo.materialize(raise_on_error=False)) == {"a": f"ExecutionError: {message}"}
    assert repo.load_node("raw") == 5


@pytest.mark.rule("assets 2.14")
def test_an_unannotated_context_that_is_not_first_is_a_parameter_that_nothing_fills(build: Build) -> None:
    with pytest.raises(ConfigurationError, match=r"'a'.*'context'.*db"):
        build(raw, rs.Asset(name="a")(lambda raw, context: 1), resources={"db": Db()})
