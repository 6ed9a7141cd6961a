"""The source of each parameter of a schedule or sensor function, and the call with what comes from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rivers.definitions.config import config_annotation_of
from rivers.definitions.functions.parameters import Argument, FunctionArguments, Source, is_annotated_with
from rivers.definitions.signatures import Signature
from rivers.exceptions import ConfigurationError


def classify_trigger_parameters(
    trigger: str, signature: Signature, context_class: type, resources: Collection[str]
) -> FunctionArguments:
    """Decide where the value of every parameter comes from: the context, a resource, or its default.

    ``trigger`` is how messages call it, such as ``"Schedule 'nightly'"``.

    :raises ConfigurationError: for a context under another name than ``context``, and for a parameter without a
        default that no resource matches
    """
    known = ", ".join(sorted(resources)) or "none"
    arguments: list[Argument] = []
    config_annotation: Any = None
    bound_class: type | None = None
    for parameter in signature.parameters:
        annotated = is_annotated_with(parameter, context_class)
        if annotated and parameter.name != "context":
            raise ConfigurationError(
                f"{trigger}: parameter '{parameter.name}' is annotated {context_class.__name__} but does not match any "
                f"known resource; name it 'context' (available resources: {known})"
            )
        if annotated or (parameter.name == "context" and not parameter.has_annotation):
            source = Source.CONTEXT
            bound_class = context_class
            config_annotation = config_annotation_of(parameter.annotation)
        elif parameter.name in resources:
            source = Source.RESOURCE
        elif parameter.has_default:
            source = Source.DEFAULT
        else:
            raise ConfigurationError(
                f"{trigger}: parameter '{parameter.name}' does not match any known resource "
                f"(available resources: {known})"
            )
        arguments.append(Argument(parameter, source))
    return FunctionArguments(tuple(arguments), bound_class, config_annotation)


def call_trigger(
    function: Callable[..., Any], arguments: FunctionArguments, context: Any, resources: Mapping[str, Any]
) -> Any:
    """Call the function of a schedule or sensor with its context and resources."""
    values = {
        argument.name: context if argument.source is Source.CONTEXT else resources[argument.name]
        for argument in arguments.arguments
        if argument.source is not Source.DEFAULT
    }
    positional, keyword = arguments.bind(values)
    return function(*positional, **keyword)
