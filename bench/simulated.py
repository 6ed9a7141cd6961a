"""Scheduled runs on simulated time: evaluation function, tick, run and events, all persisted in a memory store.

The process is pinned to one core, as the budget is for one.
"""

from __future__ import annotations

import time

import anyio

from bench import floors
from bench.apart import apart
from bench.figures import Figure, Floor
from bench.graphs import scheduled_repository
from bench.machine import use_one_core
from rivers.simulation import Scenario

BUDGET = 1500
ROUNDS = 3


def measure(schedules: int, seconds: int, backend: str) -> dict[str, float]:
    """Return runs a CPU second and a wall second in the best round, and transactions a second of the engine."""
    use_one_core()
    repo = scheduled_repository(schedules, "* * * * * *")
    floor = 1 / floors.memory_transaction_seconds()

    async def simulate() -> dict[str, float]:
        async with Scenario(repo) as sim:
            await sim.clock.advance(1)
            before = len(sim.runs())
            rounds: list[tuple[float, float]] = []
            for _ in range(ROUNDS):
                cpu, wall = time.process_time(), time.perf_counter()
                await sim.clock.advance(seconds)
                rounds.append((time.process_time() - cpu, time.perf_counter() - wall))
            runs = schedules * seconds
            assert len(sim.runs(status="Success")) == before + runs * ROUNDS
            cpu, wall = map(min, zip(*rounds, strict=True))
            return {"by_cpu": runs / cpu, "by_wall": runs / wall}

    return {"floor": floor, **anyio.run(simulate, backend=backend)}


def figures(*, runs: int = 2000) -> list[Figure]:
    """Return the rows of many schedules due at once, on asyncio and trio, and of one schedule for a long time."""
    found: list[Figure] = []
    for schedules, backend in ((100, "asyncio"), (1, "asyncio"), (100, "trio")):
        sample = apart(measure, schedules=schedules, seconds=max(1, runs // schedules), backend=backend)
        for value, by in (("by_cpu", "CPU"), ("by_wall", "wall")):
            found.append(
                Figure(
                    what=f"simulated runs a {by} second, {schedules} due each second, {backend}",
                    unit="1/s",
                    ours=sample[value],
                    budget=BUDGET if value == "by_cpu" else None,
                    floor=Floor("transactions of the engine", sample["floor"]),
                    loop_seconds=sample.loop_seconds,
                    others=sample.others,
                    more_is_better=True,
                )
            )
    return found
