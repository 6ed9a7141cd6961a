"""A batch of steps that execute beside each other: what may begin, what has begun, what has ended, what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from rivers.exceptions import RunCanceled
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.agenda import Instant, Quotas, Timers
from rivers.execution.dispatch.deadlines import Deadlines
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.lanes import Lanes
from rivers.execution.dispatch.pool_line import PoolLine, SlotNews
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step

MakeLanes = Callable[[Dispatch], Mapping[str, Lanes]]
"""Makes the lanes of a batch, by the place that steps are assigned to, in the order in which they begin attempts."""


class Batch:
    """Each step waits for slots of pools, is ready, delayed by a simulation, on a lane, before its next attempt, or
    settled.

    ``steps`` come with their places. ``look_after`` attends to all lanes, once.
    """

    def __init__(
        self,
        scope: RunScope,
        steps: Sequence[tuple[Step, str]],
        make_lanes: MakeLanes,
        look_after: Callable[[], None],
    ) -> None:
        self.scope = scope
        self.look_after = look_after
        self.unsettled = 0
        """How many steps may still come to something."""
        self.timers = Timers()
        self.instant = Instant(scope.environment.clock.monotonic)
        self.retries: dict[StepAttempt, None] = {}
        """Attempts that follow a failed one, and wait for their time to come."""
        self.last_outcome = StepOutcome()
        """Of the attempt that was settled last."""
        by_place = make_lanes(self)
        self.lanes = tuple(by_place.values())
        self.pool_line: PoolLine | None = None
        """Where attempts wait that need slots; ``None`` when no step of the batch does."""
        self._assigned = [by_place[place] for _, place in steps]
        self._steps = [step for step, _ in steps]
        self._deadlines = Deadlines(self.after, self.give_up)
        self._quotas = Quotas()
        self._is_withdrawn = False
        if scope.pools is not None and any(step.pools for step in self._steps):
            self.pool_line = PoolLine(scope.pools, SlotNews(scope.environment.storage), self, self._lanes_for)

    def _lanes_for(self, attempt: StepAttempt) -> Lanes:
        """Where an attempt is to execute."""
        return self._assigned[attempt.position]

    # -- what may begin ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the first attempt at every step ready."""
        self.unsettled = len(self._steps)
        for position, step in enumerate(self._steps):
            attempt = StepAttempt(step, position, 1)
            if step.max_concurrency is None or self._quotas.admits(attempt):
                self._make_ready(attempt)

    def go_on(self, failed: StepAttempt, wait: float, outcome: StepOutcome) -> None:
        """Make the attempt ready, in ``wait`` seconds, that follows one which failed with ``outcome`` elsewhere."""
        self.unsettled = 1
        self.last_outcome = outcome
        self._await_retry(failed, wait)

    def put_back(self, attempts: Sequence[StepAttempt]) -> None:
        """See ``Dispatch``."""
        for attempt in attempts:
            self._make_ready(attempt)

    def _make_ready(self, attempt: StepAttempt) -> None:
        if self._is_withdrawn:
            self._withdraw(attempt)
        elif self.pool_line is not None and attempt.step.pools and not attempt.holds_slots:
            self.pool_line.add(attempt)
        else:
            self._lanes_for(attempt).add(attempt)

    def _await_retry(self, failed: StepAttempt, wait: float) -> None:
        """Make the attempt after a failed one ready in ``wait`` seconds."""
        following = StepAttempt(failed.step, failed.position, failed.number + 1)
        following.holds_slots, following.earlier_failure = failed.holds_slots, self.last_outcome.failure
        self.retries[following] = None
        self.after(wait, following.order, lambda: self._end_wait(following))

    def _end_wait(self, attempt: StepAttempt) -> None:
        if attempt in self.retries:
            del self.retries[attempt]
            self._make_ready(attempt)

    def begin_ready(self) -> None:
        """Begin everything that there is room for, and one step on this thread."""
        if self.pool_line and self.instant.is_empty:
            self.pool_line.ask(lambda attempt: self._lanes_for(attempt).has_room_for(attempt))
        for lanes in self.lanes:
            lanes.begin_ready()

    def after(self, seconds: float, order: tuple[int, ...], action: Callable[[], object]) -> None:
        """See ``Dispatch``."""
        self.timers.set(self.scope.environment.clock.monotonic() + seconds, order, action)

    # -- what begins and ends ------------------------------------------------------------------------------------------

    def began(self, attempt: StepAttempt, *, is_timed: bool = True) -> None:
        """See ``Dispatch``."""
        self.instant.began(attempt.order, partial(self.scope.ledger.begin, attempt.step, attempt.number))
        if attempt.step.timeout is None:
            return
        if is_timed:
            self._deadlines.begin(attempt)
        else:
            self._deadlines.await_import(attempt)

    def time_began(self, attempt: StepAttempt) -> None:
        """See ``Dispatch``."""
        self._deadlines.begin(attempt)

    def note(self, attempt: StepAttempt, event_type: str, fact: tuple[str, str]) -> None:
        """See ``Dispatch``."""
        self.instant.began(attempt.order, partial(self.scope.ledger.tell, attempt.step, event_type, (fact,)))

    def ended(self, attempt: StepAttempt, outcome: Callable[[], StepOutcome]) -> None:
        """See ``Dispatch``."""
        if not attempt.has_ended:
            attempt.has_ended = True
            self.instant.ended(attempt.order, partial(self._settle, attempt, outcome))

    def settle_past(self) -> None:
        """See ``Dispatch``. Nothing can be added to the instant of a step that is the only one left."""
        if self.instant.is_over(quiet=self.unsettled == 1):
            self.instant.settle()

    def give_up(self, attempt: StepAttempt, error: BaseException) -> None:
        """End an attempt that has begun, wherever it is. What it has stored stands, and nothing that it still does."""
        outcome = self._lanes_for(attempt).give_up(attempt, error)
        self.ended(attempt, lambda: outcome)

    def _settle(self, attempt: StepAttempt, make_outcome: Callable[[], StepOutcome]) -> None:
        outcome = self.last_outcome = make_outcome()
        wait = self.scope.ledger.settle(attempt.step, attempt.number, outcome)
        if self.pool_line is not None and wait != 0:  # an attempt that follows at once keeps its slots
            self.pool_line.release(attempt)
        if wait is not None:
            self._await_retry(attempt, wait)
            return
        self.unsettled -= 1
        if attempt.step.max_concurrency is not None:
            successor = self._quotas.leave(attempt)
            if successor is not None:
                self._make_ready(successor)

    # -- the end -------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Begin nothing more, make no attempt again, and ask what goes on to end."""
        self._withdraw_all()
        for lanes in self.lanes:
            for attempt in list(lanes.delayed):
                self.give_up(attempt, RunCanceled("the run was cancelled"))
        for lanes in self.lanes:
            lanes.stop()

    def stop_waiting(self) -> None:
        """Give up what was asked to end and has not."""
        for attempt in [lane.current for lanes in self.lanes for lane in lanes.lanes]:
            if attempt is not None:
                self.give_up(attempt, RunCanceled("the run was cancelled, and the step did not end by itself"))

    def close(self) -> None:
        """Give back what was borrowed. What still executes is given up, coroutines when they had time to clean up."""
        with ExitStack() as stack:
            stack.callback(self._let_go_of_steps)
            for lanes in reversed(self.lanes):
                stack.callback(lanes.close)
            if self.pool_line is not None:
                self.pool_line.close()

    def _let_go_of_steps(self) -> None:
        # The batch and its lanes refer to each other, so they wait for the cyclic collector. The steps that were
        # compiled for this run alone must not: workers forget a step when it is collected.
        self._steps.clear()
        self._assigned.clear()
        self.timers = Timers()

    def _withdraw_all(self) -> None:
        self._is_withdrawn = True
        self.unsettled -= self._quotas.withdraw()
        withdrawn = [] if self.pool_line is None else self.pool_line.withdraw()
        for lanes in self.lanes:
            withdrawn += lanes.take_all()
        for attempt in (*withdrawn, *self.retries):
            self._withdraw(attempt)
        self.retries.clear()

    def _withdraw(self, attempt: StepAttempt) -> None:
        if attempt.has_ended:
            return
        if attempt.has_begun:
            self.give_up(attempt, RunCanceled("the run was cancelled"))
            return
        if attempt.earlier_failure is not None:
            self.scope.ledger.close(attempt.step, attempt.earlier_failure)
        if self.pool_line is not None:
            self.pool_line.release(attempt)
        self.unsettled -= 1
