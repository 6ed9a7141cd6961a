"""The system under a steady load in real time: schedules that are due every second, on a synced embedded store."""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

import rivers as rs
from bench import floors
from bench.apart import Sample, apart
from bench.figures import Figure, Floor
from bench.graphs import scheduled_repository
from bench.resident import resident_mb
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.graph import automation_graph
from rivers.storage import Storage

WARM_UP_SECONDS = 3
HALF_SECOND = 0.5


class _Starts:
    """The times at which the user's code of each run started, by the system's clock."""

    def __init__(self) -> None:
        self.at: list[tuple[str, float]] = []

    def __call__(self, context: rs.AssetExecutionContext) -> None:
        self.at.append((context.run_id, time.time()))


def measure(schedules: int, seconds: int, evaluated: bool) -> dict[str, float]:
    """Return CPU seconds a run, lateness of the user's code in wall seconds, megabytes, and the floors of all three."""
    floor = {
        "transaction_cpu": floors.synced_transaction_cpu_seconds(),
        "hop": floors.thread_hop_seconds(),
        "empty": resident_mb(),
    }
    starts = _Starts()
    with TemporaryDirectory(prefix="rivers-bench-") as folder:
        storage = Storage.embedded(str(Path(folder) / "storage"))
        with storage, scheduled_repository(schedules, "* * * * * *", starts, evaluated=evaluated) as repo:
            repo.resolve(storage)
            return floor | anyio.run(_under_load, repo, storage, starts, seconds)


async def _under_load(repo: rs.CodeRepository, storage: Storage, starts: _Starts, seconds: int) -> dict[str, float]:
    async with automation_graph(repo, storage) as graph:
        # From the middle of one second to the middle of another, so that the work of each second falls within the time.
        began = math.ceil(time.time()) + WARM_UP_SECONDS + HALF_SECOND
        await anyio.sleep(began - time.time())
        cpu_before = time.process_time()
        await anyio.sleep(began + seconds - time.time())
        cpu = time.process_time() - cpu_before
        resident = resident_mb()
        scheduled = _scheduled_at(graph, repo)
    late = sorted(
        at - scheduled[run_id]
        for run_id, at in starts.at
        if run_id in scheduled and began < scheduled[run_id] < began + seconds
    )
    assert len(late) == len(repo.schedules) * seconds, f"{len(late)} runs started in {seconds} s"
    return {
        "cpu": cpu / len(late),
        "p50": statistics.median(late),
        "p99": late[math.ceil(len(late) * 0.99) - 1],
        "resident": resident,
    }


def _scheduled_at(graph: AutomationGraph, repo: rs.CodeRepository) -> dict[str, float]:
    """Return the second that each run stands for, by run id."""
    return {
        run_id: tick.scheduled_at / 1e9
        for schedule in repo.schedules
        for tick in graph.storage.get_ticks(schedule.name)
        if tick.scheduled_at is not None
        for run_id in tick.run_ids
    }


def figures(*, schedules: int = 100, seconds: int = 10) -> list[Figure]:
    """Return the rows of CPU, lateness and memory, for schedules with and without an evaluation function."""
    found: list[Figure] = []
    for evaluated in (True, False):
        sample = apart(measure, schedules=schedules, seconds=seconds, evaluated=evaluated)
        load = f"{schedules} schedules a second" + ("" if evaluated else ", no functions")
        found += [
            Figure(
                what=f"CPU a scheduled run, {load}",
                unit="ms",
                ours=sample["cpu"] * 1e3,
                reference=9.1,
                budget=9.1 / 4,
                floor=Floor("CPU of one synced transaction", sample["transaction_cpu"] * 1e3),
                loop_seconds=sample.loop_seconds,
                others=sample.others,
            ),
            _lateness("p50", 195, sample, load),
            _lateness("p99", 650, sample, load),
            Figure(
                what=f"resident memory, {load}, after {seconds} s",
                unit="MB",
                ours=sample["resident"],
                reference=785,
                budget=150,
                floor=Floor("before the store is opened", sample["empty"]),
                others=sample.others,
            ),
        ]
    return found


def _lateness(which: str, reference: float, sample: Sample, load: str) -> Figure:
    return Figure(
        what=f"start after its second, {which}, {load}",
        unit="ms",
        ours=sample[which] * 1e3,
        reference=reference,
        budget=reference / 5,
        floor=Floor("an empty thread hop", sample["hop"] * 1e3),
        loop_seconds=sample.loop_seconds,
        others=sample.others,
    )
