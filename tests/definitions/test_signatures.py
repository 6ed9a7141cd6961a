"""The signature of a function."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import Any, Literal, get_origin

import pytest

from rivers.definitions.signatures import Unevaluated, is_async_function, read_signature


def test_text_annotations_are_evaluated_in_the_module_and_the_closure() -> None:
    class Local:
        pass

    def function(a: Any, b: Local) -> list[Local]:
        return [Local()]

    signature = read_signature(function)
    assert [parameter.annotation for parameter in signature.parameters][:1] == [Any]
    assert signature.parameters[1].annotation is Local
    assert signature.return_annotation == list[Local]


class Row: ...


@pytest.mark.rule("assets 2.12")
def test_text_within_text_and_text_within_brackets_is_evaluated_too() -> None:
    def function(a: "Row", b: list["Row"], c: "list['Row']", d: list["Gone"], e: Literal["Row"]) -> "Row": ...  # noqa: F821, UP037

    signature = read_signature(function)
    assert [parameter.annotation for parameter in signature.parameters[:3]] == [Row, list[Row], list[Row]]
    assert get_origin(signature.parameters[3].annotation) is list
    assert signature.parameters[4].annotation == Literal["Row"]
    assert signature.return_annotation is Row


def test_one_annotation_that_cannot_be_evaluated_spoils_no_other() -> None:
    def function(a: Missing, b: int) -> Gone: ...  # noqa: F821

    signature = read_signature(function)
    assert signature.parameters[0].annotation == Unevaluated("Missing", "NameError: name 'Missing' is not defined")
    assert signature.parameters[1].annotation is int
    assert isinstance(signature.return_annotation, Unevaluated)


def test_kinds_and_defaults_are_read_and_variadic_parameters_left_out() -> None:
    def function(a, /, b=2, *args, c, d=None, **kwargs): ...

    facts = [(p.name, p.positional, p.keyword, p.has_default) for p in read_signature(function).parameters]
    assert facts == [
        ("a", True, False, False),
        ("b", True, True, True),
        ("c", False, True, False),
        ("d", False, True, True),
    ]
    assert read_signature(function).parameters[1].default == 2


def test_a_decorated_function_is_read_through_its_wrapper() -> None:
    def function(a: int) -> str: ...

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any: ...

    signature = read_signature(wrapper)
    assert [parameter.name for parameter in signature.parameters] == ["a"]
    assert signature.return_annotation is str


def test_partials_and_callable_objects_are_read() -> None:
    class Callable:
        async def __call__(self, a: int) -> None: ...

    def function(a: int, b: int) -> None: ...

    assert read_signature(functools.partial(function, 1)).parameters[0].annotation is int
    assert read_signature(Callable()).parameters[0].annotation is int
    assert is_async_function(Callable())


def test_a_builtin_without_a_signature_has_no_parameters() -> None:
    assert read_signature(dict).parameters == ()


@pytest.mark.rule("assets 1.8")
def test_coroutine_functions_and_async_generators_are_async() -> None:
    async def coroutine() -> None: ...

    async def generator() -> AsyncIterator[int]:
        yield 1

    def plain() -> None: ...

    assert [is_async_function(function) for function in (coroutine, generator, plain)] == [True, True, False]
    assert is_async_function(functools.partial(coroutine))
