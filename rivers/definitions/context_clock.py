"""How a context that user code holds tells the time and waits: by what its executor gave it, else by the wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _wall_datetime(epoch_seconds: Callable[[], float] = time.time) -> datetime:
    return datetime.fromtimestamp(epoch_seconds(), UTC)


@dataclass(frozen=True, slots=True)
class FixedMoment:
    """A clock that stands still, for a context that has been sent to another process. Picklable."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


WALL_NOW: Callable[[], datetime] = _wall_datetime
"""The aware UTC datetime of this machine."""

WALL_SLEEP: Callable[[float], None] = time.sleep
"""Waits that many seconds of this machine's time."""
