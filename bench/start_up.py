"""The wait before anything happens: ``import rivers`` and ``rivers --help``."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.apart import ROOT
from bench.calibration import loop_seconds
from bench.figures import Figure, Floor
from bench.machine import Watch

COMMANDS: dict[str, tuple[float, float, Sequence[str]]] = {
    "import rivers": (0.30, 0.15, (sys.executable, "-c", "import rivers")),
    "rivers --help": (0.61, 0.35, (str(Path(sys.executable).with_name("rivers")), "--help")),
}


def figures(*, processes: int = 10) -> list[Figure]:
    """Return the median of that many fresh processes each, after one that warms the file cache."""
    floor = Floor("python -c pass", _median_seconds((sys.executable, "-c", "pass"), processes))
    found: list[Figure] = []
    for what, (reference, budget, command) in COMMANDS.items():
        watch = Watch()
        found.append(
            Figure(
                what=what,
                unit="s",
                ours=_median_seconds(command, processes),
                reference=reference,
                budget=budget,
                floor=floor,
                others=watch.others(),
                loop_seconds=loop_seconds(),
            )
        )
    return found


def _median_seconds(command: Sequence[str], processes: int) -> float:
    taken: list[float] = []
    for _ in range(processes + 1):
        began = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])
