"""Whether every schedule and sensor has something to launch that exists."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.schedules import Schedule
from rivers.definitions.sensors import Sensor
from rivers.exceptions import ScheduleDefinitionError, SensorDefinitionError
from rivers.graph.trigger_targets import validate_triggers


def validate(schedules: list[Any], sensors: list[Any]) -> None:
    validate_triggers(schedules, sensors, jobs=["j"], assets=["a", "b"])


def test_known_targets_pass() -> None:
    validate(
        [Schedule(cron_schedule="@daily", job_name="j")],
        [Sensor(name="s", job_name="j"), Sensor(name="t", asset_selection=["a", "b"])],
    )


def test_a_name_that_is_nearly_right_is_offered() -> None:
    with pytest.raises(ScheduleDefinitionError, match=r"job 'jj' not found; did you mean 'j'\?"):
        validate([Schedule(cron_schedule="@daily", job_name="jj")], [])


def test_a_schedule_of_an_unknown_job_is_refused() -> None:
    with pytest.raises(ScheduleDefinitionError, match=r"'n'.*'nope'"):
        validate([Schedule(cron_schedule="@daily", job_name="nope", name="n")], [])


@pytest.mark.parametrize(
    ("sensor", "named"),
    [
        (Sensor(name="s"), r"'s'.*job_name.*asset_selection"),
        (Sensor(name="s", asset_selection=[]), r"'s'.*job_name.*asset_selection"),
        (Sensor(name="s", job_name="nope"), r"'s'.*'nope'"),
        (Sensor(name="s", asset_selection=["a", "nope"]), r"'s'.*'nope'"),
        (Sensor(name="s", job_name="j", asset_selection=["nope"]), r"'s'.*'nope'"),
    ],
)
def test_a_sensor_without_a_target_that_exists_is_refused(sensor: Sensor, named: str) -> None:
    with pytest.raises(SensorDefinitionError, match=named):
        validate([], [sensor])
