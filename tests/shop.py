"""A repository with something of everything that the server and the documents show."""

from __future__ import annotations

from typing import Any

import rivers as rs


def shop(**steps: Any) -> rs.CodeRepository:
    """A repository with the assets ``good`` and ``bad``, a job, two schedules and a sensor."""

    @rs.Asset
    def good() -> int:
        print("hello from good")
        return steps["good"]() if "good" in steps else 1

    @rs.Asset
    def bad() -> int:
        raise ValueError("boom")

    job = rs.Job("job", [good])
    yearly = rs.Schedule(
        name="yearly", cron_schedule="0 0 1 1 *", job_name="job", default_status=rs.ScheduleStatus.Running
    )
    stopped = rs.Schedule(name="stopped", cron_schedule="* * * * *", job_name="job")

    @rs.Sensor(job_name="job", minimum_interval="1h", default_status=rs.SensorStatus.Running)
    def watch(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        return rs.SensorResult(skip_reason="nothing new", cursor="17")

    return rs.CodeRepository(assets=[good, bad], jobs=[job], schedules=[yearly, stopped], sensors=[watch])
