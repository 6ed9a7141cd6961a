"""A fixed piece of pure Python whose time shows the speed of this machine at the moment.

Every process that takes a figure runs it before and after, so that figures of different machines and of a busy and a
quiet moment can be compared.
"""

from __future__ import annotations

import time
from typing import Final

NOMINAL_SECONDS: Final = 0.032
"""The time of the loop on the quiet 2-core machine (AMD EPYC, CPython 3.11) on which the budgets were set."""

_ROUNDS: Final = 500_000
_REPEATS: Final = 3


def loop_seconds() -> float:
    """Return the CPU seconds of the loop on this thread: the best of three."""
    return min(_once() for _ in range(_REPEATS))


def _once() -> float:
    began = time.thread_time()
    table: dict[int, int] = {}
    total = 0
    for number in range(_ROUNDS):
        total += number * 3 % 7
        table[number & 1023] = total
    return time.thread_time() - began
