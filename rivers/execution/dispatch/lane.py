"""One lane, the attempt on it, and what lanes tell the batch that they work for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step


@dataclass(slots=True, eq=False)
class StepAttempt:
    """Attempt ``number`` at the step at ``position`` in its batch, from the moment at which it may begin.

    ``lane`` executes it, once it is on one. ``has_begun`` says that its begin is recorded although it still waits for
    the run's thread. ``has_ended`` says that nothing that happens to it counts any more. ``holds_slots`` says that it
    has what it needs of pools, ``is_timed`` that the time of its timeout has begun. ``earlier_failure`` is that of the
    attempt before it.
    """

    step: Step
    position: int
    number: int
    lane: Lane | None = None
    has_begun: bool = False
    has_ended: bool = False
    holds_slots: bool = False
    is_timed: bool = False
    earlier_failure: AttemptFailure | None = None
    order: tuple[int, int] = field(init=False)
    """Its place among the attempts of its batch."""

    def __post_init__(self) -> None:
        self.order = (self.position, self.number)


class Dispatch(Protocol):
    """What lanes tell of attempts, and what they ask for. For the run's thread alone."""

    @property
    def scope(self) -> RunScope:
        """The run whose steps are executed."""
        ...

    @property
    def look_after(self) -> Callable[[], None]:
        """Attend to all lanes, once: for a lane that keeps the run's thread waiting."""
        ...

    def began(self, attempt: StepAttempt, *, is_timed: bool = True) -> None:
        """Record that an attempt begins, and with it the time that it has.

        Without ``is_timed`` it begins in a worker, and its time when ``time_began`` says so.
        """
        ...

    def time_began(self, attempt: StepAttempt) -> None:
        """Count the time of an attempt from now on."""
        ...

    def note(self, attempt: StepAttempt, event_type: str, fact: tuple[str, str]) -> None:
        """Record something about an attempt that has not begun."""
        ...

    def ended(self, attempt: StepAttempt, outcome: Callable[[], StepOutcome]) -> None:
        """Record that an attempt has ended. Only its first end counts.

        ``outcome`` is called when its turn in the instant has come.
        """
        ...

    def put_back(self, attempts: Sequence[StepAttempt]) -> None:
        """Take back attempts that were not begun: they are ready, unless the run is to stop."""
        ...

    def settle_past(self) -> None:
        """Record what has happened in an instant that is over, before the run's thread is occupied."""
        ...

    def after(self, seconds: float, order: tuple[int, ...], action: Callable[[], object]) -> None:
        """Have ``action`` done when so many seconds have passed on the clock."""
        ...


class Lane(ABC):
    """Where one attempt at a time executes beside the run's thread."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self.asleep = False
        self.is_stopped = False
        """Whether it was asked to end. Then it does not wait on the clock any more, whatever it said before."""
        self.current: StepAttempt | None = None

    @property
    def at_rest(self) -> bool:
        """Whether it can do nothing until the run's thread does something for it."""
        return self.asleep or self.current is None

    @property
    def cleans_up(self) -> bool:
        """Whether the attempt on it gets the time to clean up when it is asked to end."""
        return False

    def sleep(self, seconds: float, wake: Callable[[], None]) -> None:
        """Wait on the clock, then ``wake``. One that is to end does not wait."""
        if self.current is None or self.is_stopped:
            wake()
        else:
            self.asleep = True
            self._dispatch.after(seconds, self.current.order, wake)

    def stop(self, fault: BaseException | None = None) -> None:
        """Ask the attempt to end, which interrupts a wait on the clock. It fails with ``fault``, however it ends."""
        self.is_stopped = True
        self.asleep = False

    @abstractmethod
    def give_up(self, error: BaseException) -> StepOutcome:
        """Wait for the attempt no longer.

        :returns: its outcome: it fails with ``error``. What it has stored stands, and nothing that it still does
        """
