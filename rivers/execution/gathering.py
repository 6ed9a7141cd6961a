"""Loading the inputs of a step: the value of one upstream, or those of all instances of a map."""

from __future__ import annotations

from typing import Any, get_args

from rivers.definitions.composition import Gathering
from rivers.execution.loading import load_value, warn_of_first
from rivers.execution.steps import Step, StepInput
from rivers.records import InputContext


def load(step: Step, given: StepInput) -> Any:
    """The value of one input. What the handler raises comes through; from a stream it comes when that is read.

    The instances of a map are loaded one by one, for a stream not before they are asked for.
    """
    if given.parameter in step.partition.unread:
        return None
    partition = step.partition.inputs.get(given.parameter)
    if given.gathering is Gathering.NONE:
        context = InputContext(given.upstream, step.name, given.metadata, partition, given.type_hint)
        warn_of_first(given.handler, context, len(step.partition.keys))
        is_whole = given.parameter in step.partition.whole
        return load_value(given.handler, context, is_whole=is_whole, computed=step.partition.keys)
    hint = _element_hint(given.type_hint)
    instances = step.particulars.instances.get(given.parameter, ()) if step.particulars is not None else ()
    values = (
        load_value(given.handler, InputContext(name, step.name, given.metadata, partition, hint)) for name in instances
    )
    return list(values) if given.gathering is Gathering.LIST else values


def _element_hint(hint: Any) -> Any:
    """``int`` for ``list[int]`` and ``Iterator[int]``: what the handler is told about each value."""
    inner = get_args(hint)
    return inner[0] if len(inner) == 1 else None
