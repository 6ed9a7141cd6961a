"""A lane in this process: one attempt on a thread, or as a coroutine, which may clean up when it is to end."""

from __future__ import annotations

import contextvars
import threading
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, cast

from rivers.clock import Clock
from rivers.clock.threads import THREADS
from rivers.exceptions import RunCanceled
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.agenda import Inbox
from rivers.execution.dispatch.lane import Dispatch, Lane, StepAttempt
from rivers.execution.steps.step_time import LaneTime


@dataclass(frozen=True, slots=True)
class Returned:
    """The call on a lane is over."""

    lane: CallLane


@dataclass(frozen=True, slots=True)
class Sleeps:
    """What executes on a lane waits on the clock for so many ``seconds``, then for ``over``."""

    lane: CallLane
    seconds: float
    over: threading.Event


Calls = Inbox[Returned | Sleeps]
"""What the lanes of this process tell the run's thread, from other threads."""


class CallLane(Lane):
    """One attempt that executes in this process, on another thread. ``inbox`` gets what happens to it."""

    def __init__(self, attempt: StepAttempt, dispatch: Dispatch, inbox: Calls) -> None:
        super().__init__(dispatch)
        self.current = attempt
        attempt.lane = self
        environment = dispatch.scope.environment
        self.work = Attempt(attempt.step, attempt.number)
        self.time = LaneTime(environment.clock, dispatch.scope.cancellation, self._ask)
        self.is_awaited = False
        """Whether the run's thread waits for it, and will say itself that it has ended."""
        self._inbox = inbox
        self._future: Future[Any] | None = None
        self._fault: BaseException | None = None

    def start(self) -> None:
        """Begin. What goes wrong before the step's function is called is a failure of the attempt."""
        with self.work.capturing():
            self._call()
            return
        self._tell()

    @abstractmethod
    def _call(self) -> None:
        """Call the function of the step elsewhere, and have ``_tell`` called when that is over."""

    def _prepare(self) -> Callable[[], Any]:
        scope = self._dispatch.scope
        return self.work.prepare(scope.run_id, self.time, scope.overrides(self.work.step))

    def _tell(self) -> None:
        self._inbox.put(Returned(self))

    def outcome(self) -> StepOutcome:
        """What came of the call, on the run's thread, which alone stores values."""
        work = self.work
        if self._fault is not None:
            return self._outcome_of(self._fault)
        if work.failure is None and self._future is not None:
            with work.capturing():
                work.accept(self.result())
                work.store()
        return work.outcome()

    def result(self) -> Any:
        """What the step returned or raised; ``RunCanceled`` when it was asked to end."""
        if self._future is None:
            return None
        try:
            return self._future.result()
        except CancelledError:
            if self.time.stopped:
                raise RunCanceled("the run was cancelled") from None
            raise

    def _outcome_of(self, fault: BaseException) -> StepOutcome:
        """That of an attempt which has ended, and fails with ``fault`` whatever came of its cleaning up."""
        try:
            self.result()
        except RunCanceled:
            pass
        except BaseException as error:
            fault.__context__ = error
        self.work.fail(fault)
        return self.work.outcome()

    def stop(self, fault: BaseException | None = None) -> None:
        """Ask the attempt to end, once: a coroutine that is cancelled again would be disturbed in what it cleans up."""
        if not self.is_stopped:
            super().stop(fault)
            self._fault = fault
            self.time.stop()
            self._ask_to_end()

    def _ask_to_end(self) -> None:
        """Have the call end, beyond ending its waits on the clock."""

    def give_up(self, error: BaseException) -> StepOutcome:
        self.work.fail(error)
        outcome = self.work.outcome()
        self.abandon()
        return outcome

    def abandon(self) -> None:
        """Ask the attempt to end, and do not wait until it has."""
        self.current = None
        self.stop()

    def wake(self, over: threading.Event) -> None:
        """A wait on the clock has ended."""
        self.asleep = False
        over.set()

    def _ask(self, seconds: float, over: threading.Event) -> bool:
        """Have the run's thread carry out a wait; false when it does not listen any more."""
        if self._inbox.put(Sleeps(self, seconds, over)):
            return True
        over.set()
        return False


class ThreadLane(CallLane):
    """An attempt on a thread of its own."""

    def _call(self) -> None:
        future = self._future = Future[Any]()
        context = contextvars.copy_context()
        THREADS.run(lambda: context.run(self._work, future), lambda _: None)

    def _work(self, future: Future[Any]) -> None:
        work, interceptor = self.work, self._dispatch.scope.environment.interceptor

        def call() -> Any:
            return self._prepare()()

        try:
            if interceptor is None:
                result = call()
            else:
                result = interceptor.around(work.step.name, work.number, call, cast("Clock", self.time))
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        self._tell()


class CoroutineLane(CallLane):
    """An attempt as a coroutine on the loop of ``host``."""

    def __init__(self, attempt: StepAttempt, dispatch: Dispatch, inbox: Calls, host: CoroutineHost) -> None:
        super().__init__(attempt, dispatch, inbox)
        self._host = host

    @property
    def cleans_up(self) -> bool:
        return self._future is not None

    @property
    def ending(self) -> Future[Any] | None:
        """What comes to its end when the coroutine has cleaned up; ``None`` before it has begun."""
        return self._future

    def _call(self) -> None:
        # Ctrl-C that the coroutine brings about must find what it interrupts, to give it the time to clean up.
        self._host.submit(self._prepare(), self._follow)

    def _follow(self, future: Future[Any]) -> None:
        self._future = future
        future.add_done_callback(lambda _: self._tell())

    def begin_awaited(self) -> None:
        """Begin for the run's thread, which waits for it. What goes wrong is raised."""
        self.is_awaited = True
        self._call()

    def settled(self, outcome: StepOutcome) -> StepOutcome:
        """The outcome of an awaited attempt: ``outcome``, unless it was to fail however it ended."""
        return outcome if self._fault is None else self._outcome_of(self._fault)

    def _ask_to_end(self) -> None:
        if self._future is not None:
            self._host.ask_to_end(self._future, self.time.was_refused_here)

    def abandon(self) -> None:
        super().abandon()
        if self._future is not None:
            self._future.cancel()

    def _ask(self, seconds: float, over: threading.Event) -> bool:
        self._host.hold(over)
        return super()._ask(seconds, over)
