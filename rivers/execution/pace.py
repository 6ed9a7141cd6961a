"""How many small steps to send to a worker at a time."""

from __future__ import annotations

from typing import Final

BATCH_SECONDS: Final = 0.02
"""What a batch should take, in real time: long against a round trip, short against what a dead worker would undo."""

BATCH_MAX: Final = 64
START_SECONDS: Final = 0.2
"""What a new worker takes to be ready."""

_WEIGHT_OF_LONGER: Final = 0.2
_WEIGHT_OF_SHORTER: Final = 0.5
"""The first steps in a worker take longer than those that follow, so a shorter one tells more."""


class Pace:
    """The recent length of a step in a worker. Advice only: a race between threads that update it does no harm."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        """``None`` until a step has been timed."""

    def observe(self, seconds: float) -> None:
        """A step took so long."""
        if self.seconds is None:
            self.seconds = seconds
        else:
            weight = _WEIGHT_OF_SHORTER if seconds < self.seconds else _WEIGHT_OF_LONGER
            self.seconds += weight * (seconds - self.seconds)

    def batch(self, remaining: int, workers: int) -> int:
        """How many of the ``remaining`` steps the next of so many workers gets.

        One while nothing is known. Later a fair half, so that the workers end together, and no more than fit in
        ``BATCH_SECONDS``.
        """
        if self.seconds is None:
            return 1
        by_time = int(BATCH_SECONDS / max(self.seconds, 1e-6))
        fair = -(-remaining // (2 * max(1, workers)))
        return max(1, min(BATCH_MAX, by_time, fair))

    def deserves_a_new_worker(self, remaining: int, workers: int) -> bool:
        """Whether the workers there are would be busy for longer than a new one takes to start."""
        return workers == 0 or self.seconds is None or remaining * self.seconds / workers > START_SECONDS
