"""The worker's side: what a worker process does from its first breath to the end of the connection."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any, Final, cast

import cloudpickle

from rivers.exceptions import ExecutionError, RunCanceled
from rivers.execution import capture
from rivers.execution.attempt import Attempt
from rivers.execution.crossing import unpacked_step
from rivers.execution.outcomes import Failure, StepOutcome
from rivers.execution.parent_watch import settle_in
from rivers.execution.resources import set_up, tear_down
from rivers.execution.steps import Step
from rivers.execution.worker_messages import (
    AskTime,
    Define,
    Done,
    Dropped,
    Execute,
    Forget,
    Order,
    Sleep,
    Stop,
    Time,
)

_dumps = cast("Callable[[object], bytes]", cloudpickle.dumps)  # pyright: ignore[reportUnknownMemberType]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_connection: Connection[Any, Any] | None = None


def adopt(connection: Connection[Any, Any], parent: int) -> None:
    """Take the worker's end of the connection when the process starts, and die with the process ``parent``."""
    global _connection
    _connection = connection
    settle_in(parent)


def serve() -> None:
    """Carry out orders until the other side is gone, and then end the process."""
    if _connection is None:
        raise RuntimeError("a worker process was started without a connection")
    _Server(_connection).serve()
    # Nobody is left to work for. Loky's own process would wait for its next task for ever.
    _flush()
    os._exit(0)


class _Server:
    def __init__(self, connection: Connection[Any, Any], timer: Callable[[], float] = time.perf_counter) -> None:
        self._connection = connection
        self._timer = timer
        self._packed: dict[int, bytes] = {}
        self._steps: dict[int, Step] = {}

    def serve(self) -> None:
        with suppress(EOFError, OSError), capture.capturing():
            while True:
                match pickle.loads(self._connection.recv_bytes()):
                    case Define(key=key, packed=packed):
                        self._packed[key] = packed
                    case Forget():
                        self._packed.clear()
                        self._steps.clear()
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
            _flush()
            self._connection.send_bytes(_packed_outcome(outcome, seconds))
            if position < len(execute.orders) and moment.is_last():
                if moment.stopped:
                    self._connection.send_bytes(pickle.dumps(Dropped()))
                return

    def _carry_out(self, order: Order, moment: WorkerTime) -> tuple[float, StepOutcome]:
        """The outcome and how long it took, without the time for importing what the step refers to."""
        captured = capture.Captured()
        token = capture.current.set(captured)
        try:
            step = self._step(order.key)
            if order.particulars is not None:
                step = step.with_particulars(pickle.loads(order.particulars))
        except BaseException as error:
            return 0.0, StepOutcome(failure=Failure.of(error), texts=captured.texts())
        finally:
            capture.current.reset(token)
        began = self._timer()
        outcome = self._attempt(step, order, moment)
        return self._timer() - began, outcome

    def _attempt(self, step: Step, order: Order, moment: WorkerTime) -> StepOutcome:
        attempt = Attempt(step, order.number)
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

    def _step(self, key: int) -> Step:
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = unpacked_step(self._packed.pop(key))
        return step


class WorkerTime:
    """The time of the run, asked for over the connection; threads of the user's take turns."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.stopped = False
        self._woken = False

    def datetime(self) -> datetime:
        with self._lock:
            answer = self._ask(AskTime())
        nanoseconds = answer.now_ns if isinstance(answer, Time) else 0
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)

    def sleep_blocking(self, seconds: float) -> None:
        with self._lock:
            if not self.stopped:
                self._ask(Sleep(seconds), Stop)
                self._woken = True
        if self.stopped:
            raise RunCanceled("the run was cancelled")

    def cancelled(self) -> bool:
        with self._lock:
            self._look()
        return self.stopped

    def is_last(self) -> bool:
        """Whether the orders that remain are not to be begun."""
        self._look()
        return self.stopped or self._woken

    def _look(self) -> None:
        while not self.stopped and self._connection.poll():
            self._take()

    def _ask(self, question: AskTime | Sleep, *ended_by: type) -> Any:
        self._connection.send_bytes(pickle.dumps(question))
        while True:
            answer = self._take()
            if not isinstance(answer, Stop) or Stop in ended_by:
                return answer

    def _take(self) -> Any:
        """The next message; a Stop is kept in mind."""
        message = pickle.loads(self._connection.recv_bytes())
        if isinstance(message, Stop):
            self.stopped = True
        return message


def _packed_outcome(outcome: StepOutcome, seconds: float) -> bytes:
    """The outcome as bytes. An exception that cannot cross is replaced by one that says so and has the same texts."""
    failure = outcome.failure
    try:
        packed = _dumps(Done(outcome, seconds))
        if failure is not None:
            pickle.loads(packed)  # many exceptions can be pickled and then not be made again
        return packed
    except Exception as error:
        if failure is None:
            what = ", ".join(type(value).__name__ for value in outcome.values.values())
            unsent: BaseException = ExecutionError(
                f"what its hooks want to see ({what}) could not be sent back from the worker process: {error}"
            )
            unsent_failure = Failure.of(unsent, repeatable=False)
        else:
            unsent = ExecutionError(f"{failure.text} (an exception that could not be sent back: {error})")
            unsent_failure = Failure(
                unsent, failure.text, failure.classes, failure.traceback, failure.document, failure.repeatable
            )
        return _dumps(Done(StepOutcome(outcome.outputs, unsent_failure, outcome.texts), seconds))


def _flush() -> None:
    """A worker that dies later must not take with it what was printed now."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
