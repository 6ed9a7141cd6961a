"""One attempt at a step: loading its inputs, calling its function, checking and storing the results.

An attempt is the same in the run's process and in a worker. Its result is a ``StepOutcome``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rivers.definitions.config import build_config
from rivers.definitions.functions.parameters import Source
from rivers.definitions.functions.type_checks import check_output
from rivers.definitions.values.results import Materialization, Observation
from rivers.exceptions import ExecutionError, Killed, Superseded
from rivers.execution.attempts.bash import run_command
from rivers.execution.attempts.capture import Captured, captured_by
from rivers.execution.attempts.forks import ending_forks
from rivers.execution.attempts.loading import load, load_previous
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome, StepOutput
from rivers.execution.attempts.recording import Reported, failed_partitions, reported_to, store, value_of
from rivers.execution.attempts.several import Several, read_several, read_several_async
from rivers.execution.steps.compiled_steps import Step, StepTarget
from rivers.execution.steps.dynamic_outputs import listed, listed_async, taken_apart
from rivers.execution.steps.fan_out import divide
from rivers.execution.steps.step_time import StepTime
from rivers.graph.planned_steps import StepKind
from rivers.records import InputContext


class Attempt:
    """The state of one attempt.

    ``prepare``, the call that it returns, ``accept`` and ``store`` follow each other, each within ``capturing()`` and
    only if nothing has failed before. ``outcome`` comes last.
    """

    __slots__ = (
        "_failed",
        "_is_checked",
        "_on_kept",
        "_outputs",
        "_values",
        "captured",
        "context",
        "failure",
        "number",
        "returned",
        "step",
    )

    def __init__(self, step: Step, number: int, on_kept: Callable[[StepOutcome], None] | None = None) -> None:
        """``on_kept`` is called with each result of a generator when it has been stored."""
        self.step = step
        self._on_kept = on_kept
        self.number = number
        self.captured = Captured()
        self.context: Any = None
        self.returned: Any = None
        self.failure: AttemptFailure | None = None
        self._is_checked = False
        self._outputs: dict[str, StepOutput] = {}
        self._failed: dict[str, AttemptFailure] = {}
        self._values: dict[str, Any] = {}

    @contextmanager
    def capturing(self) -> Generator[None]:
        """Capture what is printed and logged in the block, and keep what it raises as the failure of the attempt.

        A kill is no failure of the step, and is raised again.
        """
        try:
            with captured_by(self.captured):
                yield
        except BaseException as error:
            self.fail(error)

    def prepare(self, run_id: str, time: StepTime, overrides: Mapping[str, Any] | None) -> Callable[[], Any]:
        """Build the context and load the inputs. Return the call that remains.

        What the call returns is awaitable for an asynchronous step, and is for ``accept``.
        """
        step = self.step
        if step.partition.fault is not None:
            raise step.partition.fault
        if (command := step.command) is not None:
            return lambda: run_command(command, time)
        if step.kind is StepKind.MAP:
            [source] = step.inputs
            value, keys = load(step, source), None if step.particulars is None else step.particulars.keys
            return self._guarded(lambda: divide(source.upstream, value, keys))
        positional, keyword = step.arguments.bind(self._arguments(run_id, time, overrides))
        return self._guarded(self._reading(lambda: step.function(*positional, **keyword)))

    def accept(self, returned: Any) -> None:
        """Keep what the function returned.

        :raises AssetOutputValidationError: it does not fit the function's annotation
        """
        if not self._is_checked:
            self._check(returned)
        self.returned = returned

    def store(self) -> None:
        """Hand the results to their handlers. A failure to store is not retried, since the value has been computed."""
        returned, reported = self.returned, reported_to(self.context)
        if self.step.kind in (StepKind.MAP, StepKind.COLLECT):
            if not isinstance(returned, Materialization):
                self._values[self.step.name] = returned
            return
        if not isinstance(returned, Several):
            for target in self.step.targets:
                self._keep(target, returned, reported)
            return
        self._failed.update(
            {name: AttemptFailure.of(error, repeatable=False) for name, error in returned.missing.items()}
        )
        for target in self.step.targets:
            if target.name in returned.results:
                self._keep(target, returned.results[target.name], reported)

    def fail(self, error: BaseException) -> None:
        """Keep what went wrong. The attempt is not retried when it has stored something already.

        :raises BaseException: ``error`` itself, when it is a kill, which is no failure of the step
        """
        if isinstance(error, Killed | Superseded):
            raise error
        self.failure = AttemptFailure.of(error, repeatable=not (self._outputs or self._failed))

    def outcome(self) -> StepOutcome:
        """Return what is to be recorded about the attempt."""
        outputs, failed = tuple(self._outputs.values()), tuple(self._failed.items())
        values = self._values if self.step.keeps_values else {}
        marked = failed_partitions(self.context)
        return StepOutcome(outputs, self.failure, self.captured.texts(), failed, values, marked)

    def _arguments(self, run_id: str, time: StepTime, overrides: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the value of every parameter that does not keep its default."""
        step, arguments = self.step, self.step.arguments
        if arguments.fault is not None:
            raise ExecutionError(arguments.fault)
        values: dict[str, Any] = {**dict(step.constants), **dict(step.resources)}
        if step.new_context is not None:
            config = build_config(step.name, arguments.config_annotation, overrides)
            self.context = step.new_context(config, run_id, time, step.partition.context)
        for argument in arguments.arguments:
            if argument.source is Source.CONTEXT:
                values[argument.name] = self.context
            elif argument.source is Source.SELF:
                target = step.targets[0]
                partition = step.partition.of_output(target.name)
                own = InputContext(target.name, target.name, target.metadata, partition, argument.type_hint)
                values[argument.name] = load_previous(target.handler, own)
        for given in step.inputs:
            values[given.parameter] = load(step, given)
        return values

    def _reading(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """Return the call that also reads whatever the function gives bit by bit."""
        step = self.step
        if step.kind is StepKind.MULTI:
            read = read_several_async if step.is_async else read_several
            return lambda: read(step, call, self._keep_yielded)
        if any(target.is_mapped for target in step.targets):
            if step.is_async:
                return lambda: listed_async(call, self._checked)
            return lambda: listed(self._checked(call()))
        return call

    def _guarded(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """Return the call that a child process forked in it does not return from."""

        def guarded() -> Any:
            with ending_forks():
                return call()

        async def guarded_async() -> Any:
            with ending_forks():
                return await call()

        return guarded_async if self.step.is_async else guarded

    def _checked(self, returned: Any) -> Any:
        """Check what will be iterated over. Afterwards it is a list, which ``accept`` must not check."""
        self._check(returned)
        self._is_checked = True
        return returned

    def _check(self, returned: Any) -> None:
        has_no_value = isinstance(returned, Several | Materialization | Observation)
        if not has_no_value and self.step.kind is not StepKind.OBSERVE:
            check_output(self.step.name, self.step.return_annotation, value_of(returned))

    def _keep_yielded(self, target: StepTarget, returned: Any) -> None:
        self._keep(target, returned, reported_to(self.context))
        if self._on_kept is not None:
            self._on_kept(self._outcome_of(target.name))

    def _keep(self, target: StepTarget, returned: Any, reported: Reported) -> None:
        self._outputs.pop(target.name, None)
        try:
            keys = None
            if target.is_mapped:
                returned, keys = taken_apart(target.name, returned)
            partition, observed = self.step.partition.of_output(target.name), self.step.kind is StepKind.OBSERVE
            stored = store(target, reported, returned, partition=partition, observed=observed)
            self._outputs[target.name] = stored if keys is None else replace(stored, keys=keys)
            self._failed.pop(target.name, None)
        except (Killed, Superseded):
            raise
        except BaseException as error:
            self._failed[target.name] = AttemptFailure.of(error, repeatable=False)
        else:
            if target.hooks:
                self._values[target.name] = value_of(returned)

    def _outcome_of(self, name: str) -> StepOutcome:
        outputs = tuple(output for output in self._outputs.values() if output.name == name)
        failed = tuple((each, failure) for each, failure in self._failed.items() if each == name)
        values = {name: self._values[name]} if self.step.keeps_values and outputs and name in self._values else {}
        return StepOutcome(outputs, failed=failed, values=values)
