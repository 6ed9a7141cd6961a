"""Loading a value through its IO handler, for a step or for a person, and advising what to do when there is none.

Whatever a handler raises comes through as the same object. What rivers knows about the load is added as a note
(PEP 678), which tracebacks show, and which crosses from worker processes with its exception.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, get_args

from rivers.definitions.assets.composition import Gathering
from rivers.definitions.values.results import SelfDependency
from rivers.execution.attempts.failure_records import error_text
from rivers.execution.steps.compiled_steps import Step, StepInput
from rivers.io_handlers import InMemoryIOHandler, PickleIOHandler
from rivers.partitions.keys import PartitionKey
from rivers.records import InputContext, IOHandler

LOAD_NODE: Final = "__load_node__"
"""The ``downstream_asset`` of a load that a person asks for."""

_WITH_UPSTREAM: Final = "include_upstream=True (--include-upstream)"
_LOADING_THE_FIRST: Final = (InMemoryIOHandler.load_input, PickleIOHandler.load_input)
_ABSENT: Final = (KeyError, FileNotFoundError)


def load(step: Step, given: StepInput) -> Any:
    """Return the value of one input. What the handler raises comes through, from a stream when it is read.

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
    """Return ``int`` for ``list[int]`` and ``Iterator[int]``: the type of each value, for the handler."""
    inner = get_args(hint)
    return inner[0] if len(inner) == 1 else None


def load_value(
    handler: IOHandler, context: InputContext, *, is_whole: bool = False, computed: Sequence[PartitionKey] = ()
) -> Any:
    """Return what the handler loads. What it raises gets a note that says who wanted which value and how.

    ``is_whole`` says that all partitions of a partitioned upstream are asked for as one value. ``computed`` are the
    partitions that the run is for.
    """
    try:
        return handler.load_input(context)
    except Exception as error:
        _annotate(error, _note(handler, context, is_whole, computed))
        raise


def warn_of_first(handler: IOHandler, context: InputContext, computed: int) -> None:
    """Log a warning with a step that gets one of several partitions, since a handler of the library loads no more.

    ``computed`` is how many partitions the step makes. A batch that reads as many as it makes gets no warning: those of
    its upstream are one value if they were made as a batch as well.
    """
    partition = context.partition
    if partition is None or len(partition.keys) <= max(1, computed):
        return
    if type(handler).load_input not in _LOADING_THE_FIRST:
        return
    logging.getLogger(f"rivers.assets.{context.downstream_asset}").warning(
        "the input '%s' is %d partitions, and %s loads the first alone, '%s': give the input an io_handler that makes "
        "one value of context.partition.keys",
        context.asset_name,
        len(partition.keys),
        type(handler).__name__,
        partition.key,
    )


def load_previous(handler: IOHandler, context: InputContext) -> SelfDependency[Any]:
    """Return the asset's own previous value. Any exception of the handler means that there is none.

    An exception that does not say so by itself is logged with the step, since a store that cannot be reached makes the
    asset begin anew.
    """
    try:
        return SelfDependency(handler.load_input(context))
    except _ABSENT:
        return SelfDependency()
    except Exception as error:
        logging.getLogger(f"rivers.assets.{context.asset_name}").warning(
            "the previous value of '%s' could not be loaded through %s, which counts as none: %s",
            context.asset_name,
            type(handler).__name__,
            error_text(error),
        )
        return SelfDependency()


def _note(handler: IOHandler, context: InputContext, is_whole: bool, computed: Sequence[PartitionKey]) -> str:
    upstream, name = context.asset_name, type(handler).__name__
    if context.downstream_asset == LOAD_NODE:
        who = f"load_node loads '{upstream}'"
    else:
        who = f"step '{context.downstream_asset}' loads its input '{upstream}'"
    partition = context.partition
    which = "" if partition is None else f", partition {partition.key!r},"
    if is_whole:
        which = " as a whole"
        remedy = (
            f"'{upstream}' is partitioned, and the handlers of rivers keep each partition by itself: ask for one "
            "partition, in a mapping by specific_partitions, or give it an io_handler that makes one value of all "
            "when context.partition is None"
        )
    elif type(handler).load_input in _LOADING_THE_FIRST and partition is not None and not partition.key.is_concrete:
        remedy = (
            "the handlers of rivers keep each partition by itself, and find nothing under a key of several values: "
            "give the input an io_handler that makes one value of them"
        )
    elif partition is not None and computed and partition.key not in computed:
        here = ", in this process" if isinstance(handler, InMemoryIOHandler) else ""
        remedy = f"this run is not for that partition: materialize '{upstream}' for it first{here}"
    elif isinstance(handler, InMemoryIOHandler):
        remedy = (
            f"values of {name} are gone with their process: materialize '{upstream}' in this one, in the same run with "
            f"{_WITH_UPSTREAM}, or give it an io_handler that keeps values, such as PickleIOHandler"
        )
    else:
        remedy = (
            f"if it was never stored there, materialize '{upstream}' first, or in the same run with {_WITH_UPSTREAM}"
        )
    return f"while {who}{which} through {name}; {remedy}"


def _annotate(error: BaseException, note: str) -> None:
    with suppress(Exception):  # a frozen exception takes no notes, and user code may have set notes that are no list
        if note not in getattr(error, "__notes__", ()):  # a handler may raise one exception object again and again
            error.add_note(note)
