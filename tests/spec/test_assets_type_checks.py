"""A step's value is checked against its annotation before anything is stored."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, Union

import pytest

import rivers as rs
from rivers.exceptions import AssetOutputValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import failures_of, types_of


class Base: ...


class Derived(Base): ...


class Real(float):
    """As numpy's float64, which derives from ``float``."""


class Whole:
    """As numpy's int64, which does not derive from ``int``."""

    def __index__(self) -> int:
        return 1


ABSENT = object()


def shown(each: object) -> str:
    """A part of the name of a test, which is the same in every process."""
    return re.sub(r" at 0x\w+", "", str(each))[:30]


def returning(annotation: Any, value: Any, handler: Any = None) -> Any:
    def a():
        return value

    a.__annotations__ = {} if annotation is ABSENT else {"return": annotation}
    return rs.Asset(io_handler=handler)(a)


FITS: list[tuple[str, Any, Any]] = [
    *(("none", annotation, 3) for annotation in (ABSENT, Any, object, None)),
    *(("class", int, value) for value in (1, True)),
    *(("class", Base, value) for value in (Base(), Derived())),
    ("class", float, Real(1)),
    *(("container", annotation, ["a", 1.5]) for annotation in (list[int], typing.List[int], Sequence[int], list)),  # noqa: UP006
    *(("container", annotation, {1: "a"}) for annotation in (dict[str, int], typing.Dict[str, int], Mapping[str, int])),  # noqa: UP006
    *(("container", annotation, (1, 2, 3)) for annotation in (tuple[int, str], tuple[int, ...], typing.Tuple[str])),  # noqa: UP006
    ("container", set[int], {"a"}),
    ("union", int | str, "a"),
    ("union", Union[int, str], 1),  # noqa: UP007
    ("union", Optional[int], None),  # noqa: UP045
    ("union", Optional[int], 3),  # noqa: UP045
    ("union", list[int] | None, ["a"]),
    ("union", int | Any, "a"),
    ("abc", Callable, print),
    ("abc", Callable[[int], int], print),
    ("abc", Iterable[int], "text"),
    ("abc", Iterable, [1]),
    ("abc", type, int),
    ("abc", type[int], str),
    *(("result", kind, 3) for kind in (rs.Output, rs.Materialization, rs.Observation)),
    ("text", "int", 3),
    ("text", "list[Base]", []),
    ("literal", Literal["a", "b"], "b"),
    ("literal", Literal[1, None], None),
]

DOES_NOT_FIT: list[tuple[str, Any, Any, str]] = [
    ("class", int, "a", "int"),
    ("class", float, 1, "float"),
    ("class", int, Whole(), "int"),
    ("class", int, None, "int"),
    ("class", Derived, Base(), "Derived"),
    ("container", list[int], (1,), r"list\[int\]"),
    ("container", dict[str, int], [("a", 1)], r"dict\[str, int\]"),
    ("container", tuple[int], [1], r"tuple\[int\]"),
    ("container", Sequence[int], {1}, "Sequence"),
    ("union", int | str, 1.5, r"int \| str"),
    ("union", Optional[int], "a", "int"),  # noqa: UP045
    ("abc", Callable, 3, "Callable"),
    ("abc", Iterator[int], [1], "Iterator"),
    ("abc", Iterable, 3, "Iterable"),
    ("abc", type, 3, "type"),
    ("text", "list[int]", 3, "list"),
    ("literal", Literal["a", "b"], "c", "Literal"),
]


@pytest.mark.rule("assets 5.2", "assets 5.3", "assets 5.4", "assets 5.5", "assets 5.6", "assets 5.7", "assets 5.8")
@pytest.mark.parametrize(("row", "annotation", "value"), FITS, ids=shown)
def test_a_value_that_fits_is_stored(build: Build, row: str, annotation: Any, value: Any) -> None:
    handler = Remembering()
    assert build(returning(annotation, value, handler)).materialize().success
    assert handler.values["a"] is value


@pytest.mark.rule("assets 5.1", "assets 5.3", "assets 5.4", "assets 5.5", "assets 5.6", "assets 5.7")
@pytest.mark.parametrize(("row", "annotation", "value", "expected"), DOES_NOT_FIT, ids=shown)
def test_a_value_that_does_not_fit_fails_the_step_before_it_is_stored(
    build: Build, row: str, annotation: Any, value: Any, expected: str
) -> None:
    handler = Remembering()
    repo = build(returning(annotation, value, handler))
    with pytest.raises(AssetOutputValidationError, match=rf"(?s)\ba\b.*{type(value).__name__}.*{expected}"):
        repo.materialize()
    assert handler.outputs == []


@pytest.mark.rule("assets 5.9")
def test_an_annotation_that_cannot_be_evaluated_fails_the_step_with_its_name_error(build: Build) -> None:
    repo = build(returning("Missing", 3))
    with pytest.raises(AssetOutputValidationError, match=r"Missing.*NameError"):
        repo.materialize()


@pytest.mark.rule("assets 5.10")
@pytest.mark.parametrize("result", [rs.Materialization(), rs.Observation()], ids=["Materialization", "Observation"])
def test_a_result_without_a_value_is_not_checked_whatever_the_annotation(build: Build, result: Any) -> None:
    assert build(returning(int, result)).materialize().success


@pytest.mark.rule("assets 5.1")
@pytest.mark.parametrize("annotation", [int, rs.Output, Optional[int], "rs.Output | None"])  # noqa: UP045
def test_an_output_is_checked_by_its_value(build: Build, annotation: Any) -> None:
    assert build(returning(annotation, rs.Output(3))).materialize().success


@pytest.mark.rule("assets 5.11")
def test_a_mismatch_is_a_failure_that_may_be_tried_again(build: Build, storage: rs.Storage) -> None:
    values: list[Any] = [1, "two", 3.0]

    @rs.Asset(retry=rs.RetryPolicy(2))
    def a() -> float:
        return values.pop(0)

    run_id = build(a).materialize().run_id
    assert types_of(storage, run_id, "a").count("StepRetry") == 2


@pytest.mark.rule("assets 5.11")
def test_a_mismatch_skips_what_depends_on_it(build: Build) -> None:
    @rs.Asset
    def down(a: int) -> int:
        return a

    result = build(returning(int, "text"), down).materialize(raise_on_error=False)
    assert list(failures_of(result)) == ["a", "down"]


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


@pytest.mark.rule("assets 5.12")
def test_the_value_of_a_task_is_checked_too(build: Build) -> None:
    @rs.Task
    def t() -> int:
        return "text"

    repo = build(tasks=[t])
    with pytest.raises(AssetOutputValidationError, match=r"\bt\b.*str.*int"):
        repo.materialize()
