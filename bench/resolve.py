"""The time in which a repository checks and compiles its graph."""

from __future__ import annotations

import time
from graphlib import TopologicalSorter

from bench.apart import apart
from bench.figures import Figure, Floor
from bench.graphs import layered_repository
from rivers.storage import Storage


def measure(assets: int) -> dict[str, float]:
    """Return the wall seconds of ``resolve``, and of the standard library sorting a graph of the same size."""
    storage = Storage.memory()
    with storage, layered_repository(assets) as repo:
        began = time.perf_counter()
        repo.resolve(storage)
        taken = time.perf_counter() - began
    began = time.perf_counter()
    tuple(TopologicalSorter({number: (number - 10, number - 9) for number in range(10, assets)}).static_order())
    return {"resolve": taken, "floor": time.perf_counter() - began}


def figures(*, assets: int = 5000) -> list[Figure]:
    """Return one row; there is neither a reference nor a budget."""
    sample = apart(measure, assets=assets)
    return [
        Figure(
            what=f"resolve() of {assets} assets",
            unit="s",
            ours=sample["resolve"],
            floor=Floor("graphlib sorts such a graph", sample["floor"]),
            loop_seconds=sample.loop_seconds,
            others=sample.others,
        )
    ]
