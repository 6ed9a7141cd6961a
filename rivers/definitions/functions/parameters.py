"""The source of each parameter of an asset or task function, given the names that the repository knows."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, get_args, get_origin

from rivers.definitions.config import config_annotation_of
from rivers.definitions.functions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.definitions.signatures import Parameter, Signature, Unevaluated
from rivers.definitions.values.results import SelfDependency

_CONTEXTS: Final[tuple[type, ...]] = (AssetExecutionContext, TaskExecutionContext)
_CLASS_NAME_IN_TEXT: Final = re.compile(r"(?:\w+\.)*(\w+)\s*(?:\[|$)")


class Source(Enum):
    """The place that the value of a parameter comes from."""

    CONTEXT = "context"
    SELF = "self"
    UPSTREAM = "upstream"
    RESOURCE = "resource"
    DEFAULT = "default"
    CONSTANT = "constant"
    """A literal that the body of a graph asset bound to it."""
    ELEMENT = "element"
    """One element of the value that a graph asset maps over."""
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter and the source of its value.

    ``type_hint`` is its evaluated annotation, ``None`` when there is none or it cannot be evaluated; for
    ``SelfDependency[T]`` it is ``T``.
    """

    parameter: Parameter
    source: Source
    type_hint: Any = None

    @property
    def name(self) -> str:
        """The name of the parameter."""
        return self.parameter.name


@dataclass(frozen=True, slots=True)
class FunctionArguments:
    """The way to call a step's function. A ``fault`` is a mistake that is reported when the step runs, not before."""

    arguments: tuple[Argument, ...]
    context_class: type | None = None
    config_annotation: Any = None
    fault: str | None = None

    def of(self, source: Source) -> tuple[Argument, ...]:
        """Return the arguments from that source, in order of the parameters."""
        return tuple(argument for argument in self.arguments if argument.source is source)

    def bind(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return positional and keyword arguments. ``values`` has those of all parameters but defaults."""
        positional: list[Any] = []
        keyword: dict[str, Any] = {}
        for index, argument in enumerate(self.arguments):
            parameter = argument.parameter
            if argument.source is Source.DEFAULT:
                if not parameter.keyword:  # a parameter that comes after it could not be reached otherwise
                    positional.append(parameter.default)
            elif parameter.positional and len(positional) == index:
                # Arguments go by position as far as possible: a decorator may pass on *args only.
                positional.append(values[parameter.name])
            else:
                keyword[parameter.name] = values[parameter.name]
        return positional, keyword


def classify_parameters(
    step: str,
    signature: Signature,
    *,
    nodes: Container[str],
    resources: Container[str],
    inputs: Container[str] = (),
    wired: Mapping[str, Source] | None = None,
) -> FunctionArguments:
    """Decide where the value of every parameter of ``step`` comes from.

    ``nodes`` are the names of all assets, outputs and tasks. ``inputs`` are the names declared with ``AssetDef.input``,
    which are dependencies even when the parameter has a default. ``wired`` are parameters whose source the body of a
    graph asset decided. A parameter that matches nothing is ``UNRESOLVED``.
    """
    wired = wired or {}
    arguments: list[Argument] = []
    context_class: type | None = None
    config_annotation: Any = None
    fault: str | None = None
    for index, parameter in enumerate(signature.parameters):
        annotated = _context_class(parameter)
        if parameter.name in wired:
            arguments.append(Argument(parameter, wired[parameter.name], _hint(parameter)))
        elif annotated is not None or (index == 0 and _is_conventional_context(parameter, nodes)):
            if index > 0:
                fault = fault or f"Context must be the first parameter of '{step}'"
            else:
                context_class = annotated or AssetExecutionContext
                config_annotation = config_annotation_of(parameter.annotation)
            arguments.append(Argument(parameter, Source.CONTEXT))
        elif parameter.name == "self" and (_is_self_dependency(parameter) or not parameter.has_default):
            if not _is_self_dependency(parameter):
                fault = fault or f"Parameter 'self' of asset '{step}' must be annotated SelfDependency[T]"
            inner = get_args(parameter.annotation)
            arguments.append(Argument(parameter, Source.SELF, inner[0] if inner else None))
        else:
            source = _source_of(parameter, nodes, resources, inputs)
            arguments.append(Argument(parameter, source, _hint(parameter)))
    return FunctionArguments(tuple(arguments), context_class, config_annotation, fault)


def data_parameters(signature: Signature, nodes: Container[str]) -> tuple[Parameter, ...]:
    """Return the parameters that the body of a graph asset may pass something to: all but the context."""
    parameters = signature.parameters
    first = parameters[0] if parameters else None
    takes_context = first is not None and (_context_class(first) is not None or _is_conventional_context(first, nodes))
    return parameters[1:] if takes_context else parameters


def _hint(parameter: Parameter) -> Any:
    return None if isinstance(parameter.annotation, Unevaluated) else parameter.annotation


def _source_of(
    parameter: Parameter, nodes: Container[str], resources: Container[str], inputs: Container[str]
) -> Source:
    if parameter.name in inputs:
        return Source.UPSTREAM
    if parameter.has_default:
        return Source.DEFAULT
    if parameter.name in nodes:
        return Source.UPSTREAM
    return Source.RESOURCE if parameter.name in resources else Source.UNRESOLVED


def _is_conventional_context(parameter: Parameter, nodes: Container[str]) -> bool:
    return parameter.name == "context" and not parameter.has_annotation and "context" not in nodes


def _context_class(parameter: Parameter) -> type | None:
    return next((context for context in _CONTEXTS if is_annotated_with(parameter, context)), None)


def is_annotated_with(parameter: Parameter, kind: type) -> bool:
    """Return whether the annotation is ``kind``, bare or subscripted.

    An annotation that cannot be evaluated is judged by its text: it may be subscripted with a config model that is
    local to a function, and that matters only when the step runs.
    """
    annotation = parameter.annotation
    if isinstance(annotation, Unevaluated):
        match = _CLASS_NAME_IN_TEXT.match(annotation.text)
        return match is not None and match.group(1) == kind.__name__
    return (get_origin(annotation) or annotation) is kind


def _is_self_dependency(parameter: Parameter) -> bool:
    return is_annotated_with(parameter, SelfDependency)
