"""The execution of steps in a worker process: orders are carried out one after another, each with its outcome."""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from rivers.exceptions import ExecutionError
from rivers.execution.attempts import capture
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.crossing_errors import dumps, fault_of_crossing, packed_error
from rivers.execution.attempts.failure_records import error_text
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.attempts.resources import set_up, tear_down
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.crossing import unpacked_step
from rivers.execution.workers.messages import Define, Done, Dropped, Execute, Forget, Imported, Kept, Order
from rivers.execution.workers.serving import flush_streams
from rivers.execution.workers.time import WorkerTime


class StepExecution:
    """The steps that this worker knows, and their execution."""

    def __init__(self, connection: Connection[Any, Any], timer: Callable[[], float] = time.perf_counter) -> None:
        self._connection = connection
        self._timer = timer
        self._pid = os.getpid()
        self._packed: dict[int, bytes] = {}
        self._steps: dict[int, Step] = {}

    def take(self, message: object) -> None:
        """Do what a message of the parent asks for, and return when that has been done."""
        match message:
            case Define(key=key, packed=packed):
                self._packed[key] = packed
            case Forget(key=key):
                self._packed.pop(key, None)
                self._steps.pop(key, None)
            case Execute() as execute:
                self._execute(execute)
            case _:
                pass  # a Stop for what has ended meanwhile

    def _execute(self, execute: Execute) -> None:
        for prefix, level in zip(capture.LOGGER_PREFIXES, execute.log_levels, strict=True):
            logging.getLogger(prefix).setLevel(level)
        moment = WorkerTime(self._connection)
        for position, order in enumerate(execute.orders, 1):
            seconds, outcome = self._carry_out(order, moment)
            flush_streams()
            if position == len(execute.orders):
                moment.end()
            moment.send(dumps(Done(_crossing(outcome), seconds)))
            if position < len(execute.orders) and moment.is_last():
                if moment.stopped:
                    self._connection.send_bytes(pickle.dumps(Dropped()))
                return

    def _carry_out(self, order: Order, moment: WorkerTime) -> tuple[float, StepOutcome]:
        """Return how long the order took, without importing what the step refers to, and its outcome."""
        captured = capture.Captured()
        try:
            with capture.captured_by(captured):
                step = self._step(order.key)
                if order.particulars is not None:
                    step = step.with_particulars(pickle.loads(order.particulars))
        except BaseException as error:
            return 0.0, StepOutcome(failure=AttemptFailure.of(error), texts=captured.texts())
        if step.timeout is not None:
            moment.send(pickle.dumps(Imported()))
        began = self._timer()
        outcome = self._attempt(step, order, moment)
        return self._timer() - began, outcome

    def _attempt(self, step: Step, order: Order, moment: WorkerTime) -> StepOutcome:
        attempt = Attempt(step, order.number, lambda kept: self._send_kept(kept, moment))
        managed = {str(position): resource for position, resource in enumerate(step.managed)}
        with attempt.capturing():
            set_up(managed)
        if attempt.failure is not None:
            return attempt.outcome()
        with attempt.capturing():
            attempt.accept(attempt.prepare(order.run_id, moment, order.overrides)())
        if attempt.failure is None:
            with attempt.capturing():
                attempt.store()
        with attempt.capturing():
            tear_down(managed)
        return attempt.outcome()

    def _send_kept(self, kept: StepOutcome, moment: WorkerTime) -> None:
        if os.getpid() == self._pid:  # a child that the step has forked may yield too
            moment.send(dumps(Kept(_crossing(kept))))

    def _step(self, key: int) -> Step:
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = unpacked_step(self._packed[key])
            del self._packed[key]  # not before: what could not be unpacked fails the same way at the next attempt
        return step


def _crossing(outcome: StepOutcome) -> StepOutcome:
    """Return the outcome as the parent can read it. What cannot cross is replaced by an error that says so."""
    if outcome.failures or outcome.values:
        failed = tuple((name, _sendable(failure)) for name, failure in outcome.failed)
        failure = None if outcome.failure is None else _sendable(outcome.failure)
        outcome = _with_sendable_values(replace(outcome, failure=failure, failed=failed))
    return outcome


def _sendable(failure: AttemptFailure) -> AttemptFailure:
    """Return the failure, or one with the same texts and an exception that can be sent back."""
    try:
        packed_error(failure.error)
    except BaseException as error:
        fault = error_text(error)
    else:
        return failure
    return replace(failure, error=ExecutionError(f"{failure.text} (an exception that could not be sent back: {fault})"))


def _with_sendable_values(outcome: StepOutcome) -> StepOutcome:
    fault = fault_of_crossing(outcome.values) if outcome.values else None
    if fault is None:
        return outcome
    what = ", ".join(type(value).__name__ for value in outcome.values.values())
    unsent = ExecutionError(f"what its hooks want to see ({what}) could not be sent back from the worker: {fault}")
    return replace(outcome, failure=outcome.failure or AttemptFailure.of(unsent, repeatable=False), values={})
