"""Where a step of a batch can execute."""

from __future__ import annotations

from enum import Enum


class Place(Enum):
    """Where a step executes."""

    HERE = "here"
    """On the run's thread, one at a time."""
    WORKER = "worker"
    THREAD = "thread"
    LOOP = "loop"
