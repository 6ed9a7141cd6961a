"""The config model that a function asks for, and the instance that one run gives it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from rivers.definitions.signatures import Unevaluated
from rivers.exceptions import ConfigurationError


def config_annotation_of(annotation: Any) -> Any:
    """Return the ``C`` of a context annotation such as ``AssetExecutionContext[C]``, ``None`` when it is bare."""
    if isinstance(annotation, Unevaluated):
        return annotation if "[" in annotation.text else None
    arguments = get_args(annotation)
    if not arguments or arguments[0] in (Any, None, type(None)) or isinstance(arguments[0], TypeVar):
        return None
    return arguments[0]


def build_config(owner: str, annotation: Any, overrides: Mapping[str, Any] | None = None) -> Any:
    """Return a new instance of the model that ``owner`` asks for, ``None`` when it asks for none.

    ``annotation`` is what ``config_annotation_of`` returned. Values come from ``overrides``, else the environment
    (``BaseSettings`` only), else defaults. pydantic's ``ValidationError`` comes through as it is.

    :raises ConfigurationError: when the annotation is not a pydantic model, naming it
    """
    if annotation is None:
        return None
    if isinstance(annotation, Unevaluated):
        raise ConfigurationError(
            f"config type of {owner!r} cannot be evaluated: annotation {annotation.text!r}: {annotation.error}",
            kind="config",
            name=owner,
            value=annotation.text,
        )
    # A model class exists only where pydantic has been imported: nothing has to be loaded to answer no.
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not inspect.isclass(annotation) or not issubclass(annotation, pydantic.BaseModel):
        name = getattr(annotation, "__name__", repr(annotation))
        raise ConfigurationError(
            f"config type {name!r} of {owner!r} must be a pydantic BaseModel or BaseSettings",
            kind="config",
            name=owner,
            value=name,
        )
    return annotation(**(overrides or {}))


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ConfigT = TypeVar("ConfigT", default=Any)
else:
    from typing import TypeVar

    ConfigT = TypeVar("ConfigT")  # only type checkers use the default, and typing_extensions takes long to import
