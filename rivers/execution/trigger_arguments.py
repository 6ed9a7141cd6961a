"""Which arguments the function of a schedule or sensor takes: its context, resources, or nothing."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from rivers.exceptions import ConfigurationError


@dataclass(frozen=True)
class TriggerArguments:
    """How to call a trigger's function. ``config_type`` is the model its context annotation is subscripted with."""

    takes_context: bool
    config_type: type[BaseModel] | None
    resources: tuple[str, ...]
    positional: tuple[str, ...]

    def call(self, function: Callable[..., Any], context: Any, resources: Mapping[str, Any]) -> Any:
        """Call ``function`` with ``context`` and its resources."""
        keywords: dict[str, Any] = {name: resources[name] for name in self.resources}
        if self.takes_context:
            keywords["context"] = context
        return function(*[keywords.pop(name) for name in self.positional], **keywords)

    def config(self) -> BaseModel | None:
        """A new config from defaults and the environment; pydantic's ``ValidationError`` comes through."""
        return None if self.config_type is None else self.config_type()


def read_trigger_arguments(
    trigger: str, function: Callable[..., Any], context_class: type, resource_names: Collection[str]
) -> TriggerArguments:
    """Match the parameters of ``function``. ``trigger`` is how errors call it, such as ``Schedule 'nightly'``.

    :raises ConfigurationError: for a parameter without default that is neither ``context`` nor a resource, and for a
        context subscripted with something that is not a pydantic model
    """
    takes_context, config_type = False, None
    resources: list[str] = []
    positional: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        is_context, config = _context_annotation(trigger, function, parameter, context_class)
        if is_context:
            takes_context, config_type = True, config
        elif parameter.name in resource_names:
            resources.append(parameter.name)
        elif parameter.default is not inspect.Parameter.empty:
            continue
        else:
            raise ConfigurationError(
                f"{trigger}: parameter '{parameter.name}' does not match any known resource "
                f"(available: {', '.join(sorted(resource_names)) or 'none'}); the context is passed as 'context'"
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(parameter.name)
    return TriggerArguments(takes_context, config_type, tuple(resources), tuple(positional))


def _context_annotation(
    trigger: str, function: Callable[..., Any], parameter: inspect.Parameter, context_class: type
) -> tuple[bool, type[BaseModel] | None]:
    """Whether the parameter is the context, and the config model that its annotation asks for."""
    if parameter.name != "context":
        return False, None
    annotation = _evaluate(trigger, function, parameter.annotation)
    if annotation is inspect.Parameter.empty or annotation is context_class:
        return True, None
    if typing.get_origin(annotation) is not context_class:
        return False, None
    (config,) = typing.get_args(annotation)
    if isinstance(config, TypeVar) or config is Any or config is type(None):
        return True, None
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise ConfigurationError(f"{trigger}: the config type of its context is not a pydantic model: {config!r}")
    return True, config


def _evaluate(trigger: str, function: Callable[..., Any], annotation: Any) -> Any:
    if not isinstance(annotation, str):
        return annotation
    names = {**inspect.getclosurevars(function).nonlocals, **getattr(function, "__globals__", {})}
    try:
        return eval(annotation, names)
    except Exception as error:
        raise ConfigurationError(
            f"{trigger}: the annotation of 'context' cannot be evaluated: {annotation!r} ({error})"
        ) from error
