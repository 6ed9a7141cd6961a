"""How the steps of a batch begin: who goes where, and when there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from rivers.exceptions import ExecutionError
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.interception import IN_WORKER
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.batch import Batch
from rivers.execution.dispatch.lane import Returned, Try
from rivers.execution.dispatch.places import Place
from rivers.execution.dispatch.workers import WorkerLane
from rivers.execution.runs.inline import around, attempt_here, stored
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.messages import Order

ELEMENT_BYTES_MAX: Final = 2**20
"""A batch of instances ends with the element that takes it beyond this: large ones are not held by the dozen."""


class Starter:
    """Begins what is ready. ``look_after`` is called, again and again, while a coroutine is waited for."""

    def __init__(self, batch: Batch, most_async: int | None, look_after: Callable[[], None]) -> None:
        self._batch = batch
        self._scope = batch.scope
        self._most_async = most_async or None
        self._look_after = look_after

    def begin_ready(self) -> None:
        """Begin everything that there is room for, and one step on this thread."""
        batch = self._batch
        if batch.pool_line and batch.instant.is_empty:
            batch.pool_line.ask(self._has_room)
        self._begin_on_workers()
        self._begin_calls(Place.THREAD, lambda: batch.slots_taken < batch.most)
        self._begin_calls(Place.LOOP, lambda: self._most_async is None or batch.coroutines_count < self._most_async)
        if not batch.is_nested:
            tried = batch.next(Place.HERE)
            if tried is not None and self._begin(tried, Place.HERE):
                self._run_here(tried)

    def _has_room(self, tried: Try) -> bool:
        """Whether it could begin at once, after what is ready and comes before it."""
        batch = self._batch
        place = batch.place_of(tried)
        if place is Place.LOOP and self._most_async is None:
            return True
        match place:
            case Place.HERE:
                free = 0 if batch.is_nested else 1
            case Place.LOOP:
                free = (self._most_async or 0) - batch.coroutines_count
            case _:
                free = batch.most - batch.slots_taken
        return free > 0 and sum(order < tried.order for order, _ in batch.ready[place]) < free

    def _begin(self, tried: Try, place: Place) -> bool:
        """Note that it begins; false when it is not to go on before its simulated time has passed."""
        batch = self._batch
        if tried.has_begun:
            return True
        batch.note_begin(tried)
        if place is Place.HERE and not tried.step.is_async:
            return True  # it waits on this thread itself
        seconds = self._scope.simulated_seconds(tried.step, tried.number)
        if seconds <= 0:
            return True
        batch.delayed[tried] = place
        batch.after(seconds, tried.order, lambda: self._go_on(tried))
        return False

    def _go_on(self, tried: Try) -> None:
        batch = self._batch
        if tried not in batch.delayed:
            return
        place = batch.delayed.pop(tried)
        if place is Place.WORKER:
            self._send_one(tried)
        elif place is not Place.HERE:
            self._call(tried)
        elif batch.is_nested:  # this thread is taken
            tried.has_begun = True
            batch.put_back(tried)
        else:
            self._run_here(tried)

    def _begin_calls(self, place: Place, is_free: Callable[[], bool]) -> None:
        while self._batch.ready[place] and is_free():
            tried = self._batch.next(place)
            if tried is not None and self._begin(tried, place):
                self._call(tried)

    def _call(self, tried: Try) -> None:
        lane = self._batch.call_lane(tried)
        self._batch.begin_call(lane)
        lane.start(self._scope.run_id, self._scope.overrides(tried.step))

    # -- workers -------------------------------------------------------------------------------------------------------

    def _begin_on_workers(self) -> None:
        batch = self._batch
        ready = batch.ready[Place.WORKER]
        while ready and batch.slots_taken < batch.most:
            if self._scope.environment.interceptor is not None:
                tried = batch.next(Place.WORKER)
                if tried is not None and self._begin(tried, Place.WORKER):
                    self._send_one(tried)
                continue
            lane = batch.crew.lane_for_some(len(ready))
            if lane is None:
                return
            self._send(lane, self._several(batch.crew.batch_size(len(ready))))

    def _several(self, size: int) -> list[Try]:
        """The next tries for one worker. Only steps that cannot wait on the clock share one: what comes after a step
        that waits would wait with it."""
        tries: list[Try] = []
        ready = self._batch.ready[Place.WORKER]
        while ready and len(tries) < size and (not tries or _is_small(ready[0][1].step)):
            tried = self._batch.next(Place.WORKER)
            if tried is not None:
                tries.append(tried)
                if not _is_small(tried.step):
                    break
        return tries

    def _send_one(self, tried: Try) -> None:
        """Ask the interceptor first; it may answer in place of the worker, or refuse."""
        attempt = Attempt(tried.step, tried.number)
        with attempt.capturing():
            result = around(self._scope, attempt, lambda: IN_WORKER)
            if result is IN_WORKER:
                self._send(self._batch.crew.lane_for_one(), [tried], noted=True)
                return
            attempt.accept(result)
        self._batch.note_end(tried, lambda: stored(attempt))

    def _send(self, lane: WorkerLane, tries: Sequence[Try], *, noted: bool = False) -> None:
        """Send them; those that cannot be sent end here."""
        sendable: list[tuple[Try, Order]] = []
        size = 0
        for position, tried in enumerate(tries):
            if size > ELEMENT_BYTES_MAX:
                self._batch.put_back_all(tries[position:])
                break
            try:
                order = self._batch.crew.order(lane, tried)
                size += len(order.particulars or b"")
                sendable.append((tried, order))
            except ExecutionError as error:
                if not noted:
                    self._batch.note_begin(tried)
                outcome = StepOutcome(failure=AttemptFailure.of(error, repeatable=False))
                self._batch.note_end(tried, lambda outcome=outcome: outcome)
        if sendable:
            if not noted:
                self._batch.note_sent(sendable[0][0])
            self._batch.crew.send(lane, sendable)

    # -- this thread ---------------------------------------------------------------------------------------------------

    def _run_here(self, tried: Try) -> None:
        if self._batch.instant.is_over(quiet=False):
            self._batch.instant.settle()  # this thread will not come to it before the step has ended
        self._batch.is_nested = True
        try:
            if tried.step.is_async:
                outcome = self._await_here(tried)
            else:
                outcome = attempt_here(self._scope, tried.step, tried.number)
        finally:
            self._batch.is_nested = False
        self._batch.note_end(tried, lambda: outcome)

    def _await_here(self, tried: Try) -> StepOutcome:
        """A coroutine within an interceptor: this thread looks after everything else until it has returned."""
        batch = self._batch
        lane = batch.call_lane(tried)
        attempt = lane.attempt

        def call() -> Any:
            make = attempt.prepare(self._scope.run_id, lane.time, self._scope.overrides(tried.step))
            batch.begin_call(lane)
            future = lane.submit(make)
            future.add_done_callback(lambda _: batch.inbox.put(Returned(lane)))
            while lane in batch.calls:
                self._look_after()
            return lane.result_of(future)

        with attempt.capturing():
            attempt.accept(around(self._scope, attempt, call))
        return stored(attempt)


def _is_small(step: Step) -> bool:
    return step.new_context is None and step.timeout is None and not step.pools
