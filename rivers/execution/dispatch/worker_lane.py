"""A lane to a worker process: what is sent to it, and what follows from what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from rivers.exceptions import RunCanceled
from rivers.execution.attempts.failure_records import RemoteTraceback, WorkerDied
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Dispatch, Lane, StepAttempt
from rivers.execution.workers.messages import (
    AskTime,
    Done,
    Dropped,
    Execute,
    Imported,
    Kept,
    Order,
    Sleep,
    Stop,
    Time,
    Woken,
)
from rivers.execution.workers.process import WorkerProcess


class WorkerLane(Lane):
    """A worker process, and the attempts that it was sent: the first of them is the current one.

    ``observe`` is called with how long each attempt took, in real seconds.
    """

    def __init__(self, worker: WorkerProcess, dispatch: Dispatch, observe: Callable[[float], None]) -> None:
        super().__init__(dispatch)
        self.worker = worker
        self.is_dead = False
        self._observe = observe
        self._rest: deque[StepAttempt] = deque()
        self._stored: list[StepOutcome] = []
        """What the current attempt has yielded and stored by now."""

    def start(self, orders: Sequence[tuple[StepAttempt, Order]], levels: tuple[int, ...]) -> None:
        """Send attempts at steps that the worker has been made to know. ``levels`` are those at which it logs."""
        for attempt, _ in orders:
            self._rest.append(attempt)
            attempt.lane = self
        self.worker.send(Execute(tuple([order for _, order in orders]), levels))
        self.current = self._rest.popleft()

    def hear(self) -> None:
        """Take in everything that the worker has said by now."""
        try:
            while (message := self.worker.hear()) is not None:
                self._take_in(message)
        except EOFError:
            self._end_dead()
        if self.at_rest:
            self._dispatch.put_back(self.take_rest())

    def _take_in(self, message: object) -> None:
        current = self.current
        match message:
            case Done(outcome=outcome, seconds=seconds):
                self._observe(seconds)
                if outcome.failure is not None or outcome.failed:
                    for failure in outcome.failures:
                        _mark_as_remote(failure)
                self._end(outcome)
                if self._rest:
                    self.current = self._rest.popleft()
                    self._dispatch.began(self.current)
            case Sleep(seconds=seconds):
                self.asleep = not self.is_stopped  # also when a thread asks that a step has left behind
                self.sleep(seconds, self._wake)
            case Dropped():
                # Told of as begun when the attempt before it ended, and not begun after all.
                self._end(StepOutcome(failure=AttemptFailure.of(RunCanceled("the run was cancelled"))))
            case Kept(outcome=outcome):
                if current is not None:
                    self._stored.append(outcome)
            case Imported():
                if current is not None:
                    self._dispatch.time_began(current)
            case AskTime():
                self.worker.send(Time(self._dispatch.scope.environment.clock.now_ns()))
            case _:
                raise RuntimeError(f"a worker said {message!r}, which nobody understands")

    def take_rest(self) -> list[StepAttempt]:
        """Take the attempts that it has not begun. Not while it may still begin one of them."""
        rest = list(self._rest)
        self._rest.clear()
        for attempt in rest:
            attempt.lane = None
        return rest

    def stop(self, fault: BaseException | None = None) -> None:
        super().stop(fault)
        self.worker.send(Stop())

    def give_up(self, error: BaseException) -> StepOutcome:
        self.is_dead = True
        self.current = None
        self.asleep = False
        return StepOutcome.cut_off(self._stored, AttemptFailure.of(error))

    def _end_dead(self) -> None:
        attempt = self.current
        if attempt is None:
            self.is_dead = True
            self.asleep = False
            return
        outcome = self.give_up(WorkerDied(f"step '{attempt.step.name}': {self.worker.how_it_died()}"))
        self._dispatch.ended(attempt, lambda: outcome)

    def _end(self, outcome: StepOutcome) -> None:
        attempt, self.current = self.current, None
        if self._stored:
            self._stored = []
        if attempt is not None:
            self._dispatch.ended(attempt, lambda: outcome)

    def _wake(self) -> None:
        if self.asleep:
            self.asleep = False
            self.worker.send(Woken())


def _mark_as_remote(failure: AttemptFailure) -> None:
    """Tracebacks do not cross: let the exception show the text of the one it had."""
    if failure.error.__cause__ is None:
        failure.error.__cause__ = RemoteTraceback(failure.traceback)
