"""The cost of simulating a month of a system that is almost always idle."""

from __future__ import annotations

import time

import anyio

from bench import floors
from bench.apart import apart
from bench.figures import Figure, Floor
from bench.graphs import scheduled_repository
from rivers.daemons.safety import IDLE_SECONDS
from rivers.simulation import Scenario

DAY_SECONDS = 86_400


def measure(days: int) -> dict[str, float]:
    """Return the CPU seconds of the simulation, and of the bare wake-ups at one daemon's safety interval."""
    repo = scheduled_repository(1, "30 2 * * *")

    async def simulate() -> float:
        async with Scenario(repo) as sim:
            began = time.process_time()
            await sim.clock.advance(days * DAY_SECONDS)
            taken = time.process_time() - began
            assert len(sim.runs(status="Success")) == days
            return taken

    wakes = round(days * DAY_SECONDS / IDLE_SECONDS)
    return {"simulated": anyio.run(simulate), "floor": wakes / floors.bare_wake_ups_per_second(1, wakes)}


def figures(*, days: int = 30) -> list[Figure]:
    """Return one row; there is neither a reference nor a budget."""
    sample = apart(measure, days=days)
    return [
        Figure(
            what=f"{days} simulated days, one nightly schedule",
            unit="s",
            ours=sample["simulated"],
            floor=Floor("the wake-ups of one daemon's safety interval", sample["floor"]),
            loop_seconds=sample.loop_seconds,
            others=sample.others,
        )
    ]
