"""The resources of a repository: checking them, setting them up, tearing them down, and changing them for one run."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from rivers.exceptions import ConfigurationError
from rivers.execution.attempts.interrupts import is_meant_for_all

_log = logging.getLogger("rivers.resources")


def checked_resources(resources: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the resources as given, in order of registration.

    :raises TypeError: a name is not a ``str``
    :raises ConfigurationError: an object is neither a resource, an IO handler nor a pydantic model
    """
    checked: dict[str, Any] = {}
    for name, resource in cast("Mapping[object, object]", resources or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"resource names must be str, got {type(name).__name__}")
        if not isinstance(resource, BaseModel) and not _is_model_class(resource):
            raise ConfigurationError(
                f"resource '{name}' is of an unsupported type {_type_name(resource)}: it must be a Resource, "
                "a BaseIOHandler or a pydantic model",
                kind="resource",
                name=name,
            )
        checked[name] = resource
    return checked


def _is_model_class(resource: object) -> bool:
    return isinstance(resource, type) and issubclass(resource, BaseModel)


def _type_name(value: object) -> str:
    return type(value).__name__


def copies_of(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of each resource, for a sibling of the repository that must share nothing with it."""
    return {name: one.model_copy() if isinstance(one, BaseModel) else one for name, one in resources.items()}


def set_up(resources: Mapping[str, Any]) -> None:
    """Call ``setup`` on every resource that has one. When one fails, those before it are torn down."""
    done: dict[str, Any] = {}
    for name, resource in resources.items():
        setup = None if isinstance(resource, type) else getattr(resource, "setup", None)
        if callable(setup):
            try:
                setup()
            except BaseException:
                tear_down(done)
                raise
        done[name] = resource


def tear_down(resources: Mapping[str, Any]) -> None:
    """Call ``teardown`` on every resource that has one. A failure, also an exit, is logged, and the rest follows."""
    for name, resource in resources.items():
        teardown = None if isinstance(resource, type) else getattr(resource, "teardown", None)
        if callable(teardown):
            try:
                teardown()
            except BaseException as error:
                if is_meant_for_all(error):
                    raise
                _log.exception("the teardown of resource '%s' failed", name)


@contextmanager
def in_use(resources: Mapping[str, Any]) -> Generator[None]:
    """Set the resources up before the block, and tear them down after it."""
    set_up(resources)
    try:
        yield
    finally:
        tear_down(resources)


def with_changes(resources: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources with some of them rebuilt from changed fields, for one run.

    :raises ConfigurationError: naming ``resources.<key>`` or ``resources.<key>.<field>``
    """
    changed = dict(resources)
    for name, fields in changes.items():
        resource = resources.get(name)
        if not isinstance(resource, BaseModel):
            raise ConfigurationError(
                f"resources.{name}: no resource of that name", kind="config", name=f"resources.{name}"
            )
        if not isinstance(fields, Mapping):
            raise ConfigurationError(
                f"resources.{name}: expected a dict of fields, got {type(fields).__name__}",
                kind="config",
                name=f"resources.{name}",
            )
        changed[name] = _rebuilt(name, resource, cast("Mapping[str, Any]", fields))
    return changed


def _rebuilt(name: str, resource: BaseModel, fields: Mapping[str, Any]) -> BaseModel:
    known = type(resource).model_fields
    for field in fields:
        if field not in known:
            raise ConfigurationError(
                f"resources.{name}.{field}: the resource has no such field",
                kind="config",
                name=f"resources.{name}.{field}",
            )
    given = {field: getattr(resource, field) for field in known}
    try:
        return type(resource)(**{**given, **fields})
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ConfigurationError(
            f"resources.{name}.{where}: {error}", kind="config", name=f"resources.{name}.{where}"
        ) from error
