"""Reading what the function of a multi-asset gives: a mapping of its outputs, or a generator that yields them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from typing import Any, cast

from rivers.definitions.functions.type_checks import check_output
from rivers.definitions.values.results import Materialization, Observation, Output
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.recording import value_of
from rivers.execution.steps.compiled_steps import Step, StepTarget

Keep = Callable[[StepTarget, Any], None]
"""Called with each result that a generator yields, to store it for its target."""


@dataclass(frozen=True, slots=True)
class Several:
    """The results of the outputs that were asked for, and why others are ``missing``.

    A generator leaves no ``results``: they have been stored when it ends.
    """

    results: Mapping[str, Any] = field(default_factory=dict[str, Any])
    missing: Mapping[str, Exception] = field(default_factory=dict[str, Exception])


def read_several(step: Step, call: Callable[[], Any], keep: Keep) -> Several:
    """Call the function. What it yields is kept at once.

    :raises TypeError: the function returns neither a mapping nor a generator
    :raises AssetOutputValidationError: a value does not fit its output
    :raises ExecutionError: the function yields something that does not name an output
    """
    returned = call()
    _check_returned(step, returned)
    if not inspect.isgenerator(returned):
        return _of_mapping(step, returned)
    return _read(_GeneratorReading(step, keep), cast("Generator[Any]", returned))


async def read_several_async(step: Step, call: Callable[[], Any], keep: Keep) -> Several:
    """``read_several`` for an asynchronous function or generator."""
    returned = call()
    if inspect.isawaitable(returned):
        returned = await returned
    _check_returned(step, returned)
    reading = _GeneratorReading(step, keep)
    if inspect.isgenerator(returned):
        return _read(reading, cast("Generator[Any]", returned))
    if not inspect.isasyncgen(returned):
        return _of_mapping(step, returned)
    async with aclosing(cast("AsyncGenerator[Any]", returned)) as yielded:
        async for each in yielded:
            reading.take(each)
    return reading.end()


def _read(reading: _GeneratorReading, yielded: Generator[Any]) -> Several:
    """Read a generator to its end. When a result is refused it cleans up at once, and not when it is collected."""
    with closing(yielded):
        for each in yielded:
            reading.take(each)
    return reading.end()


def _check_returned(step: Step, returned: Any) -> None:
    check_output(step.name, step.return_annotation, value_of(returned))


def _of_mapping(step: Step, returned: Any) -> Several:
    results = value_of(returned)
    if not isinstance(results, Mapping):
        raise TypeError(
            f"multi-asset '{step.name}' must return a mapping of its outputs' names to their values, or yield its "
            f"outputs; it returned a {type(results).__name__}"
        )
    given = cast("Mapping[str, Any]", results)
    wanted: dict[str, Any] = {}
    missing: dict[str, Exception] = {}
    for name in step.nodes:
        try:
            wanted[name] = given[name]  # not ``in`` before: a mapping may make what it does not hold yet
        except KeyError as error:
            missing[name] = error
    for target in step.targets:
        if target.name in wanted:
            _check_value(target, wanted[target.name])
    return Several(wanted, missing)


class _GeneratorReading:
    """The reading of a generator: which outputs it has yielded so far."""

    def __init__(self, step: Step, keep: Keep) -> None:
        self._step = step
        self._keep = keep
        self._seen: dict[str, None] = {}

    def take(self, yielded: Any) -> None:
        step = self._step
        if not isinstance(yielded, Output | Observation | Materialization):
            raise ExecutionError(
                f"multi-asset '{step.name}' must yield Output, Observation or Materialization, "
                f"it yielded a {type(yielded).__name__}"
            )
        name = yielded.output_name
        if name is None:
            raise ExecutionError(f"multi-asset '{step.name}' yielded a {type(yielded).__name__} without output_name")
        for target in step.targets:
            if target.name == name:
                _check_value(target, yielded)
                self._seen[name] = None
                self._keep(target, yielded)

    def end(self) -> Several:
        step = self._step
        return Several(
            missing={
                name: ExecutionError(f"multi-asset '{step.name}' ended without yielding its output '{name}'")
                for name in step.nodes
                if name not in self._seen
            }
        )


def _check_value(target: StepTarget, result: Any) -> None:
    if not isinstance(result, Materialization | Observation):
        check_output(target.name, target.type_hint, value_of(result))
