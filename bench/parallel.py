"""What a small step costs in worker processes: sent in batches, sent one by one, and as one future a step.

All three call a function and store its value through a handler that discards it. Ours also plan, record three events a
step and their outcome; the futures of loky do nothing of that, so they are a floor and no rival.
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
    """Costs nothing, so that all that is measured is the way to the worker and back."""

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        """Keep nothing."""

    def load_input(self, context: rs.InputContext) -> Any:
        """Nothing was kept."""


class OneByOne(Pace):
    """Sends every step alone."""

    def batch(self, remaining: int, workers: int) -> int:
        """One."""
        return 1


def store_one(number: int) -> int:
    """What a future of loky does for one step."""
    Discarding().handle_output(rs.OutputContext(f"asset_{number}"), number)
    return number


def measure(steps: int, workers: int, repeats: int) -> dict[str, float]:
    """The best of ``repeats``, in wall seconds a step. The first round, which starts the workers, is not counted."""
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
    """Two rows: as it is, and with one step a message."""
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
