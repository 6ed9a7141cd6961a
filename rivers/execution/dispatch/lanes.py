"""All lanes of one kind in a batch: which attempts they take, when there is room, and whether they are at rest."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, Final

from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Dispatch, Lane, StepAttempt

HERE: Final = "here"
"""The place of steps that execute on the run's thread, one at a time."""


class Room:
    """How many attempts may go on at one time in the lanes that share it: ``most``, any number for ``None``."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._sharing: list[Lanes] = []

    def share(self, lanes: Lanes) -> None:
        """Count what goes on in these lanes as well."""
        self._sharing.append(lanes)

    @property
    def free(self) -> int | None:
        """How many more may begin; ``None`` for any number."""
        if self.most is None:
            return None
        free = self.most
        for lanes in self._sharing:
            free -= lanes.taken
        return free

    @property
    def is_free(self) -> bool:
        """Whether one more may begin."""
        free = self.free
        return free is None or free > 0


class Lanes(ABC):
    """The lanes of one kind. ``ready`` holds the attempts that may begin there, the first of the plan first."""

    def __init__(self, dispatch: Dispatch, room: Room) -> None:
        self.ready: list[tuple[tuple[int, int], StepAttempt]] = []
        self.delayed: dict[StepAttempt, None] = {}
        """Attempts that have begun, and go on when their simulated time has passed."""
        self._dispatch = dispatch
        self._room = room
        room.share(self)

    # -- what each kind says for itself --------------------------------------------------------------------------------

    @property
    @abstractmethod
    def lanes(self) -> Collection[Lane]:
        """The lanes that there are now."""

    @property
    @abstractmethod
    def taken(self) -> int:
        """How much of the room is in use."""

    @abstractmethod
    def start(self, attempt: StepAttempt) -> None:
        """Execute an attempt whose begin is recorded."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was borrowed. What still executes is given up."""

    @property
    def at_rest(self) -> bool:
        """Whether nothing goes on here but on the clock."""
        return all(lane.at_rest for lane in self.lanes)

    @property
    def is_due(self) -> bool:
        """Whether something can begin here as soon as the run's thread comes to it."""
        return False

    def sources(self) -> Sequence[Any]:
        """What becomes readable when something happens here."""
        return ()

    def hear(self, readable: Sequence[Any]) -> None:  # noqa: B027  # the run's thread has nothing to hear
        """Take in what has happened behind those sources that are ``readable``."""

    # -- what begins ---------------------------------------------------------------------------------------------------

    def add(self, attempt: StepAttempt) -> None:
        """An attempt may begin."""
        heapq.heappush(self.ready, (attempt.order, attempt))

    def next(self) -> StepAttempt | None:
        """Take the first attempt that is ready."""
        while self.ready:
            attempt = heapq.heappop(self.ready)[1]
            if not attempt.has_ended:  # its time may have passed while it waited for the run's thread
                return attempt
        return None

    def take_all(self) -> list[StepAttempt]:
        """Take every attempt that is ready."""
        attempts = [attempt for _, attempt in self.ready]
        self.ready.clear()
        return attempts

    def has_room_for(self, attempt: StepAttempt) -> bool:
        """Whether an attempt could begin at once, after those that are ready and come before it."""
        free = self._room.free
        return free is None or (free > 0 and sum(order < attempt.order for order, _ in self.ready) < free)

    def begin_ready(self) -> None:
        """Begin everything that there is room for."""
        while self.ready and self._room.is_free:
            attempt = self.next()
            if attempt is not None and self._begin(attempt):
                self.start(attempt)

    def _begin(self, attempt: StepAttempt) -> bool:
        """Record that it begins; false when it is not to go on before its simulated time has passed."""
        if attempt.has_begun:
            return True
        self._dispatch.began(attempt)
        seconds = self._delay(attempt)
        if seconds <= 0:
            return True
        self.delayed[attempt] = None
        self._dispatch.after(seconds, attempt.order, lambda: self._go_on(attempt))
        return False

    def _delay(self, attempt: StepAttempt) -> float:
        return self._dispatch.scope.simulated_seconds(attempt.step, attempt.number)

    def _go_on(self, attempt: StepAttempt) -> None:
        if attempt in self.delayed:
            del self.delayed[attempt]
            self.start(attempt)

    # -- what is ended -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask everything that executes here to end."""
        for lane in list(self.lanes):
            lane.stop()

    def give_up(self, attempt: StepAttempt, error: BaseException) -> StepOutcome:
        """Wait no longer for an attempt that has begun.

        :returns: its outcome: it fails with ``error``, and what it has stored stands
        """
        self.delayed.pop(attempt, None)
        if attempt.lane is None:
            return StepOutcome(failure=AttemptFailure.of(error))
        return attempt.lane.give_up(error)
