"""Where steps execute beside the run's thread: worker processes, threads, the coroutine loop.

A lane carries out tries of steps and tells of them through ``Happening``: an end, a wait on the clock. It is *at rest*
when it can do nothing more until the run's thread does something for it.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, cast

from rivers.clock import Clock
from rivers.clock.threads import THREADS
from rivers.exceptions import RunCanceled
from rivers.execution.attempt import Attempt
from rivers.execution.coroutine_host import CoroutineHost
from rivers.execution.environment import Environment
from rivers.execution.failures import RemoteTraceback, WorkerDied
from rivers.execution.inbox import Inbox
from rivers.execution.outcomes import Failure, StepOutcome
from rivers.execution.step_time import Cancellation, LaneTime
from rivers.execution.steps import Step
from rivers.execution.worker_messages import AskTime, Done, Dropped, Execute, Kept, Order, Sleep, Stop, Time, Woken
from rivers.execution.worker_process import WorkerProcess


class Try:
    """One attempt at a step, on its way. ``position`` is that of the step in its batch, ``has_begun`` says that it has
    been noted as begun and has to wait still for the run's thread, ``holds_slots`` that it has what it needs of pools.
    ``earlier`` is the failure of the attempt before it, ``fault`` what it fails with, however it ends. ``kept`` is what
    a worker has yielded and stored by now."""

    __slots__ = ("earlier", "fault", "has_begun", "holds_slots", "kept", "lane", "number", "over", "position", "step")

    def __init__(self, step: Step, position: int, number: int) -> None:
        self.step = step
        self.position = position
        self.number = number
        self.lane: Lane | None = None
        self.over = False
        self.has_begun = False
        self.holds_slots = False
        self.earlier: Failure | None = None
        self.fault: BaseException | None = None
        self.kept: list[StepOutcome] = []

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the tries of its batch."""
        return self.position, self.number


@dataclass(frozen=True, slots=True)
class Ended:
    """A try came to its end. ``settle`` makes its outcome, on the run's thread."""

    tried: Try
    settle: Callable[[], StepOutcome]


@dataclass(frozen=True, slots=True)
class Sleeps:
    """A lane waits ``seconds`` on the clock; then call ``wake``."""

    lane: Lane
    seconds: float
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Begins:
    """The next try of a batch has begun."""

    tried: Try


@dataclass(frozen=True, slots=True)
class Returned:
    """A coroutine that the run's thread itself waits for has returned."""

    lane: Lane


Happening = Ended | Sleeps | Begins | Returned


class Lane:
    """What all kinds of lanes have in common."""

    def __init__(self) -> None:
        self.asleep = False
        self.is_stopped = False
        """Whether it was asked to end: then it does not wait on the clock any more, whatever it said before."""
        self.current: Try | None = None

    @property
    def at_rest(self) -> bool:
        """Whether it waits for the run's thread."""
        return self.asleep or self.current is None

    def stop(self) -> None:
        """Ask what it executes to end, which interrupts a wait on the clock."""
        self.is_stopped = True
        self.asleep = False

    def give_up(self) -> None:
        """Do not wait for it any longer; nothing that it still does counts."""
        self.current = None


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
                    case AskTime():
                        self.worker.send(Time(self._clock.now_ns()))
                    case _:
                        raise RuntimeError(f"a worker said {message!r}, which nobody understands")
        except EOFError:
            self.is_dead = True
            self.asleep = False
            if self.current is not None:
                text = f"step '{self.current.step.name}': {self.worker.how_it_died()}"
                died = StepOutcome.cut_off(self.current.kept, Failure.of(WorkerDied(text)))
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
        outcome = StepOutcome(failure=Failure.of(RunCanceled("the run was cancelled")))
        return [] if tried is None else [Ended(tried, lambda: outcome)]

    def _wake(self) -> None:
        if self.asleep:
            self.asleep = False
            self.worker.send(Woken())


