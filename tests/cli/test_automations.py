"""``rivers automations``: what it lists, and choices that outlive processes, with a server and without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

TWINS = """
import rivers as rs

@rs.Asset
def a():
    return 1

job = rs.Job("job", [a])
twin = rs.Schedule(name="twin", cron_schedule="0 0 * * *", job_name="job")

@rs.Sensor(name="twin", job_name="job")
def sensor_twin(context):
    return rs.SkipReason("no")

repo = rs.CodeRepository(assets=[a], jobs=[job], schedules=[twin], sensors=[sensor_twin])
"""


def listed(project: Project, *arguments: str) -> dict[str, dict[str, Any]]:
    done = project.rivers("automations", "list", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)}


@pytest.fixture
def stored(project: Project) -> Project:
    """A project whose store exists."""
    assert project.rivers("materialize", "pipeline").returncode == 0
    return project


def test_the_list_tells_default_from_choice(stored: Project) -> None:
    before = listed(stored, "pipeline")
    assert [before[name]["status"] for name in ("every_second", "watch", "yearly")] == ["stopped", "running", "running"]
    assert {each["why"] for each in before.values()} == {"default"}
    assert before["yearly"]["next_fire_at"] is not None
    assert before["every_second"]["next_fire_at"] is None
    assert stored.rivers("automations", "pause", "yearly", "pipeline").returncode == 0
    after = listed(stored, "pipeline")["yearly"]
    assert (after["status"], after["why"], after["next_fire_at"]) == ("stopped", "choice", None)


def test_a_choice_wins_over_the_default_until_it_is_reset(stored: Project) -> None:
    said = stored.rivers("automations", "resume", "every_second", "pipeline")
    assert said.stdout == "Schedule 'every_second' is running (choice).\n"
    with stored.serve("pipeline") as server:
        server.expect(r"schedule every_second #1 fired")
        said = stored.rivers("automations", "reset", "every_second")
        assert said.stdout == "Schedule 'every_second' is stopped (default).\n"
        server.expect("schedule every_second reset")
    assert listed(stored, "pipeline")["every_second"]["why"] == "default"


def test_a_choice_made_in_the_server_outlives_it_and_without_a_module_the_store_tells_what_it_knows(
    project: Project,
) -> None:
    with project.serve("pipeline") as server:
        server.expect("sensor watch #1")
        assert listed(project)["watch"]["cursor"] == "17"
        assert project.rivers("automations", "pause", "watch").stdout == "Sensor 'watch' is stopped (choice).\n"
    assert listed(project)["watch"]["choice"] == "stopped"
    assert listed(project)["yearly"]["status"] is None
    assert project.rivers("automations", "pause", "yearly").returncode == 0
    assert listed(project)["yearly"]["status"] == "stopped"


def test_an_unknown_name_gets_near_matches(stored: Project) -> None:
    done = stored.rivers("automations", "pause", "yeerly", "pipeline")
    assert done.returncode == 1
    assert "no schedule or sensor is named 'yeerly'" in done.stderr
    assert "did you mean 'yearly'" in done.stderr
    assert "'yearly'" in stored.rivers("automations", "pause", "yearly", "pipeline", "--kind", "sensor").stderr


def test_a_name_that_the_store_does_not_know_yet_asks_for_the_module(stored: Project) -> None:
    done = stored.rivers("automations", "pause", "yearly")
    assert done.returncode == 1
    assert "give the MODULE" in done.stderr


def test_a_schedule_and_a_sensor_of_one_name_want_the_kind(stored: Project) -> None:
    stored.write("twins", TWINS)
    done = stored.rivers("automations", "resume", "twin", "twins")
    assert done.returncode == 1
    assert "--kind schedule or --kind sensor" in done.stderr
    done = stored.rivers("automations", "resume", "twin", "twins", "--kind", "sensor")
    assert done.stdout == "Sensor 'twin' is running (choice).\n"
    documents = json.loads(stored.rivers("automations", "list", "twins", "--json").stdout)
    chosen = {each["kind"]: each["choice"] for each in documents if each["name"] == "twin"}
    assert chosen == {"schedule": None, "sensor": "running"}


def test_the_table_is_readable_in_80_columns(stored: Project) -> None:
    done = stored.rivers("automations", "list", "pipeline")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0].split()[:2] == ["KIND", "NAME"]
    assert "every_second" in done.stdout
