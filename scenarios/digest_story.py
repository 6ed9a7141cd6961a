"""A story with everything in it that could change the order of things, told by ``test_one_digest.py``.

Two schedules fire in one instant and their steps append to one list; three sensors are polled in one instant, one sync,
one async, one in a worker process. Run as a program it prints the digest of its trace: ``python -m
scenarios.digest_story trio``.
"""

from __future__ import annotations

import asyncio
import sys
import time

import anyio

import rivers as rs
from rivers.simulation import Scenario

effects: list[str] = []


def note(context: rs.AssetExecutionContext) -> str:
    effects.append(f"{context.now():%H:%M:%S} {context.asset_name}")
    return context.asset_name


@rs.Asset
def left(context: rs.AssetExecutionContext) -> str:
    """Takes a moment of real time, so that the other run would overtake it if it could."""
    time.sleep(0.002)
    return note(context)


@rs.Asset
def right(context: rs.AssetExecutionContext) -> str:
    """Is quick."""
    return note(context)


@rs.Asset
async def calm(context: rs.AssetExecutionContext) -> str:
    """Awaits."""
    await asyncio.sleep(0)
    return note(context)


@rs.Sensor(job_name="right_job", minimum_interval="20s", default_status=rs.SensorStatus.Running)
def plain(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """A sync sensor."""
    time.sleep(0.001)
    position = int(context.cursor or 0) + 1
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=str(position // 2))], cursor=str(position))


@rs.Sensor(job_name="calm_job", minimum_interval="20s", default_status=rs.SensorStatus.Running)
async def awaiting(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """An async sensor."""
    await asyncio.sleep(0.001)
    return rs.SensorResult(run_requests=[rs.RunRequest(tags={"from": "awaiting"})], cursor=context.cursor or "0")


@rs.Sensor(
    job_name="left_job",
    minimum_interval="20s",
    default_status=rs.SensorStatus.Running,
    eval_mode=rs.EvalMode.Subprocess,
)
def apart(context: rs.SensorEvaluationContext) -> rs.SkipReason | rs.RunRequest:
    """A sensor in a worker process."""
    if context.last_tick_time is None:
        return rs.SkipReason("the first poll only looks")
    return rs.RunRequest(tags={"at": str(context.last_tick_time)})


repo = rs.CodeRepository(
    assets=[left, right, calm],
    jobs=[rs.Job("left_job", [left, calm]), rs.Job("right_job", [right, calm]), rs.Job("calm_job", [calm])],
    schedules=[
        rs.Schedule(
            name=name,
            cron_schedule="*/30 * * * * *",
            job_name=job_name,
            tags={"schedule": name},
            default_status=rs.ScheduleStatus.Running,
        )
        for name, job_name in (("b_schedule", "left_job"), ("a_schedule", "right_job"))
    ],
    sensors=[plain, awaiting, apart],
    default_executor=rs.Executor.in_process(),
)


async def tell() -> str:
    """The digest of two minutes, over the trace and the order of the steps' effects."""
    effects.clear()
    async with Scenario(repo, durations={"calm": "700ms"}) as sim:
        await sim.clock.advance("2m 1s")
        assert {run.status for run in sim.runs()} == {"Success"}, [run for run in sim.runs() if run.status != "Success"]
        return f"{sim.trace.digest()} {len(sim.trace)} {'|'.join(effects)}"


if __name__ == "__main__":
    print(anyio.run(tell, backend=sys.argv[1]))
