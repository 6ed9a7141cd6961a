"""The repositories that the benchmarks measure. Their functions do nothing, so that only rivers is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rivers as rs

LAYER = 10


def layered_assets(count: int) -> list[Any]:
    """Return assets in layers of ten; each loads the values of two assets of the layer before."""
    return [rs.Asset(_function(number)) for number in range(count)]


def layered_repository(count: int) -> rs.CodeRepository:
    """Return a repository of layered assets, executed one step at a time in the calling process."""
    return rs.CodeRepository(assets=layered_assets(count), default_executor=rs.Executor.in_process())


def _function(number: int) -> Callable[..., Any]:
    position = number % LAYER
    before = number - position - LAYER
    upstreams = [] if before < 0 else [before + position, before + (position + 1) % LAYER]
    parameters = ", ".join(f"asset_{upstream}" for upstream in upstreams)
    # As in a user's module: a function of its own with parameters named after its upstreams.
    namespace: dict[str, Any] = {}
    exec(f"def asset_{number}({parameters}): return {number}", namespace)
    return namespace[f"asset_{number}"]


def scheduled_repository(
    schedules: int, cron_schedule: str, step: Callable[..., Any] | None = None, *, evaluated: bool = True
) -> rs.CodeRepository:
    """Return a repository with that many schedules of one job of one step.

    The evaluation function of a schedule, where it has one, asks for one run.
    """

    def beat(context: rs.AssetExecutionContext) -> None:
        if step is not None:
            step(context)

    asset = rs.Asset(beat)
    return rs.CodeRepository(
        assets=[asset],
        jobs=[rs.Job("beat_job", [asset])],
        schedules=[
            rs.Schedule(
                _ask_for_a_run if evaluated else None,
                name=f"schedule_{number:03}",
                cron_schedule=cron_schedule,
                job_name="beat_job",
                default_status=rs.ScheduleStatus.Running,
            )
            for number in range(schedules)
        ],
        default_executor=rs.Executor.in_process(),
    )


def _ask_for_a_run(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    return rs.RunRequest(tags={"scheduled": context.scheduled_execution_time})
