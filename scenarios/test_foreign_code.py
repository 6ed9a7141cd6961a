"""User code that raises, exits, hangs, dies or prints without end is on record, and disturbs nobody."""

from __future__ import annotations

import os
import sys

import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.simulation import Scenario
from scenarios.checks import SECOND, faults_without_a_record, runs_of_another_length, ticks_at_other_times

T0_NS = 1_767_225_600 * SECOND


@rs.Asset
def fine() -> int:
    """Works."""
    return 1


@rs.Asset
def exits() -> int:
    """Wants to end the process."""
    sys.exit(3)


@rs.Asset
def chats() -> int:
    """Prints two megabytes."""
    print("x" * 2_000_000)
    return 1


def raising() -> None:
    """Raises."""
    raise ValueError("boom")


def answering_nonsense() -> int:
    """Returns what nobody asked for."""
    return 42


def exiting() -> None:
    """Wants to end the process."""
    sys.exit("enough")


def dying() -> None:
    """Ends its process."""
    os._exit(5)


def unpicklable(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    """Answers with something that cannot come back from its process."""
    return rs.RunRequest(tags={"f": lambda: 1})


class Hanging:
    """Never answers within any time that one would wait."""

    __name__ = "hanging"

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock

    def __call__(self) -> None:
        self.clock.sleep_blocking(86_400)


EXPECTED = {
    "raising": "ValueError: boom",
    "answering_nonsense": "int",
    "exiting": "SystemExit: enough",
    "dying": "EXIT(5)",
    "unpicklable": "TypeError",
    "hanging": "'hanging' timed out after 10s",
}


async def disturbances(minutes: int = 3) -> list[str]:
    """Some minutes of a healthy schedule among faulty ones."""

    def scheduled(name: str, function: object = None, job_name: str = "fine", apart: bool = False) -> rs.Schedule:
        return rs.Schedule(
            function,
            name=name,
            cron_schedule="* * * * *",
            job_name=job_name,
            eval_timeout="10s",
            eval_mode=rs.EvalMode.Subprocess if apart else rs.EvalMode.Auto,
            default_status=rs.ScheduleStatus.Running,
        )

    hanging = Hanging(SimClock())
    repo = rs.CodeRepository(
        [fine, exits, chats],
        jobs=[rs.Job(asset.name, [asset]) for asset in (fine, exits, chats)],
        schedules=[
            scheduled("a_hanging", hanging),
            scheduled("hanging", hanging),
            *(scheduled(each.__name__, each) for each in (raising, answering_nonsense, exiting)),
            *(scheduled(each.__name__, each, apart=True) for each in (dying, unpicklable)),
            scheduled("healthy", lambda: rs.RunRequest()),
            scheduled("launches_exits", job_name="exits"),
            scheduled("launches_chats", job_name="chats"),
        ],
        default_executor=rs.Executor.in_process(),
    )
    sim = Scenario(repo)
    hanging.clock = sim.clock
    async with sim:
        await sim.clock.advance(minutes * 60 + 30)
        expected = [T0_NS + minute * 60 * SECOND for minute in range(1, minutes + 1)]
        found = ticks_at_other_times(sim.ticks("healthy"), expected)
        found += runs_of_another_length([run for run in sim.runs() if run.job_name == "fine"], 0)
        found += faults_without_a_record({name: sim.ticks(name) for name in EXPECTED}, EXPECTED)
        by_job = {job: [run for run in sim.runs() if run.job_name == job] for job in ("exits", "chats")}
        found += [f"{run.status}: {run.error}" for run in by_job["exits"] if "SystemExit: 3" not in (run.error or "")]
        found += [f"{run.status}: {run.error}" for run in by_job["chats"] if run.status != "Success"]
        found += [f"{job}: {len(runs)} runs" for job, runs in by_job.items() if len(runs) != minutes]
        return found


@pytest.mark.anyio
async def test_the_fault_is_on_record_and_the_neighbour_on_time() -> None:
    assert await disturbances() == []
