"""Whether the value that a step returned fits its return annotation.

Only the outermost type is checked: ``list[int]`` accepts any list. An annotation becomes a tuple of classes once, so
that a step pays one ``isinstance``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, Final, Literal, NewType, TypeVar

from rivers.exceptions import AssetOutputValidationError

Check = Callable[[Any], bool]

_UNCHECKED: Final[tuple[Any, ...]] = (Any, object, None, type(None))
_RESULT_TYPES: Final = frozenset({"Output", "Materialization", "Observation"})


def output_check(annotation: Any) -> Check | None:
    """A function that says whether a value fits ``annotation``; ``None`` when every value does."""
    if any(annotation is unchecked for unchecked in _UNCHECKED) or isinstance(annotation, TypeVar):
        return None
    origin = typing.get_origin(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return _union_check(typing.get_args(annotation))
    if origin is Literal:
        return _literal_check(typing.get_args(annotation))
    if origin is typing.Annotated or origin is typing.Final:
        return output_check(typing.get_args(annotation)[0])
    if isinstance(annotation, NewType):
        return output_check(annotation.__supertype__)
    return _class_check(origin if origin is not None else annotation)


def require_fit(node: str, value: Any, annotation: Any, check: Check | None) -> None:
    """Raise ``AssetOutputValidationError`` naming the node, the actual type and the expected annotation."""
    if check is not None and not check(value):
        raise AssetOutputValidationError(
            f"'{node}' returned {type(value).__name__}, expected {describe_annotation(annotation)}"
        )


def describe_annotation(annotation: Any) -> str:
    """The annotation as a user would write it."""
    return annotation.__name__ if type(annotation) is type else str(annotation)


def _union_check(members: tuple[Any, ...]) -> Check | None:
    checks: list[Check] = []
    for member in members:
        if member is type(None):
            checks.append(_is_none)
            continue
        check = output_check(member)
        if check is None:
            return None
        checks.append(check)
    return lambda value: any(check(value) for check in checks)


def _is_none(value: Any) -> bool:
    return value is None


def _literal_check(choices: tuple[Any, ...]) -> Check:
    # Compared with its type, since 1 == True but Literal[1] does not mean True.
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices)


def _class_check(expected: Any) -> Check | None:
    if not isinstance(expected, type) or (
        expected.__name__ in _RESULT_TYPES and expected.__module__.startswith("rivers.")
    ):
        return None
    if typing.is_typeddict(expected):
        expected = dict
    try:
        isinstance(None, expected)
    except TypeError:
        return None  # a protocol that is not runtime-checkable says nothing about instances
    return lambda value: isinstance(value, expected)
