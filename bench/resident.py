"""Resident memory of this process."""

from __future__ import annotations

import gc
import os
from pathlib import Path


def resident_mb() -> float:
    """Return the megabytes that the process has in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
