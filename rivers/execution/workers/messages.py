"""What a run and a worker process say to each other, over the one connection between them.

The run gives orders and answers questions; the worker tells an outcome for each order, in their sequence, and asks for
time while it executes one. Between the two there is never more than one unanswered question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rivers.execution.attempts.outcomes import StepOutcome


@dataclass(frozen=True, slots=True)
class Define:
    """Run to worker: ``key`` stands for this step from now on."""

    key: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Forget:
    """Run to worker: drop this definition."""

    key: int


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at a step. ``particulars`` are what this run adds to the step that was defined, if anything."""

    key: int
    number: int
    run_id: str
    overrides: dict[str, Any] | None
    particulars: bytes | None = None


@dataclass(frozen=True, slots=True)
class Execute:
    """Run to worker: carry these out, one after another. ``log_levels`` are those of rivers' loggers."""

    orders: tuple[Order, ...]
    log_levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Worker to run: all that the present order refers to is there, and its time begins. Of steps with a timeout."""


@dataclass(frozen=True, slots=True)
class Done:
    """Worker to run: the next of the orders has ended, after so many real seconds."""

    outcome: StepOutcome
    seconds: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Worker to run: what the present order has yielded and stored just now. ``Done`` will tell of it again."""

    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class Sleep:
    """Worker to run: wake me when so many seconds have passed on the clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Woken:
    """Run to worker: they have. The orders after the present one are withdrawn."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """Worker to run: what time is it?"""


@dataclass(frozen=True, slots=True)
class Time:
    """Run to worker: epoch nanoseconds."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Run to worker: the run was cancelled; end what you execute, and begin nothing more."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Worker to run: after a Stop, the orders that remained will not be begun."""
