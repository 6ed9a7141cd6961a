"""The load of other processes on the machine, and the restriction of a process to one core."""

from __future__ import annotations

import os
import time
from pathlib import Path

_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal


class Watch:
    """A count of the cores that others use from its construction on. A wall time taken beside them says little."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy = _machine_seconds()
        self._own = _own_seconds()

    def others(self) -> float:
        """Return how many cores other processes have kept busy on average; 0 where there is no ``/proc``."""
        busy, own = _machine_seconds() - self._busy, _own_seconds() - self._own
        return max(0.0, busy - own) / (time.perf_counter() - self._began)


def use_one_core() -> None:
    """Keep this process and the threads that it starts from now on to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _machine_seconds() -> float:
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return 0.0
    return sum(int(fields[field]) for field in _BUSY_FIELDS) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
