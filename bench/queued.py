"""The time in which a full queue drains: runs of one sensor poll, ten at a time, on a synced embedded store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

import rivers as rs
from bench import floors
from bench.apart import apart
from bench.figures import Figure, Floor
from rivers.daemons.graph import automation_graph
from rivers.storage import Storage
from rivers.storage.changes import Change, RunSucceeded

CONCURRENT = 10
PATIENCE_SECONDS = 120


def measure(runs: int) -> dict[str, float]:
    """Return the wall seconds from the end of the poll to the last success, and those of one synced transaction."""
    floor = floors.synced_transaction_seconds()
    with TemporaryDirectory(prefix="rivers-bench-") as folder:
        storage = Storage.embedded(str(Path(folder) / "storage"))
        polled: list[float] = []
        with storage, _repository(runs, polled) as repo:
            repo.resolve(storage)
            ended_at = anyio.run(_drained, repo, storage, runs)
    return {"drained": ended_at - polled[0], "floor": floor}


def _repository(runs: int, polled: list[float]) -> rs.CodeRepository:
    @rs.Asset
    def parcel() -> None:
        """Do nothing."""

    @rs.Sensor(job_name="deliver", minimum_interval="1h", default_status=rs.SensorStatus.Running)
    def mail(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        requests = [rs.RunRequest(run_key=str(number)) for number in range(runs)]
        polled.append(time.perf_counter())
        return rs.SensorResult(run_requests=requests)

    return rs.CodeRepository(
        assets=[parcel],
        jobs=[rs.Job("deliver", [parcel])],
        sensors=[mail],
        default_executor=rs.Executor.in_process(),
        run_queue=rs.RunQueueConfig(max_concurrent_runs=CONCURRENT),
    )


async def _drained(repo: rs.CodeRepository, storage: Storage, runs: int) -> float:
    """Return the moment of the last success."""
    all_done = anyio.Event()
    succeeded_at: list[float] = []

    def count(changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, RunSucceeded):
                succeeded_at.append(time.perf_counter())
        if len(succeeded_at) == runs:
            graph.clock.post(all_done.set)

    with anyio.fail_after(PATIENCE_SECONDS):
        async with automation_graph(repo, storage) as graph:
            unsubscribe = storage.subscribe(count)
            await all_done.wait()
            unsubscribe()
    return succeeded_at[-1]


def figures(*, runs: int = 500) -> list[Figure]:
    """Return one row; the floor is one transaction a run."""
    sample = apart(measure, runs=runs)
    return [
        Figure(
            what=f"{runs} runs queued at once, {CONCURRENT} at a time",
            unit="s",
            ours=sample["drained"],
            reference=13.7,
            budget=13.7 / 6,
            floor=Floor(f"{runs} synced transactions", runs * sample["floor"]),
            loop_seconds=sample.loop_seconds,
            others=sample.others,
        )
    ]
