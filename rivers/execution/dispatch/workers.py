"""A lane to a worker process: what is sent to it, and what is made of what it says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from rivers.clock import Clock
from rivers.exceptions import RunCanceled
from rivers.execution.attempts.failure_records import RemoteTraceback, WorkerDied
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Begins, Ended, Happening, Lane, Sleeps, TimeBegins, Try
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
    """A worker process, and the tries it was sent: the first of them is the current one."""

    def __init__(self, worker: WorkerProcess, clock: Clock) -> None:
        super().__init__()
        self.worker = worker
        self.is_dead = False
        self._clock = clock
        self._rest: deque[Try] = deque()
        self.timed: Callable[[float], None] = lambda seconds: None
        """Is told how long each try took, in real seconds."""

    def start(self, orders: Sequence[tuple[Try, Order]], levels: tuple[int, ...]) -> None:
        """Send a batch, of steps that the worker has been made to know."""
        for tried, _ in orders:
            self._rest.append(tried)
            tried.lane = self
        self.worker.send(Execute(tuple(order for _, order in orders), levels))
        self.current = self._rest.popleft()

    def hear(self) -> list[Happening]:
        """Everything that it has said by now."""
        heard: list[Happening] = []
        try:
            while (message := self.worker.hear()) is not None:
                match message:
                    case Done(outcome=outcome, seconds=seconds):
                        self.timed(seconds)
                        for failure in outcome.failures:
                            _mark_as_remote(failure)
                        heard += self._ended(lambda outcome=outcome: outcome)
                    case Sleep(seconds=seconds):
                        self.asleep = not self.is_stopped
                        heard.append(Sleeps(self, seconds, self._wake))
                    case Dropped():
                        heard += self._dropped()
                    case Kept(outcome=outcome):
                        if self.current is not None:
                            self.current.kept.append(outcome)
                    case Imported():
                        heard += [] if self.current is None else [TimeBegins(self.current)]
                    case AskTime():
                        self.worker.send(Time(self._clock.now_ns()))
                    case _:
                        raise RuntimeError(f"a worker said {message!r}, which nobody understands")
        except EOFError:
            self.is_dead = True
            self.asleep = False
            if self.current is not None:
                text = f"step '{self.current.step.name}': {self.worker.how_it_died()}"
                died = StepOutcome.cut_off(self.current.kept, AttemptFailure.of(WorkerDied(text)))
                heard.append(Ended(self.current, lambda: died))
                self.current = None
        return heard

    def take_rest(self) -> list[Try]:
        """The tries that it has not begun, which are not its any more. Not while it may still begin one of them."""
        rest = list(self._rest)
        self._rest.clear()
        for tried in rest:
            tried.lane = None
        return rest

    def stop(self) -> None:
        super().stop()
        self.worker.send(Stop())

    def give_up(self) -> None:
        self.is_dead = True
        self.current = None
        self.asleep = False

    def _ended(self, settle: Callable[[], StepOutcome]) -> list[Happening]:
        heard: list[Happening] = [] if self.current is None else [Ended(self.current, settle)]
        self.current = self._rest.popleft() if self._rest else None
        if self.current is not None:
            heard.append(Begins(self.current))
        return heard

    def _dropped(self) -> list[Happening]:
        """The next try was told of as begun when the one before it ended, and was not begun after all."""
        tried, self.current = self.current, None
        outcome = StepOutcome(failure=AttemptFailure.of(RunCanceled("the run was cancelled")))
        return [] if tried is None else [Ended(tried, lambda: outcome)]

    def _wake(self) -> None:
        if self.asleep:
            self.asleep = False
            self.worker.send(Woken())


def _mark_as_remote(failure: AttemptFailure) -> None:
    """Tracebacks do not cross: let the exception show the text of the one it had."""
    if failure.error.__cause__ is None:
        failure.error.__cause__ = RemoteTraceback(failure.traceback)
