"""A step's value is checked against its annotation before anything is stored."""

from __future__ import annotations

from typing import Any, Optional

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering

ABSENT = object()


def returning(annotation: Any, value: Any, handler: Any = None) -> Any:
    def a():
        return value

    a.__annotations__ = {} if annotation is ABSENT else {"return": annotation}
    return rs.Asset(io_handler=handler)(a)


@pytest.mark.rule("assets 5.10")
@pytest.mark.parametrize("result", [rs.Materialization(), rs.Observation()], ids=["Materialization", "Observation"])
def test_a_result_without_a_value_is_not_checked_whatever_the_annotation(build: Build, result: Any) -> None:
    assert build(returning(int, result)).materialize().success


@pytest.mark.rule("assets 5.1")
@pytest.mark.parametrize("annotation", [int, rs.Output, Optional[int], "rs.Output | None"])  # noqa: UP045
def test_an_output_is_checked_by_its_value(build: Build, annotation: Any) -> None:
    assert build(returning(annotation, rs.Output(3))).materialize().success


@pytest.mark.rule("assets 5.13")
def test_inputs_are_not_checked_against_the_annotations_of_parameters(build: Build) -> None:
    @rs.Asset
    def down(a: int) -> Any:
        return a

    repo = build(returning(str, "text"), down)
    repo.materialize()
    assert repo.load_node("down") == "text"


@pytest.mark.rule("assets 5.14")
@pytest.mark.parametrize(
    ("annotation", "hint"),
    [(ABSENT, None), (int, int), ("list[int]", list[int]), (Optional[int], Optional[int])],  # noqa: UP045
)
def test_the_handler_is_told_the_evaluated_return_annotation(build: Build, annotation: Any, hint: Any) -> None:
    handler = Remembering()
    value = [1] if annotation == "list[int]" else 1
    build(returning(annotation, value, handler)).materialize()
    assert [context.type_hint for context in handler.outputs] == [hint]
