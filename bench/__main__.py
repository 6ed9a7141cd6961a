"""``python -m bench [NAME ...] [--json]``: run the named subjects, or all of them, and print the table."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from bench.calibration import NOMINAL_SECONDS, loop_seconds
from bench.figures import Figure
from bench.table import rendered

SUBJECTS = (
    "start_up",
    "steps",
    "parallel",
    "scheduled",
    "queued",
    "memory",
    "resolve",
    "partitions",
    "simulated",
    "sleepers",
    "idle_month",
)
"""The modules that measure. Each has a function ``figures``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when a subject failed. The others go on. A figure over its budget is no failure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=f"one of {', '.join(SUBJECTS)}; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"no subject is called {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    figures: list[Figure] = []
    failed = False
    for name in options.subjects or SUBJECTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            figures += import_module(f"bench.{name}").figures()
        except Exception as error:
            failed = True
            print(f"{name} failed: {error}", file=sys.stderr)
    if options.json:
        print(json.dumps({"machine": _machine(), "figures": [figure.as_json() for figure in figures]}, indent=2))
    else:
        print(f"{_machine_line()}\n\n{rendered(figures)}")
    return int(failed)


def _machine() -> dict[str, float | str | None]:
    return {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "loop_seconds": loop_seconds(),
        "loop_seconds_nominal": NOMINAL_SECONDS,
    }


def _machine_line() -> str:
    machine = _machine()
    return (
        f"CPython {machine['python']}, {machine['cores']} cores, load {machine['load']:.1f}; calibration loop "
        f"{machine['loop_seconds'] * 1e3:.1f} ms, nominal {NOMINAL_SECONDS * 1e3:.1f} ms ('scaled' is at nominal)"
    )


if __name__ == "__main__":
    sys.exit(main())
