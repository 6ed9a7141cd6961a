"""Steps that execute beside the run's thread, as it knows them: tries, the lanes they are on, what happens there.

A lane carries out tries of steps and tells of them through ``Happening``: an end, a wait on the clock. It is *at rest*
when it can do nothing more until the run's thread does something for it. ``worker_lane`` has those of worker processes,
``call_lane`` those of threads and of the coroutine loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.steps.compiled_steps import Step


class Try:
    """One attempt at a step, on its way. ``position`` is that of the step in its batch, ``has_begun`` says that it has
    been noted as begun and has to wait still for the run's thread, ``holds_slots`` that it has what it needs of pools.
    ``is_timed`` says that the time of its timeout has begun. ``earlier`` is the failure of the attempt before it,
    ``fault`` what it fails with, however it ends. ``kept`` is what a worker has yielded and stored by now."""

    __slots__ = (
        "earlier",
        "fault",
        "has_begun",
        "holds_slots",
        "is_timed",
        "kept",
        "lane",
        "number",
        "over",
        "position",
        "step",
    )

    def __init__(self, step: Step, position: int, number: int) -> None:
        self.step = step
        self.position = position
        self.number = number
        self.lane: Lane | None = None
        self.over = False
        self.has_begun = False
        self.holds_slots = False
        self.is_timed = False
        self.earlier: AttemptFailure | None = None
        self.fault: BaseException | None = None
        self.kept: list[StepOutcome] = []

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the tries of its batch."""
        return self.position, self.number


@dataclass(frozen=True, slots=True)
class Ended:
    """A try came to its end. ``settle`` makes its outcome, on the run's thread."""

    tried: Try
    settle: Callable[[], StepOutcome]


@dataclass(frozen=True, slots=True)
class Sleeps:
    """A lane waits ``seconds`` on the clock; then call ``wake``."""

    lane: Lane
    seconds: float
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Begins:
    """The next try of a batch has begun."""

    tried: Try


@dataclass(frozen=True, slots=True)
class TimeBegins:
    """A worker has what a try refers to, and the time that the try has begins."""

    tried: Try


@dataclass(frozen=True, slots=True)
class Returned:
    """A coroutine that the run's thread itself waits for has returned."""

    lane: Lane


Happening = Ended | Sleeps | Begins | TimeBegins | Returned


class Lane:
    """What all kinds of lanes have in common."""

    def __init__(self) -> None:
        self.asleep = False
        self.is_stopped = False
        """Whether it was asked to end: then it does not wait on the clock any more, whatever it said before."""
        self.current: Try | None = None

    @property
    def at_rest(self) -> bool:
        """Whether it waits for the run's thread."""
        return self.asleep or self.current is None

    def stop(self) -> None:
        """Ask what it executes to end, which interrupts a wait on the clock."""
        self.is_stopped = True
        self.asleep = False

    def give_up(self) -> None:
        """Do not wait for it any longer; nothing that it still does counts."""
        self.current = None
