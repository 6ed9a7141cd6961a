"""A story of two runs at a time whose steps execute in every place, told by ``test_two_runs_in_every_place.py``.

Steps are in worker processes, on threads, on the thread of the run and coroutines; they wait on the clock, fail, are
tried again, last longer than their timeout, and take a random moment of real time. One of the runs is cancelled in the
middle. Run as a program it prints the digest of its trace and more: ``python -m scenarios.places_story trio``.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Generator
from typing import Any

import anyio
from obstore.store import LocalStore

import rivers as rs
from rivers.simulation import Scenario

HANDLER = rs.PickleIOHandler(store=LocalStore(tempfile.mkdtemp(prefix="rivers-story-")))
TIMEOUT = {"rivers/timeout": "40s"}
effects: list[str] = []


def moment() -> None:
    """Up to five milliseconds, differently each time, so that whoever could be overtaken is."""
    time.sleep(random.random() * 0.005)


def told_twice(context: rs.AssetExecutionContext) -> None:
    """Waits twice, and tells when that was over to who shares its process."""
    for seconds in (5, 7):
        moment()
        context.sleep(seconds)
    effects.append(f"{context.now():%M:%S} {context.asset_name}")


async def told_by_a_coroutine(context: rs.AssetExecutionContext) -> None:
    """Blocks its loop, but neither the clock nor the other run."""
    told_twice(context)


def apart(context: rs.AssetExecutionContext) -> str:
    """Waits in a worker process."""
    moment()
    context.sleep(5)
    return f"{context.now():%M:%S}"


def quick() -> None:
    """Waits for nothing."""
    moment()


def flaky(context: rs.AssetExecutionContext) -> None:
    """Works from the twentieth second of a minute on."""
    moment()
    if context.now().second < 20:
        raise ConnectionError("not yet")


def endless(context: rs.AssetExecutionContext) -> None:
    """Waits until somebody ends it."""
    while True:
        context.sleep(3)


def several() -> Generator[rs.Output]:
    """Two values, a moment apart."""
    for name in ("one", "other"):
        moment()
        yield rs.Output(1, output_name=name)


def far(function: Any, name: str, **settings: Any) -> Any:
    """An asset that a worker process can make."""
    return rs.Asset(function, name=name, io_handler=HANDLER, **settings)


def near(function: Any, name: str, **settings: Any) -> Any:
    """An asset over the memory of this process."""
    return rs.Asset(function, name=name, **settings)


RETRY = rs.RetryPolicy(4, backoff=rs.Backoff.exponential(6))
first = [
    *(near(told_twice, f"thread_{number}", metadata=TIMEOUT) for number in range(4)),
    *(far(apart, f"worker_{number}") for number in range(3)),
    *(far(quick, f"quick_{number}") for number in range(4)),
    far(flaky, "flaky_worker", retry=RETRY),
    near(flaky, "flaky_thread", retry=RETRY, metadata=TIMEOUT),
    far(endless, "endless_worker", metadata=TIMEOUT),
    near(endless, "endless_thread", metadata=TIMEOUT),
    *(near(told_by_a_coroutine, f"coroutine_{number}") for number in range(2)),
    near(told_twice, "here"),
    rs.Asset.from_multi(output_defs=[rs.AssetDef(name, io_handler=HANDLER) for name in ("one", "other")])(several),
]
followed = ("thread_0", "worker_0", "coroutine_0", "one")
after = [far(apart, f"after_{name}", deps=[rs.AssetDef.dep(name)]) for name in followed]
repo = rs.CodeRepository(
    [*first, *after],
    jobs=[rs.Job("all", [*first, *after])],
    schedules=[
        rs.Schedule(name=name, cron_schedule="*/5 * * * *", job_name="all", default_status=rs.ScheduleStatus.Running)
        for name in ("left", "right")
    ],
    default_executor=rs.Executor.parallel(3),
)


async def tell() -> str:
    """The digest of two times two runs, and when the steps of this process had their effects.

    Sorted, since steps beside each other share no order within an instant; only the trace gives them one.
    """
    effects.clear()
    durations = {"coroutine_1": "8s", "thread_2": "9s", "worker_1": "9s", "quick_3": "2s", "here": "4s"}
    async with Scenario(repo, durations=durations, failures={"quick_2": 1}) as sim:
        await sim.clock.advance_to("2026-01-01T00:05:17Z")
        await sim.cancel(sim.runs("Started")[0].run_id)
        await sim.clock.advance_to("2026-01-01T00:14:00Z")
        statuses = [run.status for run in sim.runs()]
        return "\n".join([f"{sim.trace.digest()} {len(sim.trace)} {statuses}", *sorted(effects)])


if __name__ == "__main__":
    print(anyio.run(tell, backend=sys.argv[1]))
