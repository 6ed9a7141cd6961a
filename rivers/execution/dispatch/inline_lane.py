"""The run's own thread as a lane: one step at a time executes on it, or is waited for."""

from __future__ import annotations

from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.call_lanes import CoroutineLanes
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.lanes import Lanes, Room
from rivers.execution.runs.inline import around, attempt_here, stored


class InlineLane(Lanes):
    """It has no lane beside the run's thread. A coroutine within an interceptor is one of ``coroutines``; this thread
    waits for it, and looks after everything else meanwhile."""

    def __init__(self, dispatch: Dispatch, coroutines: CoroutineLanes) -> None:
        super().__init__(dispatch, Room(1))
        self._coroutines = coroutines
        self._is_occupied = False

    @property
    def lanes(self) -> tuple[()]:
        return ()

    @property
    def taken(self) -> int:
        return int(self._is_occupied)

    @property
    def at_rest(self) -> bool:
        return self._is_occupied or not self.ready

    @property
    def is_due(self) -> bool:
        return not self.at_rest

    def begin_ready(self) -> None:
        """Begin one: what has become due meanwhile comes before the next."""
        if self.ready and not self._is_occupied:
            attempt = self.next()
            if attempt is not None and self._begin(attempt):
                self.start(attempt)

    def start(self, attempt: StepAttempt) -> None:
        if self._is_occupied:
            attempt.has_begun = True
            self._dispatch.put_back([attempt])
            return
        self._dispatch.settle_past()
        self._is_occupied = True
        try:
            outcome = self._await(attempt) if attempt.step.is_async else self._execute(attempt)
        finally:
            self._is_occupied = False
        self._dispatch.ended(attempt, lambda: outcome)

    def give_up(self, attempt: StepAttempt, error: BaseException) -> StepOutcome:
        self.delayed.pop(attempt, None)
        return self._coroutines.give_up(attempt, error)

    def close(self) -> None:
        """There is nothing to give back."""

    def _delay(self, attempt: StepAttempt) -> float:
        # What is no coroutine waits on this thread itself.
        return super()._delay(attempt) if attempt.step.is_async else 0.0

    def _execute(self, attempt: StepAttempt) -> StepOutcome:
        return attempt_here(self._dispatch.scope, attempt.step, attempt.number)

    def _await(self, attempt: StepAttempt) -> StepOutcome:
        lane = self._coroutines.lane_for_caller(attempt)
        with lane.work.capturing():
            lane.work.accept(around(self._dispatch.scope, lane.work, lambda: self._coroutines.await_lane(lane)))
        return lane.settled(stored(lane.work))
