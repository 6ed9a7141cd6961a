"""The worker processes of one batch of steps: how many, and who gets what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rivers.exceptions import ExecutionError
from rivers.execution.attempts import capture
from rivers.execution.dispatch.lane import Happening, Try
from rivers.execution.dispatch.workers import WorkerLane
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.crossing import packed_particulars
from rivers.execution.workers.messages import Order


class Crew:
    """Lanes to workers that are borrowed from the repository's pool when they are needed, up to ``most``."""

    def __init__(self, scope: RunScope, most: int) -> None:
        self._scope = scope
        self._most = most
        self._pool = scope.environment.workers
        self.lanes: list[WorkerLane] = []
        self._unsendable: dict[str, str] = {}

    @property
    def busy_count(self) -> int:
        """Lanes with something to do, asleep or not."""
        return sum(lane.current is not None for lane in self.lanes)

    def lane_for_some(self, waiting: int) -> WorkerLane | None:
        """A lane for the next of ``waiting`` tries; ``None`` when those at work will do.

        A new worker takes a while to start, so few small steps get none. One that sleeps does not count as at work.
        """
        awake = sum(not lane.at_rest for lane in self.lanes)
        is_any_free = self._pool.idle_count or any(lane.current is None for lane in self.lanes)
        if not is_any_free and not self._pool.pace.deserves_a_new_worker(waiting, awake):
            return None
        return self.lane_for_one()

    def lane_for_one(self) -> WorkerLane:
        """A lane that has nothing to do."""
        for lane in self.lanes:
            if lane.current is None:
                return lane
        lane = WorkerLane(self._pool.lend(), self._scope.environment.clock)
        lane.timed = self._pool.pace.observe
        self.lanes.append(lane)
        return lane

    def batch_size(self, waiting: int) -> int:
        """How many small steps to send at once."""
        return self._pool.pace.batch(waiting, self._most)

    def order(self, lane: WorkerLane, tried: Try) -> Order:
        """The order for one try. The worker is made to know its step, if it does not yet.

        :raises ExecutionError: when the step or its element cannot be sent
        """
        step = tried.step
        key = self._key(lane, step)
        return Order(key, tried.number, self._scope.run_id, self._scope.overrides(step), packed_particulars(step))

    def _key(self, lane: WorkerLane, step: Step) -> int:
        """What the worker calls it. That a map cannot be sent is found out once, not for each instance."""
        if step.template in self._unsendable:
            raise ExecutionError(self._unsendable[step.template])
        try:
            return lane.worker.define(step)
        except ExecutionError as error:
            if step.template is not None:
                self._unsendable[step.template] = str(error)
            raise

    def send(self, lane: WorkerLane, orders: Sequence[tuple[Try, Order]]) -> None:
        """Have them carried out, one after another."""
        lane.start(orders, _log_levels())

    def hear(self, readable: Sequence[object], forsaken: Callable[[list[Try]], None]) -> list[Happening]:
        """What the workers behind these connections have said. ``forsaken`` gets tries that have to be sent again."""
        heard: list[Happening] = []
        for lane in list(self.lanes):
            if not any(one is source for source in lane.worker.waited_for() for one in readable):
                continue
            heard += lane.hear()
            if lane.is_dead:
                forsaken(lane.take_rest())
                self.drop(lane)
            elif lane.asleep or lane.current is None:
                forsaken(lane.take_rest())
        return heard

    def drop(self, lane: WorkerLane) -> None:
        """Kill the worker of a lane."""
        self.lanes.remove(lane)
        self._pool.discard(lane.worker)

    def disband(self) -> None:
        """Give the workers back; one that is still at work is killed."""
        for lane in self.lanes:
            if lane.current is None and not lane.is_dead:
                self._pool.take_back(lane.worker, self._most)
            else:
                self._pool.discard(lane.worker)
        self.lanes = []


def _log_levels() -> tuple[int, ...]:
    """The levels at which workers log, which are those of this process."""
    return tuple(logging.getLogger(prefix).getEffectiveLevel() for prefix in capture.LOGGER_PREFIXES)
