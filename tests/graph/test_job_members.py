"""The nodes that each job runs."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.jobs import Job
from rivers.definitions.assets.tasks import Task
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import GraphValidationError, NodeNotFoundError, ScheduleDefinitionError, SensorDefinitionError
from rivers.graph.building import build_graph
from rivers.graph.job_members import resolve_jobs, task_names, validate_triggers

a = Asset(name="a")(lambda: 0)
stored = Asset(name="stored", io_handler="h")(lambda: 0)
b = Asset(name="b")(lambda a: 0)
c = Asset(name="c", deps=[AssetDef.dep("a")])(lambda stored: 0)
GRAPH = build_graph([a, stored, b, c])


def test_members_come_once_in_order_of_registration() -> None:
    assert resolve_jobs(GRAPH, [Job("one", [b, a, b]), Job("two", [a])]) == {"one": ("a", "b"), "two": ("a",)}


@pytest.mark.rule("repository 6.4")
def test_a_missing_upstream_is_refused_with_a_hint() -> None:
    with pytest.raises(GraphValidationError, match=r"'j'.*'b'.*'a'.*allow_incomplete_deps"):
        resolve_jobs(GRAPH, [Job("j", [b])])


@pytest.mark.rule("repository 6.5")
def test_a_missing_upstream_may_be_loaded_when_the_job_allows_it() -> None:
    assert resolve_jobs(GRAPH, [Job("j", [c], allow_incomplete_deps=True)]) == {"j": ("c",)}
    with pytest.raises(GraphValidationError, match=r"'j'.*'b'.*'a'.*has no io_handler"):
        resolve_jobs(GRAPH, [Job("j", [b], allow_incomplete_deps=True)])


def test_a_lineage_upstream_may_be_missing_freely() -> None:
    assert resolve_jobs(GRAPH, [Job("j", [c, stored])]) == {"j": ("stored", "c")}


@pytest.mark.rule("repository 2.13")
def test_a_member_that_the_repository_lacks_is_named() -> None:
    with pytest.raises(NodeNotFoundError, match=r"'j'.*'z'"):
        resolve_jobs(GRAPH, [Job("j", [Asset(name="z")(lambda: 0)])])


@pytest.mark.rule("repository 2.14")
def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(GraphValidationError, match="'j'"):
        resolve_jobs(GRAPH, [Job("j", [a]), Job("j", [b, a])])


@pytest.mark.rule("graph-assets 3.2.12", "repository 6.2")
def test_a_job_takes_every_kind_of_node_and_brings_what_belongs_to_it() -> None:
    inner, alone, command = Task(lambda: 0, name="inner"), Task(lambda: 0, name="alone"), CommandTask("command", "true")
    multi = Asset.from_multi(lambda raw: {}, [AssetDef("p"), AssetDef("q")], "m")
    graph_asset = Asset.from_graph(lambda: inner(), "g")
    raw, seen = (
        Asset.external(observe, name=name, io_handler="h") for name, observe in (("raw", None), ("seen", dict))
    )
    job = Job("j", [command, seen, raw, graph_asset, multi, alone, inner, multi])
    graph = build_graph([multi, graph_asset, raw, seen], (), [alone, command, inner], task_names([job]))
    assert resolve_jobs(graph, [job]) == {"j": ("p", "q", "g/inner", "g", "seen", "alone", "command", "inner")}
    assert resolve_jobs(graph, [Job("without", [multi])]) == {"without": ("p", "q")}


@pytest.mark.rule("repository 2.13")
def test_a_job_with_a_task_that_is_not_registered_is_refused() -> None:
    with pytest.raises(NodeNotFoundError, match=r"'j'.*'t'"):
        resolve_jobs(build_graph([]), [Job("j", [Task(lambda: 0, name="t")])])


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
