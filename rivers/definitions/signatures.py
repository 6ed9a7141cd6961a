"""The signature of a function: its parameters, with annotations that are evaluated even when they are text.

Nothing here knows what a parameter stands for; ``parameters`` (assets) and ``trigger_parameters`` decide that.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, get_args, get_type_hints

_QUOTED_DEPTH: Final = 2
"""A quoted annotation in a module with ``from __future__ import annotations`` is text within text."""


@dataclass(frozen=True, slots=True)
class Unevaluated:
    """An annotation whose text could not be evaluated, and why."""

    text: str
    error: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``annotation`` is ``None`` when there is none; variadic parameters are left out of signatures."""

    name: str
    annotation: Any
    has_annotation: bool
    has_default: bool
    default: Any
    positional: bool
    keyword: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters in order, and the evaluated return annotation (``None`` when there is none)."""

    parameters: tuple[Parameter, ...]
    return_annotation: Any


def read_signature(function: Callable[..., Any]) -> Signature:
    """Read the signature of ``function``. A callable that has none (some builtins) has no parameters."""
    try:
        raw = inspect.signature(function)
    except (TypeError, ValueError):
        return Signature((), None)
    namespace = _Namespace(function)
    parameters = tuple(
        Parameter(
            name=parameter.name,
            annotation=namespace.evaluate(parameter.annotation),
            has_annotation=parameter.annotation is not inspect.Parameter.empty,
            has_default=parameter.default is not inspect.Parameter.empty,
            default=None if parameter.default is inspect.Parameter.empty else parameter.default,
            positional=parameter.kind is not inspect.Parameter.KEYWORD_ONLY,
            keyword=parameter.kind is not inspect.Parameter.POSITIONAL_ONLY,
        )
        for parameter in raw.parameters.values()
        if parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    )
    return Signature(parameters, namespace.evaluate(raw.return_annotation))


def is_async_function(function: object) -> bool:
    """Return whether calling the function gives something to await or to iterate asynchronously."""
    unwrapped = _called_function(function)
    return inspect.iscoroutinefunction(unwrapped) or inspect.isasyncgenfunction(unwrapped)


def _called_function(function: object) -> Any:
    while isinstance(function, functools.partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not inspect.isroutine(function) and not inspect.isclass(function):  # an object with __call__
        function = getattr(function, "__call__", function)  # noqa: B004
    return function  # pyright: ignore[reportUnknownVariableType]


class _Namespace:
    """The names that a function's annotations may use: its module, its closure, its type parameters."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._scopes: tuple[dict[str, Any], dict[str, Any]] | None = None

    def evaluate(self, annotation: Any) -> Any:
        if annotation is inspect.Parameter.empty:
            return None
        value = annotation
        for _ in range(_QUOTED_DEPTH):
            if not isinstance(value, str):
                break
            try:
                value = eval(value, *self._names())
            except Exception as error:  # whatever the text of an annotation raises is the reason it has no value
                return Unevaluated(value, f"{type(error).__name__}: {error}")
        return self._with_arguments_evaluated(value) if get_args(value) else value

    def _with_arguments_evaluated(self, value: Any) -> Any:
        """Return ``list["Row"]`` with the class that the text means, as it is without one: the origin still counts."""
        holder = SimpleNamespace(__annotations__={"value": value})
        with suppress(Exception):
            return get_type_hints(holder, *self._names(), include_extras=True)["value"]
        return value

    def _names(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._scopes is None:
            self._scopes = self._collect()
        return self._scopes

    def _collect(self) -> tuple[dict[str, Any], dict[str, Any]]:
        function = inspect.unwrap(_called_function(self._function))
        function = getattr(function, "__func__", function)
        names = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
        code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
        for name, cell in zip(code.co_freevars if code else (), cells or (), strict=False):
            try:
                names[name] = cell.cell_contents
            except ValueError:  # a variable that is not bound yet
                continue
        return getattr(function, "__globals__", {}), names
