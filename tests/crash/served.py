"""What the crash test serves: 27 schedules that fire every second and two sensors, over steps that leave a trace.

The environment says where the trace goes (``CRASH_FOLDER``) and how many runs may be in flight (``CRASH_LIMIT``; 0 for
a repository without a queue). A trace is one ``O_APPEND`` write, which a kill leaves whole or absent, and which the
store under test knows nothing of.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import rivers as rs

FOLDER = Path(os.environ["CRASH_FOLDER"])
LIMIT = int(os.environ["CRASH_LIMIT"])
RUNNING = rs.ScheduleStatus.Running
EVERY_SECOND = "* * * * * *"


def note(file: str, text: str) -> None:
    """Append one line in one write."""
    descriptor = os.open(FOLDER / file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)


@rs.Asset
def quick(context: rs.AssetExecutionContext) -> int:
    note("steps", f"{context.run_id} quick")
    return 1


@rs.Asset
def upper(context: rs.AssetExecutionContext) -> int:
    note("steps", f"{context.run_id} upper")
    time.sleep(int(context.run_id[:2], 16) / 1000)  # up to a quarter of a second: a kill finds some of these half-done
    return 1


@rs.Asset
def lower(context: rs.AssetExecutionContext, upper: int) -> int:
    note("steps", f"{context.run_id} lower")
    return upper + 1


short = rs.Job("short", [quick])
long = rs.Job("long", [upper, lower])


def every_second(name: str, job: str) -> rs.Schedule:
    return rs.Schedule(name=name, cron_schedule=EVERY_SECOND, job_name=job, default_status=RUNNING)


@rs.Schedule(cron_schedule=EVERY_SECOND, job_name="short", default_status=RUNNING)
def on_a_thread(context: rs.ScheduleEvaluationContext):
    return rs.RunRequest(run_key=context.scheduled_execution_time)


@rs.Schedule(cron_schedule=EVERY_SECOND, job_name="short", default_status=RUNNING)
async def as_a_coroutine(context: rs.ScheduleEvaluationContext):
    return rs.RunRequest(tags={"at": context.scheduled_execution_time})


@rs.Schedule(cron_schedule=EVERY_SECOND, job_name="short", default_status=RUNNING, eval_mode=rs.EvalMode.Subprocess)
def in_a_process(context: rs.ScheduleEvaluationContext):
    return rs.RunRequest(run_key=context.scheduled_execution_time)


@rs.Sensor(job_name="long", minimum_interval="150ms", default_status=rs.SensorStatus.Running)
def counting(context: rs.SensorEvaluationContext):
    """Counts its polls in the cursor; asks for one run for good at each, and for one a round of ten polls."""
    polls = int(context.cursor or 0) + 1
    note("polls", str(polls))
    requests = [rs.RunRequest(run_key="once"), rs.RunRequest(run_key=f"round {polls // 10}")]
    return rs.SensorResult(run_requests=requests, cursor=str(polls))


@rs.Sensor(job_name="short", minimum_interval="300ms", default_status=rs.SensorStatus.Running)
def the_same(context: rs.SensorEvaluationContext):
    return rs.RunRequest(run_key="the same at each poll")


repo = rs.CodeRepository(
    assets=[quick, upper, lower],
    jobs=[short, long],
    schedules=[
        *(every_second(f"short {number:02}", "short") for number in range(20)),
        *(every_second(f"long {number:02}", "long") for number in range(4)),
        on_a_thread,
        as_a_coroutine,
        in_a_process,
    ],
    sensors=[counting, the_same],
    run_queue=rs.RunQueueConfig(max_concurrent_runs=LIMIT) if LIMIT else None,
)
