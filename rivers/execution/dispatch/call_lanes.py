"""The threads and the coroutines of one batch, which execute in this process beside the run's thread."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from concurrent.futures import wait
from typing import Any, Generic, TypeVar

from rivers.execution.attempts.coroutine_host import CLOSE_GRACE_SECONDS, CoroutineHost
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.call_lane import CallLane, Calls, CoroutineLane, Returned, Sleeps, ThreadLane
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.lanes import Lanes, Room

L = TypeVar("L", bound=CallLane)


class CallLanes(Lanes, Generic[L]):
    """A lane for each attempt that goes on, with one inbox for what they tell from other threads."""

    def __init__(self, dispatch: Dispatch, room: Room) -> None:
        super().__init__(dispatch, room)
        self._inbox: Calls | None = None
        self._lanes: dict[CallLane, L] = {}

    @property
    def lanes(self) -> Collection[L]:
        return self._lanes.values()

    @property
    def taken(self) -> int:
        return len(self._lanes) + len(self.delayed)

    @abstractmethod
    def _new_lane(self, attempt: StepAttempt, inbox: Calls) -> L:
        """A lane that has not begun."""

    def start(self, attempt: StepAttempt) -> None:
        lane = self._new_lane(attempt, self._opened())
        self._lanes[lane] = lane
        lane.start()

    def sources(self) -> Sequence[Any]:
        return () if self._inbox is None else (self._inbox,)

    def hear(self, readable: Sequence[Any]) -> None:
        if self._inbox is None:
            return
        for call in self._inbox.take():
            match call:
                case Returned(lane=lane):
                    self._take_returned(lane)
                case Sleeps(lane=lane, seconds=seconds, over=over):
                    lane.sleep(seconds, lambda lane=lane, over=over: lane.wake(over))

    def _take_returned(self, lane: CallLane) -> None:
        attempt = lane.current
        if self._lanes.pop(lane, None) is not None and attempt is not None and not lane.is_awaited:
            self._dispatch.ended(attempt, lane.outcome)

    def give_up(self, attempt: StepAttempt, error: BaseException) -> StepOutcome:
        outcome = super().give_up(attempt, error)
        for lane in [lane for lane in self._lanes if lane is attempt.lane]:
            del self._lanes[lane]
        return outcome

    def close(self) -> None:
        """Give up what still executes."""
        self.stop()
        for lane in self.lanes:
            lane.abandon()
        if self._inbox is not None:
            for call in self._inbox.close():
                if isinstance(call, Sleeps):
                    call.over.set()

    def _opened(self) -> Calls:
        if self._inbox is None:
            self._inbox = Calls()
        return self._inbox


class ThreadLanes(CallLanes[ThreadLane]):
    """Steps on threads of their own."""

    def _new_lane(self, attempt: StepAttempt, inbox: Calls) -> ThreadLane:
        return ThreadLane(attempt, self._dispatch, inbox)


class CoroutineLanes(CallLanes[CoroutineLane]):
    """Steps as coroutines, on the loop of the repository or, where that cannot serve, on one of their own."""

    def __init__(self, dispatch: Dispatch, room: Room) -> None:
        super().__init__(dispatch, room)
        self._shared = dispatch.scope.environment.coroutines
        self._host: CoroutineHost | None = None

    @property
    def at_rest(self) -> bool:
        # A coroutine that blocks on the clock blocks the loop, and with it all others.
        return not self._lanes or any(lane.asleep for lane in self._lanes)

    def close(self) -> None:
        """Give up what still executes, when it has had the time to clean up."""
        try:
            self.stop()
            ending = [lane.ending for lane in self.lanes if lane.ending is not None]
            if ending:
                wait(ending, CLOSE_GRACE_SECONDS)
        finally:
            super().close()
            if self._host is not None and self._host is not self._shared:
                self._host.close()  # the last, since it waits for those that were just asked to end

    def lane_for_caller(self, attempt: StepAttempt) -> CoroutineLane:
        """A lane for a coroutine that the run's thread itself will wait for, which has not begun."""
        return self._new_lane(attempt, self._opened())

    def await_lane(self, lane: CoroutineLane) -> Any:
        """Begin it, and look after all lanes until it has returned or was given up; what it returned or raised."""
        self._lanes[lane] = lane
        try:
            lane.begin_awaited()
        except BaseException:
            if lane.ending is None:
                del self._lanes[lane]
            raise
        while lane in self._lanes:
            self._dispatch.look_after()
        return lane.result()

    def _new_lane(self, attempt: StepAttempt, inbox: Calls) -> CoroutineLane:
        return CoroutineLane(attempt, self._dispatch, inbox, self._free_host())

    def _free_host(self) -> CoroutineHost:
        host = self._host
        if host is None:
            # A coroutine that calls materialize() occupies its loop until that returns.
            host = CoroutineHost() if self._shared.is_own_thread() else self._shared
        if not self._lanes and host.is_held:
            # By another run, whose wait may not end before this one's does.
            host = CoroutineHost()
        self._host = host
        return host
