"""A story of steps beside each other in simulated time, told by ``test_steps_beside_each_other.py``.

Two workers share steps that sleep on the clock, steps that do not, one that fails and waits between its attempts, and
one that is longer than its timeout. Beside them a coroutine lasts a simulated while, and others sleep in this process.
Run as a program it prints the digest of its trace and more: ``python -m scenarios.parallel_story trio``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from typing import Any

import anyio
from obstore.store import LocalStore

import rivers as rs
from rivers.simulation import Scenario

HANDLER = rs.PickleIOHandler(store=LocalStore(tempfile.mkdtemp(prefix="rivers-story-")))
SLEEPS = {"a_minute": 60, "half_a_minute": 30, "a_quarter": 15}


def sleeper(context: rs.AssetExecutionContext) -> list[str]:
    """Sleeps on the clock, in a worker process."""
    before = f"{context.now():%H:%M:%S}"
    context.sleep(SLEEPS[context.asset_name])
    return [before, f"{context.now():%H:%M:%S}"]


def quick() -> int:
    """Needs a moment of real time and none of simulated time."""
    time.sleep(0.002)
    return 1


def failing() -> None:
    """Never succeeds."""
    raise ValueError("as always")


async def calm() -> int:
    """Awaits nothing."""
    return 1


async def drowsy(context: rs.AssetExecutionContext) -> str:
    """Blocks its loop, but not the clock."""
    context.sleep(10)
    return f"{context.now():%H:%M:%S}"


def here(context: rs.AssetExecutionContext) -> str:
    """Sleeps on the thread of the run, over the memory of this process, while the others go on."""
    context.sleep(25)
    return f"{context.now():%H:%M:%S}"


def asset(function: Any, name: str, **settings: Any) -> Any:
    """An asset whose value a worker can store."""
    return rs.Asset(function, name=name, io_handler=HANDLER, **settings)


repo = rs.CodeRepository(
    assets=[
        asset(sleeper, "a_minute"),
        asset(quick, "quick_1"),
        asset(failing, "failing", retry=rs.RetryPolicy(2, backoff=rs.Backoff.constant(20))),
        asset(sleeper, "half_a_minute"),
        *(asset(quick, f"quick_{number}") for number in range(2, 8)),
        asset(sleeper, "a_quarter"),
        asset(quick, "endless", metadata={"rivers/timeout": "40s"}),
        rs.Asset(calm),
        rs.Asset(here),
        rs.Asset(drowsy),
    ],
    default_executor=rs.Executor.parallel(2),
)


sleepers = [asset(sleeper, "a_minute"), asset(sleeper, "half_a_minute")]
hourly = rs.CodeRepository(
    assets=sleepers,
    jobs=[rs.Job("sleepers", sleepers)],
    schedules=[
        rs.Schedule(
            name="hourly",
            cron_schedule="0 * * * *",
            job_name="sleepers",
            default_status=rs.ScheduleStatus.Running,
        )
    ],
)


async def tell() -> str:
    """The digest of one run, with every step's times, and what the sleepers saw of the clock."""
    async with Scenario(repo, durations={"calm": "50s", "endless": "1h"}) as sim:
        result = await sim.materialize(raise_on_error=False)
        start = sim.storage.get_run(result.run_id).start_time
        lines = [
            f"{(event.timestamp - start) / 1e9:g} {event.event_type} {event.asset_key}"
            for event in sim.storage.get_events_for_run(result.run_id)
            if event.event_type != "Materialization"
        ]
        seen = [f"{name} {sim.graph.repo.load_node(name)}" for name in (*SLEEPS, "here", "drowsy")]
        return "\n".join([sim.trace.digest(), *lines, *seen])


if __name__ == "__main__":
    print(anyio.run(tell, backend=sys.argv[1]))
