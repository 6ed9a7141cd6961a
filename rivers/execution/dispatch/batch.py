"""The state of a batch of steps that execute beside each other: what waits, what goes on, what has ended."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import wait

from rivers.exceptions import ExecutionError, RunCanceled
from rivers.execution.attempts.coroutine_host import CLOSE_GRACE_SECONDS, CoroutineHost
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.agenda import Inbox, Instant, Quotas, Timers
from rivers.execution.dispatch.calls import CallLane
from rivers.execution.dispatch.crew import Crew
from rivers.execution.dispatch.deadlines import Deadlines
from rivers.execution.dispatch.lane import Happening, Sleeps, Try
from rivers.execution.dispatch.places import Place
from rivers.execution.dispatch.pool_line import PoolLine
from rivers.execution.dispatch.workers import WorkerLane
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step


class Batch:
    """Every step of the batch needs slots of pools, is ready, delayed (by a simulation), on a lane, in a backoff, or
    settled.

    At most ``most`` execute in workers and on threads.
    """

    def __init__(self, scope: RunScope, most: int, steps: Sequence[tuple[Step, Place]]) -> None:
        self.scope = scope
        self.most = max(1, most)
        self.unsettled = len(steps)
        self.is_nested = False
        """Whether a step is on the run's thread now, waiting on the clock or for its coroutine."""
        self.ready: dict[Place, list[tuple[tuple[int, int], Try]]] = {place: [] for place in Place}
        self.delayed: dict[Try, Place] = {}
        self.calls: dict[CallLane, None] = {}
        self.coroutines_count = 0
        """How many of ``calls`` are coroutines."""
        self.crew = Crew(scope, self.most)
        self.timers = Timers()
        self.instant = Instant(scope.environment.clock.monotonic)
        self.inbox: Inbox[Happening] = Inbox()
        self.backoffs: dict[Try, AttemptFailure] = {}
        self.deadlines = Deadlines(self.after, self.give_up)
        self._places = [place for _, place in steps]
        coroutines = scope.environment.coroutines
        # A coroutine that calls materialize() occupies its loop until that returns.
        self._coroutines = CoroutineHost() if coroutines.is_own_thread() else coroutines
        self._quotas = Quotas()
        self._is_withdrawn = False
        self.pool_line = PoolLine(scope.pools, self, self.place_of)
        for position, (step, place) in enumerate(steps):
            tried = Try(step, position, 1)
            if not self._quotas.admits(tried):
                continue
            if step.pools:
                self.pool_line.add(tried)
            else:
                self.ready[place].append((tried.order, tried))

    # -- what goes on --------------------------------------------------------------------------------------------------

    def next(self, place: Place) -> Try | None:
        """Take the first that is ready for ``place``."""
        while self.ready[place]:
            tried = heapq.heappop(self.ready[place])[1]
            if not tried.over:  # its time may have passed while it waited for the run's thread
                return tried
        return None

    def put_back(self, tried: Try) -> None:
        """It is ready, for the first time or again, but for slots of pools that it may need. Not after all were
        withdrawn: what a worker gives back then is not begun any more."""
        if self._is_withdrawn:
            self._withdraw(tried)
        elif tried.step.pools and not tried.holds_slots:
            self.pool_line.add(tried)
        else:
            heapq.heappush(self.ready[self.place_of(tried)], (tried.order, tried))

    def place_of(self, tried: Try) -> Place:
        """Where it is to execute."""
        return self._places[tried.position]

    def put_back_all(self, tries: Sequence[Try]) -> None:
        """They were sent to a worker that will not begin them."""
        for tried in tries:
            self.put_back(tried)

    @property
    def slots_taken(self) -> int:
        """How many of ``most`` are in use."""
        delayed = sum(place in (Place.WORKER, Place.THREAD) for place in self.delayed.values())
        return self.crew.busy_count + len(self.calls) - self.coroutines_count + delayed

    def is_quiet(self) -> bool:
        """Whether nothing goes on but on the clock."""
        coroutines = [lane for lane in self.calls if lane.is_coroutine]
        # A coroutine that blocks on the clock blocks the loop, and with it all others.
        quiet_loop = not coroutines or any(lane.asleep for lane in coroutines)
        others = [*self.crew.lanes, *(lane for lane in self.calls if not lane.is_coroutine)]
        is_done_here = self.is_nested or not self.ready[Place.HERE]
        return is_done_here and quiet_loop and all(lane.at_rest for lane in others)

    def after(self, seconds: float, order: tuple[int, ...], action: Callable[[], object]) -> None:
        """Have ``action`` done when so many seconds have passed on the clock."""
        self.timers.set(self.scope.environment.clock.monotonic() + seconds, order, action)

    def call_lane(self, tried: Try) -> CallLane:
        """A lane for a thread or a coroutine, which has not begun."""
        scope = self.scope
        if tried.step.is_async and not self.coroutines_count and self._coroutines.is_held:
            # By another run, whose wait may not end before this one's does.
            self._coroutines = CoroutineHost()
        return CallLane(tried, scope.environment, scope.cancellation, self.inbox, self._coroutines)

    def begin_call(self, lane: CallLane) -> None:
        """It begins."""
        self.calls[lane] = None
        self.coroutines_count += lane.is_coroutine

    def end_call(self, lane: CallLane) -> None:
        """It has ended, or does not count any more."""
        if lane in self.calls:
            del self.calls[lane]
            self.coroutines_count -= lane.is_coroutine

    # -- slots of pools ------------------------------------------------------------------------------------------------

    def granted(self, tried: Try) -> None:
        """See ``Outcomes``."""
        pools = ",".join(pool for pool, _ in tried.step.pools)
        self._note(tried, "StepSlotClaimed", ("pools", pools))
        self.put_back(tried)

    def refused(self, tried: Try, seconds: float, reason: str | None) -> None:
        """See ``Outcomes``."""
        if reason is not None:
            self._note(tried, "StepSlotWaiting", ("reason", reason))
        wait = self.pool_line.wait_of(tried)
        self.after(seconds, tried.order, lambda: self.pool_line.again(tried, wait))

    def timed_out(self, tried: Try, error: ExecutionError) -> None:
        """See ``Outcomes``."""
        outcome = StepOutcome(failure=AttemptFailure.of(error, repeatable=False))
        self.note_end(tried, lambda: outcome)

    def _note(self, tried: Try, event_type: str, fact: tuple[str, str]) -> None:
        self.instant.began(tried.order, lambda: self.scope.ledger.tell(tried.step, event_type, (fact,)))

    def _release(self, tried: Try) -> None:
        if tried.holds_slots:
            tried.holds_slots = False
            self.scope.pools.release(tried.step)  # ``SlotNews`` tells those who wait for them

    # -- what begins and ends ------------------------------------------------------------------------------------------

    def note_begin(self, tried: Try) -> None:
        """An attempt begins, and with it the time that it has."""
        self._tell_begin(tried)
        self.deadlines.begin(tried)

    def note_sent(self, tried: Try) -> None:
        """An attempt begins in a worker, where the time that it has begins when the worker says so."""
        self._tell_begin(tried)
        self.deadlines.await_import(tried)

    def _tell_begin(self, tried: Try) -> None:
        self.instant.began(tried.order, lambda: self.scope.ledger.begin(tried.step, tried.number))

    def note_end(self, tried: Try, settle: Callable[[], StepOutcome]) -> None:
        """An attempt has ended; ``settle`` makes its outcome. Only the first end of an attempt counts."""
        if not tried.over:
            tried.over = True
            lane, fault = tried.lane, tried.fault
            if isinstance(lane, CallLane):
                self.end_call(lane)
                if fault is not None:
                    settle = lambda: lane.outcome_of(fault)  # noqa: E731
            self.instant.ended(tried.order, lambda: self._settle(tried, settle()))

    def give_up(self, tried: Try, error: BaseException) -> None:
        """End an attempt that has begun, wherever it is. What it has stored stands, and nothing that it still does."""
        lane = tried.lane
        tried.fault = None
        self.delayed.pop(tried, None)
        outcome = StepOutcome.cut_off(tried.kept, AttemptFailure.of(error))
        if isinstance(lane, WorkerLane):
            rest = lane.take_rest()
            lane.give_up()
            self.crew.drop(lane)
            self.put_back_all(rest)
        elif isinstance(lane, CallLane):
            outcome = lane.outcome_now(error)
            lane.give_up()
        self.note_end(tried, lambda: outcome)

    def withdraw_all(self) -> None:
        """Begin nothing more, and make no attempt again."""
        self._is_withdrawn = True
        self.unsettled -= self._quotas.withdraw()
        withdrawn = self.pool_line.withdraw()
        for ready in self.ready.values():
            withdrawn += [tried for _, tried in ready]
            ready.clear()
        for tried in withdrawn:
            self._withdraw(tried)
        for tried, failure in self.backoffs.items():
            self.scope.ledger.close(tried.step, failure)
            self._release(tried)
            self.unsettled -= 1
        self.backoffs.clear()

    def _withdraw(self, tried: Try) -> None:
        if tried.over:
            return
        if tried.has_begun:
            self.give_up(tried, RunCanceled("the run was cancelled"))
            return
        if tried.earlier is not None:
            self.scope.ledger.close(tried.step, tried.earlier)
        self._release(tried)
        self.unsettled -= 1

    def disband(self) -> None:
        """Give the workers back. What still executes is given up, coroutines when they had time to clean up."""
        self.crew.disband()
        try:
            self._await_cleaning()
        finally:
            self._leave()

    def _await_cleaning(self) -> None:
        for lane in self.calls:
            lane.stop()
        ending = [lane.ending for lane in self.calls if lane.ending is not None]
        if ending:
            wait(ending, CLOSE_GRACE_SECONDS)

    def _leave(self) -> None:
        for lane in self.calls:
            lane.give_up()
        for happening in self.inbox.close():
            if isinstance(happening, Sleeps):
                happening.wake()
        if self._coroutines is not self.scope.environment.coroutines:
            self._coroutines.close()  # the last, since it waits for those that were just asked to end

    def _settle(self, tried: Try, outcome: StepOutcome) -> None:
        wait = self.scope.ledger.settle(tried.step, tried.number, outcome)
        is_next_at_once = wait == 0
        holds_slots = tried.holds_slots and is_next_at_once
        if not is_next_at_once:
            self._release(tried)
        if wait is None or outcome.failure is None:
            self.unsettled -= 1
            successor = self._quotas.leave(tried)
            if successor is not None:
                self.put_back(successor)
            return
        following = Try(tried.step, tried.position, tried.number + 1)
        following.holds_slots, following.earlier = holds_slots, outcome.failure
        self.backoffs[following] = outcome.failure
        self.after(wait, following.order, lambda: self._try_again(following))

    def _try_again(self, tried: Try) -> None:
        if self.backoffs.pop(tried, None) is not None:
            self.put_back(tried)
