"""Messages between this process and a worker process, over the one connection between them.

The parent gives orders and answers questions. The worker sends one outcome for each order, in the sequence of the
orders, and asks for the time while it executes one. At most one question is unanswered at any moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rivers.execution.attempts.outcomes import StepOutcome


@dataclass(frozen=True, slots=True)
class Define:
    """Parent to worker: ``key`` stands for this step from now on."""

    key: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Forget:
    """Parent to worker: drop this definition."""

    key: int


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at a step. ``particulars`` are what this run adds to the defined step, ``None`` for nothing."""

    key: int
    number: int
    run_id: str
    overrides: dict[str, Any] | None
    particulars: bytes | None = None


@dataclass(frozen=True, slots=True)
class Execute:
    """Parent to worker: carry out these orders one after another. ``log_levels`` are the levels of rivers' loggers."""

    orders: tuple[Order, ...]
    log_levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Worker to parent: everything that the present order refers to has been imported, so its timeout begins.

    Sent for steps with a timeout only.
    """


@dataclass(frozen=True, slots=True)
class Done:
    """Worker to parent: the next of the orders has ended, after ``seconds`` of real time."""

    outcome: StepOutcome
    seconds: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Worker to parent: a result that the present order has just yielded and stored. ``Done`` repeats it."""

    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class Sleep:
    """Worker to parent: send ``Woken`` when ``seconds`` have passed on the clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Woken:
    """Parent to worker: the last ``Sleep`` is over. The orders after the present one are withdrawn."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """Worker to parent: send the ``Time``."""


@dataclass(frozen=True, slots=True)
class Time:
    """Parent to worker: epoch nanoseconds."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Parent to worker: the run was cancelled. End the present order and begin no other."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Worker to parent: after a ``Stop``, the remaining orders will not begin."""


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Parent to worker: evaluate a trigger, and send the ``Answer``.

    ``function`` is rivers' own: it reads ``task``, calls the user's function and returns what came of it, packed. It
    never raises. The message carries it because workers know nothing of triggers.
    """

    function: Callable[[bytes], bytes]
    task: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Worker to parent: what the function of ``Evaluate`` returned."""

    packed: bytes
