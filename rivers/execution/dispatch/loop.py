"""The one loop over steps: in worker processes, on threads, as coroutines, and on the run's thread, which attends to
all of them.

The run's thread alone waits on the clock, writes to the store and decides. It waits for real only while something runs;
when everything left is asleep on the clock, it sleeps on the clock itself until the first is to be woken.
"""

from __future__ import annotations

import multiprocessing.connection
from collections.abc import Mapping, Sequence
from typing import Any

from rivers.execution.attempts.interrupts import go_no_further
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.batch import Batch, MakeLanes
from rivers.execution.dispatch.call_lanes import CoroutineLanes
from rivers.execution.dispatch.deadlines import STOP_GRACE_SECONDS
from rivers.execution.dispatch.inline_lane import InlineLane
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.lanes import HERE, Lanes, Room
from rivers.execution.runs.inline import attempt_here
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.steps.step_time import CANCEL_CHECK_SECONDS, LONGEST_NAP_SECONDS


class StepLoop:
    """Executes one batch of steps, each assigned to a place of the lanes that ``make_lanes`` makes. Used once."""

    def __init__(self, scope: RunScope, steps: Sequence[tuple[Step, str]], make_lanes: MakeLanes) -> None:
        self._scope = scope
        self._clock = scope.environment.clock
        self._renewals = scope.renewals
        self._batch = Batch(scope, steps, make_lanes, self._round)
        self._is_stopping = False

    def execute(self) -> None:
        """Execute the steps until each is settled, or the run is cancelled."""
        self._batch.begin()
        self._run()

    def go_on(self, failed: StepAttempt, wait: float, outcome: StepOutcome) -> StepOutcome:
        """Make the attempts that follow one that failed without this loop, in ``wait`` seconds; the last outcome."""
        self._batch.go_on(failed, wait, outcome)
        self._run()
        return self._batch.last_outcome

    def _run(self) -> None:
        before, self._scope.time.sleeper = self._scope.time.sleeper, self._sleep
        try:
            self._stop_if(self._scope.cancellation.check())
            while self._batch.unsettled:
                self._round()
        finally:
            self._scope.time.sleeper = before
            self._batch.close()

    def _sleep(self, seconds: float) -> None:
        """Attend to the other steps while one on this thread waits on the clock."""
        over: list[bool] = []
        self._batch.after(seconds, (), lambda: over.append(True))
        while not over and not self._scope.cancellation.seen:
            self._round()

    def _round(self) -> None:
        """Begin what can, and do what is due, settle an instant that is over, or wait for the next thing to happen."""
        batch = self._batch
        if self._renewals is not None:
            self._renewals.renew_due()
        if batch.pool_line is not None:
            batch.pool_line.listen()
        batch.begin_ready()
        go_no_further()
        due = batch.timers.take_due(self._clock.monotonic())
        for action in due:
            action()
        quiet = all(lanes.at_rest for lanes in batch.lanes)
        if batch.instant.is_over(quiet):
            batch.instant.settle()
        elif due:
            return
        elif not quiet:
            self._listen()
        else:
            self._nap()
        self._stop_if(self._scope.cancellation.glance(CANCEL_CHECK_SECONDS))

    def _nap(self) -> None:
        """Nothing goes on: let time pass until something is due."""
        batch = self._batch
        deadline = batch.timers.next()
        if deadline is not None:
            line = batch.pool_line or None
            longest = LONGEST_NAP_SECONDS if line is None and not batch.retries else CANCEL_CHECK_SECONDS
            interrupt = None if line is None else line.interrupt
            self._scope.time.nap(max(0.0, deadline - self._clock.monotonic()), longest, interrupt=interrupt)

    def _listen(self) -> None:
        """Wait until something happens on a lane, or something is due on this thread."""
        lanes = self._batch.lanes
        sources: list[Any] = []
        is_due = False
        for each in lanes:
            sources += each.sources()
            is_due = is_due or each.is_due
        readable = multiprocessing.connection.wait(sources, 0.0 if is_due else self._patience())
        for each in lanes:
            each.hear(readable)

    def _patience(self) -> float:
        """How long to listen, in real seconds, before looking at the clock and for a cancellation again."""
        deadline = self._batch.timers.next()
        if deadline is None:
            return CANCEL_CHECK_SECONDS
        return min(CANCEL_CHECK_SECONDS, max(0.0, deadline - self._clock.monotonic()))

    def _stop_if(self, cancelled: bool) -> None:
        if cancelled and not self._is_stopping:
            self._is_stopping = True
            self._batch.stop()
            self._batch.after(STOP_GRACE_SECONDS, (), self._batch.stop_waiting)


def run_here(scope: RunScope, step: Step) -> StepOutcome:
    """Make every attempt at a step that is not asynchronous on this thread, with nothing beside it; the last outcome.

    The first attempt needs no loop, for which a run of many small steps would pay.
    """
    scope.ledger.begin(step, 1)
    outcome = attempt_here(scope, step, 1)
    wait = scope.ledger.settle(step, 1, outcome)
    if wait is None:
        return outcome
    return StepLoop(scope, [(step, HERE)], _this_thread).go_on(StepAttempt(step, 0, 1), wait, outcome)


def _this_thread(dispatch: Dispatch) -> Mapping[str, Lanes]:
    return {HERE: InlineLane(dispatch, CoroutineLanes(dispatch, Room(None)))}
