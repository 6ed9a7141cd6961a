"""The cost of a step beside the user's code: a graph of empty functions, every event persisted."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import floors
from bench.apart import apart
from bench.figures import Figure, Floor
from bench.graphs import layered_repository
from rivers.storage import Storage

REFERENCE_MS = {"memory": 1.2, "embedded": 2.3}
FLOORS = {"memory": floors.memory_transaction_seconds, "embedded": floors.synced_transaction_seconds}


def measure(kind: str, steps: int, repeats: int) -> dict[str, float]:
    """Return the best of ``repeats`` materializations of a graph, in wall seconds a step, and the floor."""
    floor = FLOORS[kind]()
    with TemporaryDirectory(prefix="rivers-bench-") as folder:
        storage = Storage.memory() if kind == "memory" else Storage.embedded(str(Path(folder) / "storage"))
        with storage, layered_repository(steps) as repo:
            repo.resolve(storage)
            taken: list[float] = []
            for _ in range(repeats):
                began = time.perf_counter()
                result = repo.materialize()
                taken.append(time.perf_counter() - began)
                assert result.success
                assert len(storage.get_events_for_run(result.run_id)) >= 3 * steps
    return {"step": min(taken) / steps, "floor": floor}


def figures(*, steps: int = 1000, repeats: int = 5) -> list[Figure]:
    """Return both rows: memory and embedded."""
    found: list[Figure] = []
    for kind, reference in REFERENCE_MS.items():
        sample = apart(measure, kind=kind, steps=steps, repeats=repeats)
        found.append(
            Figure(
                what=f"step overhead, {kind}, {steps} steps",
                unit="ms",
                ours=sample["step"] * 1e3,
                reference=reference,
                budget=reference / 5,
                floor=Floor("one engine transaction", sample["floor"] * 1e3),
                loop_seconds=sample.loop_seconds,
                others=sample.others,
            )
        )
    return found
