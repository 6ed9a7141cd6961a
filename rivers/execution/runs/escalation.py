"""How much more of a worker the next attempt would get. Recorded only: the executors here give what the machine has."""

from __future__ import annotations

import json
import re
from typing import Final

from rivers.definitions.policies.retries import Compute, ComputeEscalation

_QUANTITY: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_UNITS: Final = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}


def next_compute(compute: Compute | None, escalation: ComputeEscalation, failures: int) -> str:
    """What the attempt after the ``failures``-th failure asks for, as JSON with ``memory`` and, if known, ``cpu``.

    Memory grows by ``factor`` with each failure up to ``max_memory``; a step that asks for none goes straight to it.
    """
    wanted: dict[str, str] = {
        "memory": _grown(compute and compute.memory, escalation.factor**failures, escalation.max_memory)
        or escalation.max_memory
    }
    cpu = _grown(compute and compute.cpu, (escalation.cpu_factor or 1.0) ** failures, escalation.max_cpu)
    if cpu is not None:
        wanted["cpu"] = cpu
    return json.dumps(wanted)


def _grown(quantity: str | None, factor: float, most: str | None) -> str | None:
    """``quantity`` times ``factor``, at most ``most``; as it is when it cannot be read."""
    if quantity is None:
        return None
    number, unit = _read(quantity)
    limit = None if most is None else _size(most)
    if number is None:
        return quantity
    if limit is not None and number * factor * _UNITS[unit] >= limit:
        return most
    return f"{number * factor:g}{unit}"


def _read(quantity: str) -> tuple[float | None, str]:
    found = _QUANTITY.fullmatch(quantity)
    if found is None or found.group(2) not in _UNITS:
        return None, ""
    return float(found.group(1)), found.group(2)


def _size(quantity: str) -> float | None:
    number, unit = _read(quantity)
    return None if number is None else number * _UNITS[unit]
