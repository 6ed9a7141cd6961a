"""One attempt at one step: its inputs are loaded, its function called, its result checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rivers.clock import Clock
from rivers.definitions.config import build_config
from rivers.definitions.parameters import Source
from rivers.definitions.results import Materialization, Observation
from rivers.definitions.self_dependency import SelfDependency
from rivers.definitions.type_checks import check_output
from rivers.exceptions import ExecutionError, Killed, Superseded
from rivers.execution.capture import Captured
from rivers.execution.recording import value_of
from rivers.execution.steps import Step
from rivers.records import InputContext


class Attempt:
    """The state of one attempt: what it captured, its context, and what came of it."""

    __slots__ = ("captured", "context", "failure", "number", "returned", "step")

    def __init__(self, step: Step, number: int) -> None:
        self.step = step
        self.number = number
        self.captured = Captured()
        self.context: Any = None
        self.returned: Any = None
        self.failure: BaseException | None = None

    def prepare(self, run_id: str, clock: Clock, overrides: Mapping[str, Any] | None) -> Callable[[], Any]:
        """Build the context and load the inputs; returns the call that remains."""
        step = self.step
        arguments = step.arguments
        if arguments.fault is not None:
            raise ExecutionError(arguments.fault)
        values: dict[str, Any] = dict(step.resources)
        if step.new_context is not None:
            config = build_config(step.name, arguments.config_annotation, overrides)
            self.context = step.new_context(config, run_id, clock)
        for argument in arguments.arguments:
            if argument.source is Source.CONTEXT:
                values[argument.name] = self.context
            elif argument.source is Source.SELF:
                values[argument.name] = _previous_value(step, argument.type_hint)
        for given in step.inputs:
            values[given.parameter] = given.handler.load_input(
                InputContext(given.upstream, step.name, given.metadata, None, given.type_hint)
            )
        positional, keyword = arguments.bind(values)
        return lambda: step.function(*positional, **keyword)

    def accept(self, returned: Any) -> None:
        """Keep what the function returned, if it fits the function's annotation."""
        if not isinstance(returned, Materialization | Observation):
            check_output(self.step.name, self.step.return_annotation, value_of(returned))
        self.returned = returned

    def fail(self, error: BaseException) -> None:
        """Keep what went wrong. A kill is no failure of the step: it is raised again."""
        if isinstance(error, Killed | Superseded):
            raise error
        self.failure = error


def _previous_value(step: Step, type_hint: Any) -> SelfDependency[Any]:
    try:
        return SelfDependency(
            step.handler.load_input(InputContext(step.name, step.name, step.metadata, None, type_hint))
        )
    except Exception:
        return SelfDependency()  # whatever the handler says, it means that there is no previous value
