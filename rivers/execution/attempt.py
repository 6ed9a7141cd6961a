"""One attempt at one step: its inputs are loaded, its function called, its result checked and stored.

The same in the run's process and in a worker. What came of it leaves as a ``StepOutcome``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from rivers.definitions.config import build_config
from rivers.definitions.parameters import Source
from rivers.definitions.results import Materialization, Observation
from rivers.definitions.self_dependency import SelfDependency
from rivers.definitions.type_checks import check_output
from rivers.exceptions import ExecutionError, Killed, Superseded
from rivers.execution import capture
from rivers.execution.bash import run_command
from rivers.execution.capture import Captured
from rivers.execution.outcomes import Failure, StepOutcome, StepOutput
from rivers.execution.recording import encoded_metadata, store, value_of
from rivers.execution.step_time import StepTime
from rivers.execution.steps import Step
from rivers.records import InputContext

_ABORTED: Final = 1


class Attempt:
    """The state of one attempt. ``prepare``, the call, ``accept`` and ``store`` follow each other; each may ``fail``.

    What they print is captured while ``capturing()`` is entered.
    """

    __slots__ = ("_outputs", "captured", "context", "failure", "number", "returned", "step")

    def __init__(self, step: Step, number: int) -> None:
        self.step = step
        self.number = number
        self.captured = Captured()
        self.context: Any = None
        self.returned: Any = None
        self.failure: Failure | None = None
        self._outputs: tuple[StepOutput, ...] = ()

    @contextmanager
    def capturing(self) -> Generator[None]:
        """What is printed and logged in the block belongs to this attempt; what it raises is its failure."""
        token = capture.current.set(self.captured)
        try:
            yield
        except BaseException as error:
            self.fail(error)
        finally:
            capture.current.reset(token)

    def prepare(self, run_id: str, time: StepTime, overrides: Mapping[str, Any] | None) -> Callable[[], Any]:
        """Build the context and load the inputs; returns the call that remains."""
        step = self.step
        arguments = step.arguments
        if (command := step.command) is not None:
            return lambda: run_command(command, time)
        if arguments.fault is not None:
            raise ExecutionError(arguments.fault)
        values: dict[str, Any] = dict(step.resources)
        if step.new_context is not None:
            config = build_config(step.name, arguments.config_annotation, overrides)
            self.context = step.new_context(config, run_id, time)
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
        if step.is_async:
            return lambda: _awaited_by_the_forker_alone(lambda: step.function(*positional, **keyword))
        return lambda: _kept_by_the_forker_alone(lambda: step.function(*positional, **keyword))

    def accept(self, returned: Any) -> None:
        """Keep what the function returned, if it fits the function's annotation."""
        if not isinstance(returned, Materialization | Observation):
            check_output(self.step.name, self.step.return_annotation, value_of(returned))
        self.returned = returned

    def store(self) -> None:
        """Hand the result to the handler. A failure in here is not repeated: the value was computed already."""
        step = self.step
        try:
            event_type, metadata, version = store(step, self.context, self.returned)
            self._outputs = (StepOutput(step.name, event_type, encoded_metadata(metadata), version),)
        except BaseException as error:
            self.fail(error, repeatable=False)

    def fail(self, error: BaseException, *, repeatable: bool = True) -> None:
        """Keep what went wrong. A kill is no failure of the step: it is raised again."""
        if isinstance(error, Killed | Superseded):
            raise error
        self.failure = Failure.of(error, repeatable=repeatable)

    def outcome(self) -> StepOutcome:
        """What is to be recorded about it."""
        value = value_of(self.returned) if self.step.keeps_value and self.failure is None else None
        return StepOutcome(self._outputs, self.failure, self.captured.texts(), value)


def _previous_value(step: Step, type_hint: Any) -> SelfDependency[Any]:
    try:
        return SelfDependency(
            step.handler.load_input(InputContext(step.name, step.name, step.metadata, None, type_hint))
        )
    except Exception:
        return SelfDependency()  # whatever the handler says, it means that there is no previous value


def _kept_by_the_forker_alone(call: Callable[[], Any]) -> Any:
    """Call user code. A child process that it forked, and forgot to end, ends here: the run is its parent's."""
    process = os.getpid()
    try:
        returned = call()
    except BaseException as error:
        if os.getpid() != process:
            _end_child(error)
        raise
    if os.getpid() != process:
        _end_child(None)
    return returned


async def _awaited_by_the_forker_alone(call: Callable[[], Awaitable[Any]]) -> Any:
    process = os.getpid()
    try:
        returned = await call()
    except BaseException as error:
        if os.getpid() != process:
            _end_child(error)
        raise
    if os.getpid() != process:
        _end_child(None)
    return returned


def _end_child(error: BaseException | None) -> None:
    """Without the interpreter's own shutdown, which would touch the parent's store."""
    code: Any = 0
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
    elif error is not None:
        code = _ABORTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF if isinstance(code, int) else _ABORTED)
