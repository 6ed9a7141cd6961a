"""What runs in production runs in simulation: the same daemons, which do not know which clock they are on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.clock import Clock, SimClock, WallClock
from rivers.daemons.graph import automation_graph
from rivers.ids import SeededIds
from rivers.simulation import Trace
from rivers.storage import Storage
from rivers.storage.changes import Change, RunSucceeded
from scenarios.checks import differences, questions_which_clock

ROOT = Path(__file__).resolve().parents[1]
RUNS = 5


@rs.Asset
def extract() -> list[int]:
    """Some numbers."""
    return [1, 2, 3]


@rs.Asset
def load(extract: list[int]) -> int:
    """Their sum."""
    return sum(extract)


@rs.Sensor(job_name="etl", minimum_interval="1h", default_status=rs.SensorStatus.Running)
def inbox(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """Five files at the first poll."""
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=f"file-{number}") for number in range(RUNS)], cursor="5")


def make_repo() -> rs.CodeRepository:
    return rs.CodeRepository(
        [extract, load],
        jobs=[rs.Job("etl", [extract, load])],
        sensors=[inbox],
        run_queue=rs.RunQueueConfig(max_concurrent_runs=1),
        default_executor=rs.Executor.in_process(),
    )


async def tell(clock: Clock) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """What was committed until the last run had ended, without the times, and which daemons there were."""
    trace = Trace()
    ends = 0
    with Storage.memory() as storage:
        all_ended = anyio.Event()

        def watch(changes: Sequence[Change]) -> None:
            nonlocal ends
            if ends < RUNS:
                trace(changes)
                ends += sum(isinstance(change, RunSucceeded) for change in changes)
                if ends == RUNS:
                    clock.post(all_ended.set)

        storage.subscribe(watch)
        async with automation_graph(make_repo(), storage, clock, SeededIds(1)) as graph:
            if isinstance(clock, SimClock):
                await clock.advance_until(all_ended)
            else:
                with anyio.fail_after(60):
                    await all_ended.wait()
            daemons = [(name, health.state) for name, health in graph.health().daemons.items()]
    return [{name: value for name, value in json.loads(line).items() if name != "at"} for line in trace.lines], daemons


def daemon_sources() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / "rivers/daemons").glob("*.py"))}


def test_no_daemon_asks_which_clock_it_is_on() -> None:
    assert questions_which_clock(daemon_sources()) == []


@pytest.mark.anyio
async def test_the_same_story_on_real_time_and_on_simulated_time() -> None:
    real, real_daemons = await tell(WallClock())
    simulated, simulated_daemons = await tell(SimClock())
    assert differences(real_daemons, simulated_daemons) == []
    assert differences(real, simulated) == []
    assert len(real) > 30
