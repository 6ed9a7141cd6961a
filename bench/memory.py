"""The memory that a repository of many assets holds once all of them are materialized."""

from __future__ import annotations

import rivers.cli.app  # noqa: F401  -- what a serving process has loaded, so that the floor has it too
from bench.apart import apart
from bench.figures import Figure, Floor
from bench.graphs import layered_repository
from bench.resident import resident_mb
from rivers.storage import Storage


def measure(assets: int) -> dict[str, float]:
    """Return the megabytes with an empty store, and after materializing that many assets into it."""
    storage = Storage.memory()
    floor = resident_mb()
    with storage, layered_repository(assets) as repo:
        repo.resolve(storage)
        assert repo.materialize().success
        storage.flush_events()
        return {"resident": resident_mb(), "floor": floor}


def figures(*, assets: int = 5000) -> list[Figure]:
    """Return one row. The store in memory is the worse case: an embedded one keeps only its index in memory."""
    sample = apart(measure, assets=assets)
    return [
        Figure(
            what=f"resident memory, {assets} assets materialized",
            unit="MB",
            ours=sample["resident"],
            reference=1350,
            budget=300,
            floor=Floor("an empty store in memory", sample["floor"]),
            others=sample.others,
        )
    ]
