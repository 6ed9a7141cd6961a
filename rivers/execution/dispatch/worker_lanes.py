"""The worker processes of one batch: how many there are, and which attempts each of them is sent."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any, Final

from rivers.exceptions import ExecutionError
from rivers.execution.attempts import capture
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.interception import IN_WORKER
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.lanes import Lanes, Room
from rivers.execution.dispatch.worker_lane import WorkerLane
from rivers.execution.runs.inline import around, stored
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.crossing import packed_particulars
from rivers.execution.workers.messages import Order

ELEMENT_BYTES_MAX: Final = 2**20
"""What is sent at once ends with the element that takes it beyond this: large ones are not held by the dozen."""


class WorkerLanes(Lanes):
    """Lanes to workers, which are borrowed from the repository's pool when they are needed."""

    def __init__(self, dispatch: Dispatch, room: Room) -> None:
        super().__init__(dispatch, room)
        self._scope = dispatch.scope
        self._pool = self._scope.environment.workers
        self._lanes: list[WorkerLane] = []
        self._workers_max = room.most or 1
        self._unsendable: dict[str, str] = {}

    @property
    def lanes(self) -> Collection[WorkerLane]:
        return self._lanes

    @property
    def taken(self) -> int:
        busy = 0
        for lane in self._lanes:
            busy += lane.current is not None  # asleep or not
        return busy + len(self.delayed)

    def sources(self) -> Sequence[Any]:
        return [source for lane in self._lanes if not lane.at_rest for source in lane.worker.waited_for()]

    def hear(self, readable: Sequence[Any]) -> None:
        for lane in list(self._lanes):
            if any(one is source for source in lane.worker.waited_for() for one in readable):
                lane.hear()
                if lane.is_dead:
                    self._drop(lane)

    def begin_ready(self) -> None:
        if self._scope.environment.interceptor is not None:
            super().begin_ready()  # which is asked about each
            return
        while self.ready and self._room.is_free:
            lane = self._lane_for_some(len(self.ready))
            if lane is None:
                return
            self._send(lane, self._several(self._pool.pace.batch(len(self.ready), self._workers_max)))

    def start(self, attempt: StepAttempt) -> None:
        """Ask the interceptor first: it may answer in place of the worker, or refuse."""
        work = Attempt(attempt.step, attempt.number)
        with work.capturing():
            result = around(self._scope, work, lambda: IN_WORKER)
            if result is IN_WORKER:
                self._send(self._free_lane(), [attempt], is_recorded=True)
                return
            work.accept(result)
        self._dispatch.ended(attempt, lambda: stored(work))

    def give_up(self, attempt: StepAttempt, error: BaseException) -> StepOutcome:
        given_up = [lane for lane in self._lanes if lane.current is attempt]
        outcome = super().give_up(attempt, error)
        for lane in given_up:
            self._drop(lane)
            self._dispatch.put_back(lane.take_rest())
        return outcome

    def close(self) -> None:
        """Give the workers back; one that is still at work is killed."""
        for lane in self._lanes:
            if lane.current is None and not lane.is_dead:
                self._pool.take_back(lane.worker, self._workers_max)
            else:
                self._pool.discard(lane.worker)
        self._lanes = []

    # -- lanes ---------------------------------------------------------------------------------------------------------

    def _lane_for_some(self, waiting: int) -> WorkerLane | None:
        """A lane for the next of ``waiting`` attempts; ``None`` when those at work will do.

        A new worker takes a while to start, so few small steps get none. One that sleeps does not count as at work.
        """
        awake, is_any_free = 0, bool(self._pool.idle_count)
        for lane in self._lanes:
            awake += not lane.at_rest
            is_any_free = is_any_free or lane.current is None
        if not is_any_free and not self._pool.pace.deserves_a_new_worker(waiting, awake):
            return None
        return self._free_lane()

    def _free_lane(self) -> WorkerLane:
        for lane in self._lanes:
            if lane.current is None:
                return lane
        lane = WorkerLane(self._pool.lend(), self._dispatch, self._pool.pace.observe)
        self._lanes.append(lane)
        return lane

    def _drop(self, lane: WorkerLane) -> None:
        self._lanes.remove(lane)
        self._pool.discard(lane.worker)

    # -- what is sent --------------------------------------------------------------------------------------------------

    def _several(self, size: int) -> list[StepAttempt]:
        """The next attempts for one worker. Only steps that cannot wait on the clock share one: what comes after a step
        that waits would wait with it."""
        attempts: list[StepAttempt] = []
        while self.ready and len(attempts) < size and (not attempts or _is_small(self.ready[0][1].step)):
            attempt = self.next()
            if attempt is not None:
                attempts.append(attempt)
                if len(attempts) == 1 and not _is_small(attempt.step):
                    break
        return attempts

    def _send(self, lane: WorkerLane, attempts: Sequence[StepAttempt], *, is_recorded: bool = False) -> None:
        """Send attempts, to be carried out one after another; those that cannot be sent end here."""
        orders: list[tuple[StepAttempt, Order]] = []
        size = 0
        for position, attempt in enumerate(attempts):
            if size > ELEMENT_BYTES_MAX:
                self._dispatch.put_back(attempts[position:])
                break
            try:
                order = self._order(lane, attempt)
            except ExecutionError as error:
                if not is_recorded:
                    self._dispatch.began(attempt)
                outcome = StepOutcome(failure=AttemptFailure.of(error, repeatable=False))
                self._dispatch.ended(attempt, lambda outcome=outcome: outcome)
            else:
                size += len(order.particulars or b"")
                orders.append((attempt, order))
        if orders:
            if not is_recorded:
                self._dispatch.began(orders[0][0], is_timed=False)
            lane.start(orders, _log_levels())

    def _order(self, lane: WorkerLane, attempt: StepAttempt) -> Order:
        """The order for one attempt. The worker is made to know its step, if it does not yet.

        :raises ExecutionError: when the step or its element cannot be sent
        """
        step, scope = attempt.step, self._scope
        key = self._key(lane, step)
        return Order(key, attempt.number, scope.run_id, scope.overrides(step), packed_particulars(step))

    def _key(self, lane: WorkerLane, step: Step) -> int:
        """What the worker calls a step. That a map cannot be sent is found out once, not for each instance."""
        if self._unsendable and step.template in self._unsendable:
            raise ExecutionError(self._unsendable[step.template])
        try:
            return lane.worker.define(step)
        except ExecutionError as error:
            if step.template is not None:
                self._unsendable[step.template] = str(error)
            raise


def _is_small(step: Step) -> bool:
    return step.new_context is None and step.timeout is None and not step.pools


def _log_levels() -> tuple[int, ...]:
    """The levels at which workers log, which are those of this process."""
    return tuple(logging.getLogger(prefix).getEffectiveLevel() for prefix in capture.LOGGER_PREFIXES)
