"""What is declared and does nothing yet is said, once for each."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import rivers as rs
from rivers.repository.without_effect import what_has_no_effect


@rs.Asset
def plain() -> int:
    return 1


@rs.Asset(pool=["db", "api"])
def limited() -> int:
    return 1


@rs.Asset(automation_condition="eager")
def eager() -> int:
    return 1


def said_of(**arguments: Any) -> list[str]:
    repo = rs.CodeRepository(**{"assets": [plain], **arguments})
    return list(what_has_no_effect(repo._given))


def test_nothing_is_said_of_what_works() -> None:
    job = rs.Job("j", [plain], executor=rs.Executor.parallel())
    sensor = rs.Sensor(name="s", job_name="j", minimum_interval="1h", eval_timeout="5s")
    queue = rs.RunQueueConfig()
    said = said_of(
        assets=[plain, limited],
        jobs=[job],
        sensors=[sensor],
        run_queue=queue,
        run_backend=rs.RunBackendConfig.local(),
        pool_limits={"db": 1},
    )
    assert said == []


@pytest.mark.rule("assets 1.23", "repository 1.13")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"assets": [eager]}, ["asset 'eager' has an automation_condition"]),
        ({"default_executor": rs.Executor.kubernetes()}, ["default_executor is Executor.kubernetes()"]),
        (
            {"jobs": [rs.Job("j", [plain], executor=rs.Executor.kubernetes())]},
            ["the executor of job 'j' is Executor.kubernetes()"],
        ),
        ({"run_backend": rs.RunBackendConfig.kubernetes()}, ["run_backend is kubernetes"]),
    ],
)
def test_what_does_nothing_is_named(arguments: dict[str, Any], named: list[str]) -> None:
    said = said_of(**arguments)
    assert [text for text, start in zip(said, named, strict=True) if not text.startswith(start)] == []


def test_a_duration_that_cannot_be_read_is_quoted_with_what_holds_instead() -> None:
    sensor = rs.Sensor(name="s", job_name="j", minimum_interval="20 minuten", eval_timeout="5q")
    timeout, interval = said_of(sensors=[sensor])
    assert timeout.startswith("sensor 's': invalid duration for 'eval_timeout': \"5q\"")
    assert timeout.endswith("; it has no timeout")
    assert interval.startswith("sensor 's': invalid duration for 'minimum_interval': \"20 minuten\"")
    assert interval.endswith("; it is polled every 30 s")


def test_it_is_logged_once_when_the_repository_is_validated_and_resolved(caplog: pytest.LogCaptureFixture) -> None:
    repo = rs.CodeRepository([eager])
    with rs.Storage.memory() as storage, caplog.at_level(logging.WARNING, "rivers"):
        repo.validate()
        repo.resolve(storage)
        repo.resolve(storage)
    assert [record.getMessage() for record in caplog.records] == [
        "rivers: asset 'eager' has an automation_condition, but there are none yet: nothing fires it"
    ]
