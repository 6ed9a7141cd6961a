"""Whether every schedule and sensor has something to launch that exists."""

from __future__ import annotations

from collections.abc import Container, Iterable

from rivers.definitions.schedules import Schedule
from rivers.definitions.sensors import Sensor
from rivers.exceptions import ScheduleDefinitionError, SensorDefinitionError


def validate_triggers(
    schedules: Iterable[Schedule], sensors: Iterable[Sensor], *, jobs: Container[str], assets: Container[str]
) -> None:
    """Check the targets of all triggers against the names of the jobs and assets.

    :raises ScheduleDefinitionError: for a schedule of an unknown job
    :raises SensorDefinitionError: for a sensor of an unknown job or asset, or without any target
    """
    for schedule in schedules:
        if schedule.job_name not in jobs:
            raise ScheduleDefinitionError(f"Schedule '{schedule.name}': job '{schedule.job_name}' not found")
    for sensor in sensors:
        if sensor.job_name is None and not sensor.asset_selection:
            raise SensorDefinitionError(f"Sensor '{sensor.name}' needs a job_name or an asset_selection")
        if sensor.job_name is not None and sensor.job_name not in jobs:
            raise SensorDefinitionError(f"Sensor '{sensor.name}': job '{sensor.job_name}' not found")
        for asset in sensor.asset_selection or ():
            if asset not in assets:
                raise SensorDefinitionError(f"Sensor '{sensor.name}': asset '{asset}' of its asset_selection not found")
