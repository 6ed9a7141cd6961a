"""Steps beside each other: in worker processes, on threads, as coroutines, with the run's thread looking after them.

The run's thread alone waits on the clock, writes to the store and decides. It waits for real only while something runs;
when everything left is asleep on the clock, it sleeps on the clock itself until the first is to be woken.
"""

from __future__ import annotations

import multiprocessing.connection
from collections.abc import Callable, Sequence
from typing import Any

from rivers.exceptions import RunCanceled
from rivers.execution.attempts.interrupts import go_no_further
from rivers.execution.dispatch.batch import Batch
from rivers.execution.dispatch.calls import CallLane
from rivers.execution.dispatch.deadlines import STOP_GRACE_SECONDS
from rivers.execution.dispatch.lane import Begins, Ended, Happening, Lane, Returned, Sleeps, TimeBegins
from rivers.execution.dispatch.places import Place
from rivers.execution.dispatch.slot_news import SlotNews
from rivers.execution.dispatch.starting import Starter
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.steps.step_time import CANCEL_CHECK_SECONDS, LONGEST_NAP_SECONDS


class Together:
    """Executes one batch of steps, once. At most ``most`` in workers and on threads, ``most_async`` coroutines."""

    def __init__(
        self, scope: RunScope, steps: Sequence[tuple[Step, Place]], most: int = 1, most_async: int | None = None
    ) -> None:
        self._scope = scope
        self._clock = scope.environment.clock
        self._batch = Batch(scope, most, steps)
        self._starter = Starter(self._batch, most_async, self._round)
        self._news = SlotNews(scope.environment.storage)
        self._is_stopping = False

    def execute(self) -> None:
        """Run them until each is settled, or the run is cancelled."""
        before, self._scope.time.sleeper = self._scope.time.sleeper, self._sleep
        try:
            self._stop_if(self._scope.cancellation.check())
            while self._batch.unsettled:
                self._round()
        finally:
            self._scope.time.sleeper = before
            self._news.follow(frozenset())
            self._batch.disband()

    def _sleep(self, seconds: float) -> None:
        """A step on this thread waits on the clock: look after the others meanwhile."""
        over: list[bool] = []
        self._batch.after(seconds, (), lambda: over.append(True))
        while not over and not self._scope.cancellation.seen:
            self._round()

    def _round(self) -> None:
        """Begin what can, and do what is due, settle an instant that is over, or wait for the next thing to happen."""
        batch = self._batch
        self._scope.pools.renew_due()
        self._hear_of_slots()
        self._starter.begin_ready()
        go_no_further()
        due = batch.timers.take_due(self._clock.monotonic())
        for action in due:
            action()
        quiet = batch.is_quiet()
        if batch.instant.is_over(quiet):
            batch.instant.settle()
        elif due:
            return
        elif not quiet:
            self._listen()
        else:
            self._nap()
        self._stop_if(self._scope.cancellation.glance(CANCEL_CHECK_SECONDS))

    def _hear_of_slots(self) -> None:
        line = self._batch.pool_line
        line.rouse(self._news.follow(line.waited_for))
        line.rouse(self._news.take())

    def _nap(self) -> None:
        """Nothing goes on: let time pass until something is due."""
        deadline = self._batch.timers.next()
        if deadline is not None:
            is_kept_waiting = self._batch.backoffs or self._batch.pool_line
            longest = CANCEL_CHECK_SECONDS if is_kept_waiting else LONGEST_NAP_SECONDS
            interrupt = self._news.interrupt if self._batch.pool_line else None
            self._scope.time.nap(max(0.0, deadline - self._clock.monotonic()), longest, interrupt=interrupt)

    def _listen(self) -> None:
        batch = self._batch
        sources: list[Any] = [batch.inbox.fileno()]
        for lane in batch.crew.lanes:
            if not lane.at_rest:
                sources += lane.worker.waited_for()
        readable = multiprocessing.connection.wait(sources, self._patience())
        for happening in batch.inbox.take() + batch.crew.hear(readable, batch.put_back_all):
            self._take_in(happening)

    def _patience(self) -> float:
        """How long to listen, in real seconds, before looking at the clock and for a cancellation again."""
        if self._batch.ready[Place.HERE] and not self._batch.is_nested:
            return 0.0
        deadline = self._batch.timers.next()
        if deadline is None:
            return CANCEL_CHECK_SECONDS
        return min(CANCEL_CHECK_SECONDS, max(0.0, deadline - self._clock.monotonic()))

    def _take_in(self, happening: Happening) -> None:
        batch = self._batch
        match happening:
            case Begins(tried=tried):
                batch.note_begin(tried)
            case TimeBegins(tried=tried):
                batch.deadlines.begin(tried)
            case Ended(tried=tried, settle=settle):
                batch.note_end(tried, settle)
            case Sleeps(lane=lane, seconds=seconds, wake=wake):
                self._lull(lane, seconds, wake)
            case Returned(lane=lane):
                if isinstance(lane, CallLane):
                    batch.end_call(lane)

    def _lull(self, lane: Lane, seconds: float, wake: Callable[[], None]) -> None:
        tried = lane.current
        if tried is None or lane.is_stopped:
            wake()
            return

        def rouse() -> None:
            if isinstance(lane, CallLane):
                lane.asleep = False
            wake()

        lane.asleep = True
        self._batch.after(seconds, tried.order, rouse)

    def _stop_if(self, cancelled: bool) -> None:
        if not cancelled or self._is_stopping:
            return
        self._is_stopping = True
        batch = self._batch
        batch.withdraw_all()
        for tried in list(batch.delayed):
            batch.give_up(tried, RunCanceled("the run was cancelled"))
        for lane in [*batch.crew.lanes, *batch.calls]:
            lane.stop()
        batch.after(STOP_GRACE_SECONDS, (), self._stop_waiting)

    def _stop_waiting(self) -> None:
        batch = self._batch
        for lane in [*batch.crew.lanes, *batch.calls]:
            if lane.current is not None:
                batch.give_up(lane.current, RunCanceled("the run was cancelled, and the step did not end by itself"))
