"""A lane in this process: one step on a thread, or as a coroutine that has the time to clean up when it is to end."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, cast

from rivers.clock import Clock
from rivers.clock.threads import THREADS
from rivers.exceptions import RunCanceled
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.agenda import Inbox
from rivers.execution.dispatch.lane import Ended, Happening, Lane, Sleeps, Try
from rivers.execution.runs.environment import Environment
from rivers.execution.steps.step_time import Cancellation, LaneTime


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