class CallLane(Lane):
    """One step on a thread of its own, or as a coroutine on the loop of the repository."""

    def __init__(
        self,
        tried: Try,
        environment: Environment,
        cancellation: Cancellation,
        inbox: Inbox[Happening],
        coroutines: CoroutineHost,
    ) -> None:
        super().__init__()
        self.current = tried
        tried.lane = self
        self.is_coroutine = tried.step.is_async
        self.attempt = Attempt(tried.step, tried.number)
        self.time = LaneTime(environment.clock, cancellation, self._ask)
        self._environment = environment
        self._inbox = inbox
        self._coroutines = coroutines
        self._future: Future[Any] | None = None

    def start(self, run_id: str, overrides: Any) -> None:
        """Begin. What goes wrong before the step has begun is its failure."""
        with self.attempt.capturing():
            if self.is_coroutine:
                call = self.attempt.prepare(run_id, self.time, overrides)
                self.submit(call).add_done_callback(lambda _: self._tell())
            else:
                future = self._future = Future()
                context = contextvars.copy_context()
                THREADS.run(lambda: context.run(self._work, future, run_id, overrides), lambda _: None)
            return
        self._tell()

    def submit(self, make: Callable[[], Any]) -> Future[Any]:
        """Run a coroutine on the loop."""
        self._future = self._coroutines.submit(make)
        return self._future

    def _work(self, future: Future[Any], run_id: str, overrides: Any) -> None:
        attempt, interceptor = self.attempt, self._environment.interceptor

        def call() -> Any:
            return attempt.prepare(run_id, self.time, overrides)()

        try:
            if interceptor is None:
                result = call()
            else:
                result = interceptor.around(attempt.step.name, attempt.number, call, cast("Clock", self.time))
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        self._tell()

    def _tell(self) -> None:
        current = self.current
        if current is not None:
            self._inbox.put(Ended(current, self._outcome))

    def _outcome(self) -> StepOutcome:
        """On the run's thread, which alone stores values."""
        attempt = self.attempt
        if attempt.failure is None and self._future is not None:
            with attempt.capturing():
                attempt.accept(self.result_of(self._future))
            if attempt.failure is None:
                with attempt.capturing():
                    attempt.store()
        return attempt.outcome()

    def result_of(self, future: Future[Any]) -> Any:
        """What the step returned or raised; ``RunCanceled`` when it was asked to end."""
        try:
            return future.result()
        except CancelledError:
            if self.time.stopped:
                raise RunCanceled("the run was cancelled") from None
            raise

    def outcome_now(self, fault: BaseException) -> StepOutcome:
        """What to record of the step when nobody waits for it any longer: what it has stored by now stands."""
        self.attempt.fail(fault)
        return self.attempt.outcome()

    def outcome_of(self, fault: BaseException) -> StepOutcome:
        """What to record of the step that has ended and failed with ``fault``, whatever came of its cleaning up."""
        if self._future is not None:
            try:
                self.result_of(self._future)
            except RunCanceled:
                pass
            except BaseException as error:
                fault.__context__ = error
        return self.outcome_now(fault)

    @property
    def ending(self) -> Future[Any] | None:
        """What comes to its end when a coroutine has cleaned up; ``None`` for a thread and before it has begun."""
        return self._future if self.is_coroutine else None

    def stop(self) -> None:
        """Ask it to end, once: a coroutine that is cancelled again would be disturbed in what it cleans up."""
        if self.is_stopped:
            return
        super().stop()
        self.time.stop()
        if self.is_coroutine and self._future is not None:
            self._coroutines.ask_to_end(self._future, self.time.has_told_here)

    def give_up(self) -> None:
        super().give_up()
        self.stop()
        if self.is_coroutine and self._future is not None:
            self._future.cancel()

    def _ask(self, seconds: float, over: threading.Event) -> bool:
        if self.is_coroutine:
            self._coroutines.hold(over)
        is_heard = self._inbox.put(Sleeps(self, seconds, over.set))
        if not is_heard:
            over.set()
        return is_heard


def _mark_as_remote(failure: Failure) -> None:
    """Tracebacks do not cross: let the exception show the text of the one it had."""
    if failure.error.__cause__ is None:
        failure.error.__cause__ = RemoteTraceback(failure.traceback)
