"""Calling the function of a schedule or sensor with the arguments that its parameters ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rivers.definitions.functions.parameters import FunctionArguments, Source


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
