"""The cost of a small step in worker processes: sent in batches, sent one by one, and as one future a step.

All three call a function and store its value through a handler that discards it. The first two also plan the run and
record three events a step. The futures of loky do nothing of that, so they are the floor.
"""

from __future__ import annotations

import time
from typing import Any

from loky import get_reusable_executor

import rivers as rs
from bench.apart import apart
from bench.figures import Figure, Floor
from rivers.execution.workers.pool import Pace
from rivers.storage import Storage


class Discarding(rs.BaseIOHandler):
    """A handler that costs nothing, so that only the way to the worker and back is measured."""

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        """Keep nothing."""

    def load_input(self, context: rs.InputContext) -> Any:
        """Return ``None``, as nothing was kept."""


class OneByOne(Pace):
    """A pace that sends every step alone."""

    def batch(self, remaining: int, workers: int) -> int:
        """Return 1."""
        return 1


def store_one(number: int) -> int:
    """Do what a future of loky does for one step."""
    Discarding().handle_output(rs.OutputContext(f"asset_{number}"), number)
    return number


def measure(steps: int, workers: int, repeats: int) -> dict[str, float]:
    """Return the best of ``repeats``, in wall seconds a step. The round that starts the workers does not count."""
    found: dict[str, float] = {}
    handler = Discarding()
    assets = [rs.Asset(_numbered(number), name=f"asset_{number}", io_handler=handler) for number in range(steps)]
    for name, pace in (("batched", Pace()), ("one by one", OneByOne())):
        with Storage.memory() as storage:
            with rs.CodeRepository(assets, default_executor=rs.Executor.parallel(workers)) as repo:
                repo.resolve(storage)
                repo.environment.workers.pace = pace
                taken = [_timed(lambda: repo.materialize()) for _ in range(repeats + 2)]
                found[name] = min(taken[2:]) / steps
    executor = get_reusable_executor(max_workers=workers)

    def futures() -> None:
        for future in [executor.submit(store_one, number) for number in range(steps)]:
            future.result()

    taken = [_timed(futures) for _ in range(repeats + 1)]
    executor.shutdown(wait=True, kill_workers=True)
    return {**found, "futures": min(taken[1:]) / steps}


def _numbered(number: int) -> Any:
    def step() -> int:
        return number

    return step


def _timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def figures(*, steps: int = 1000, workers: int = 2, repeats: int = 5) -> list[Figure]:
    """Return two rows: with steps in batches, and with one step a message."""
    sample = apart(measure, steps=steps, workers=workers, repeats=repeats)
    floor = Floor("one loky future a step, nothing recorded", sample["futures"] * 1e3)
    return [
        Figure(
            what=f"parallel step overhead, {steps} small steps, {name}",
            unit="ms",
            ours=sample[name] * 1e3,
            floor=floor,
            loop_seconds=sample.loop_seconds,
        )
        for name in ("batched", "one by one")
    ]
