"""Measurements in a process of their own, where memory, imports or a setting of the whole process matter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.calibration import loop_seconds
from bench.machine import Watch

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Sample:
    """The values that a function measured in a process.

    ``loop_seconds`` is the time of the calibration loop there, ``others`` the number of cores that others used.
    """

    values: dict[str, float]
    loop_seconds: float
    others: float

    def __getitem__(self, name: str) -> float:
        return self.values[name]


def apart(measure: Callable[..., dict[str, float]], **sizes: Any) -> Sample:
    """Call ``measure(**sizes)`` in a fresh process; ``measure`` is a function of a module of ``bench``.

    :raises RuntimeError: with the output of the process, when it fails
    """
    command = [sys.executable, "-m", "bench.apart", measure.__module__, measure.__name__, json.dumps(sizes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{measure.__module__}.{measure.__name__}({sizes}) failed:\n{done.stdout}{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Sample(**told)


def _main(module: str, name: str, sizes: str) -> None:
    before, watch = loop_seconds(), Watch()
    values = getattr(import_module(module), name)(**json.loads(sizes))
    others = watch.others()
    print(json.dumps({"values": values, "loop_seconds": (before + loop_seconds()) / 2, "others": others}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
