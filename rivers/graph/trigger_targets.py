"""Whether every schedule and sensor has something to launch that exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rivers.definitions.near_names import did_you_mean
from rivers.definitions.schedules import Schedule
from rivers.definitions.sensors import Sensor
from rivers.exceptions import ScheduleDefinitionError, SensorDefinitionError


def validate_triggers(
    schedules: Iterable[Schedule], sensors: Iterable[Sensor], *, jobs: Collection[str], assets: Collection[str]
) -> None:
    """Check the targets of all triggers against the names of the jobs and assets.

    :raises ScheduleDefinitionError: for a schedule of an unknown job
    :raises SensorDefinitionError: for a sensor of an unknown job or asset, or without any target
    """
    for schedule in schedules:
        if schedule.job_name not in jobs:
            near = did_you_mean(schedule.job_name, jobs)
            raise ScheduleDefinitionError(f"Schedule '{schedule.name}': job '{schedule.job_name}' not found{near}")
    for sensor in sensors:
        if sensor.job_name is None and not sensor.asset_selection:
            raise SensorDefinitionError(f"Sensor '{sensor.name}' needs a job_name or an asset_selection")
        if sensor.job_name is not None and sensor.job_name not in jobs:
            near = did_you_mean(sensor.job_name, jobs)
            raise SensorDefinitionError(f"Sensor '{sensor.name}': job '{sensor.job_name}' not found{near}")
        for asset in sensor.asset_selection or ():
            if asset not in assets:
                near = did_you_mean(asset, assets)
                raise SensorDefinitionError(
                    f"Sensor '{sensor.name}': asset '{asset}' of its asset_selection not found{near}"
                )
