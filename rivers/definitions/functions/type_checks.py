"""The check that a value which a step returned fits the annotation of its function."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

from rivers.definitions.signatures import Unevaluated
from rivers.definitions.values.results import Materialization, Observation, Output
from rivers.exceptions import AssetOutputValidationError

_RESULT_TYPES = (Output, Materialization, Observation)


def check_output(node: str, annotation: Any, value: Any) -> None:
    """Raise unless ``value`` (unwrapped from ``Output``) is an instance of ``annotation``.

    Only the outermost type is looked at: the elements of a ``list[int]`` are not. No annotation, ``None``, ``Any``,
    ``object`` and the result types allow everything, and so do annotations that have no run-time meaning.

    :raises AssetOutputValidationError: naming the node, the type of the value and the annotation
    """
    if isinstance(annotation, Unevaluated):
        raise AssetOutputValidationError(
            f"{node}: the return annotation {annotation.text!r} cannot be evaluated: {annotation.error}"
        )
    if annotation is None or _fits(annotation, value):
        return
    expected = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    raise AssetOutputValidationError(
        f"{node}: returned a value of type {type(value).__name__}, expected {expected.removeprefix('typing.')}"
    )


def _fits(annotation: Any, value: Any) -> bool:
    if annotation is Any or annotation in _RESULT_TYPES or isinstance(annotation, TypeVar | str):
        return True
    if annotation is None:
        return value is None
    if isinstance(annotation, NewType):
        return _fits(annotation.__supertype__, value)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _fits(annotation.__origin__, value)
    if origin is Union or origin is types.UnionType:
        return any(_fits(member, value) for member in get_args(annotation))
    if origin is Literal:
        return any(type(value) is type(member) and value == member for member in get_args(annotation))
    kind = origin or annotation
    if hasattr(kind, "__required_keys__"):  # a TypedDict refuses isinstance
        return isinstance(value, dict)
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol without run-time checks, a forward reference, and the like
        return True
