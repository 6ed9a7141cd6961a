"""What the constructor of a repository checks, and the faults that compiling finds."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import (
    AssetDefinitionError,
    ConfigurationError,
    ScheduleDefinitionError,
    SensorDefinitionError,
)
from tests.execution.opened import Db


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("repository 1.4", "repository 1.6", "repository 1.8")
@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"assets": [3]}, AssetDefinitionError, "int"),
        ({"assets": [], "tasks": [3]}, AssetDefinitionError, "Task"),
        ({"assets": [], "jobs": [3]}, TypeError, "Job"),
        ({"assets": [], "schedules": [3]}, TypeError, "Schedule"),
        ({"assets": [], "sensors": [3]}, TypeError, "Sensor"),
        ({"assets": [], "default_executor": "in_process"}, TypeError, "Executor"),
        ({"assets": [], "resources": {"n": 3}}, ConfigurationError, "int"),
        ({"assets": [], "resources": {3: Db()}}, TypeError, "int"),
        ({"assets": [], "retries": {"r": 3}}, TypeError, "RetryPolicy"),
        ({"assets": [], "partition_defs": {"p": 3}}, TypeError, "PartitionsDefinition"),
        ({"assets": [], "default_retry_policy": 3}, TypeError, "RetryPolicy"),
        ({"assets": [], "run_queue": 3}, TypeError, "RunQueueConfig"),
        ({"assets": [], "run_backend": 3}, TypeError, "RunBackendConfig"),
        ({"assets": [], "pool_limits": {"p": "3"}}, TypeError, "int"),
    ],
)
def test_the_constructor_checks_types(arguments: dict[str, Any], error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        rs.CodeRepository(**arguments)


def test_triggers_are_checked_when_resolving(storage: rs.Storage) -> None:
    def needy(unknown: int) -> None: ...

    job = rs.Job("j", [raw])
    nowhere = rs.Schedule(cron_schedule="@daily", job_name="nope")
    with pytest.raises(ScheduleDefinitionError, match="nope"):
        rs.CodeRepository([raw], schedules=[nowhere]).resolve(storage)
    with pytest.raises(SensorDefinitionError, match="x"):
        rs.CodeRepository([raw], sensors=[rs.Sensor(name="x")]).validate()
    with pytest.raises(ConfigurationError, match="parameter 'unknown' does not match any known resource"):
        rs.CodeRepository([raw], jobs=[job], sensors=[rs.Sensor(needy, job_name="j")]).resolve(storage)
