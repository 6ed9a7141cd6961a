"""Config models, and the override document in both its shapes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

import rivers as rs
from rivers.exceptions import ConfigurationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


class Limits(BaseModel):
    rows: int = 5
    name: str = "default"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rows: int = 5


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    rows: int = 5


class NoModel:
    rows = 5


class Db(rs.Resource):
    url: str = "mine"
    size: int = 1


def asset_of(model: Any, name: str = "events", **settings: Any) -> rs.SingleAsset:
    """Return an asset whose value is its config."""

    def function(context: Any) -> Any:
        return context.config

    function.__annotations__["context"] = rs.AssetExecutionContext[model]
    return rs.Asset(function, name=name, **settings)


def task_of(model: Any, name: str) -> rs.Task:
    """Return a task whose value is its config."""

    def function(context: Any) -> Any:
        return context.config

    function.__annotations__["context"] = rs.TaskExecutionContext[model]
    return rs.Task(function, name=name)


def materialized(build: Build, asset: Any, config: Any = None) -> Any:
    """Run one asset that returns its config, and return that."""
    repo = build(asset)
    repo.materialize(config=config)
    return repo.load_node(asset.name)


@pytest.mark.rule("resources 2.1.1")
def test_the_config_is_an_instance_built_for_each_run(build: Build) -> None:
    repo = build(asset_of(Limits), tasks=[task_of(Limits, "told")])
    repo.materialize()
    first, task = repo.load_node("events"), repo.load_node("told")
    assert first == task == Limits()
    repo.materialize()
    assert repo.load_node("events") is not first


@pytest.mark.rule("resources 2.1.2")
def test_a_context_without_a_model_has_no_config(build: Build) -> None:
    @rs.Asset
    def events(context: rs.AssetExecutionContext) -> Any:
        return context.config

    assert materialized(build, events) is None
    assert materialized(build, events, {"events": {"rows": 3}}) is None


@pytest.mark.rule("resources 2.1.2")
def test_a_config_of_another_kind_fails_the_step(build: Build) -> None:
    with pytest.raises(ConfigurationError, match="NoModel"):
        build(asset_of(NoModel)).materialize()


@pytest.mark.rule("resources 2.1.1")
def test_triggers_get_their_config_too(build: Build) -> None:
    seen: list[Any] = []

    @rs.Schedule(cron_schedule="@daily", job_name="j")
    def midnight(context: rs.ScheduleEvaluationContext[Limits]) -> rs.SkipReason:
        seen.append(context.config)
        return rs.SkipReason("no")

    @rs.Sensor(job_name="j")
    def watch(context: rs.SensorEvaluationContext[Limits]) -> rs.SkipReason:
        seen.append(context.config)
        return rs.SkipReason("no")

    asset = asset_of(Limits)
    repo = build(asset, jobs=[rs.Job("j", [asset])], schedules=[midnight], sensors=[watch])
    repo.evaluate_schedule("midnight")
    repo.evaluate_sensor("watch")
    assert seen == [Limits(), Limits()]


@pytest.mark.rule("resources 2.1.4")
def test_values_are_coerced_and_unknown_fields_follow_the_model(build: Build) -> None:
    assert materialized(build, asset_of(Limits), {"events": {"rows": "7", "what": 1}}) == Limits(rows=7)
    assert materialized(build, asset_of(Open), {"events": {"what": 1}}).what == 1
    with pytest.raises(ValidationError, match="what"):
        materialized(build, asset_of(Strict), {"events": {"what": 1}})


@pytest.mark.rule("resources 2.2.1", "resources 2.2.4", "resources 2.2.6")
@pytest.mark.parametrize(
    "config", [{"events": {"rows": 8}}, {"assets": {"events": {"config": {"rows": 8}}}}], ids=["flat", "sectioned"]
)
def test_both_shapes_are_taken_by_materialize_and_by_jobs(build: Build, storage: rs.Storage, config: Any) -> None:
    asset = asset_of(Limits)
    repo = build(asset, jobs=[rs.Job("j", [asset])])
    for call in (lambda: repo.materialize(config=config), lambda: repo.get_job("j").execute(config=config)):
        run = storage.get_run(call().run_id)
        assert repo.load_node("events") == Limits(rows=8)
        assert run is not None
        assert run.config == config
        repo.materialize()
        assert repo.load_node("events") == Limits()


@pytest.mark.rule("resources 2.2.1")
def test_a_standalone_task_has_its_overrides_under_its_name(build: Build) -> None:
    repo = build(tasks=[task_of(Limits, "told")])
    repo.materialize(config={"told": {"rows": 4}})
    assert repo.load_node("told") == Limits(rows=4)


@pytest.mark.rule("resources 2.2.2")
def test_an_asset_that_is_called_like_a_section_is_reached_through_the_section(build: Build) -> None:
    assert materialized(build, asset_of(Limits, "assets"), {"assets": {"assets": {"config": {"rows": 2}}}}).rows == 2
    with pytest.raises(ConfigurationError):
        materialized(build, asset_of(Limits, "assets"), {"assets": {"rows": 2}})


FAULTS: dict[str, tuple[Any, str]] = {
    "asset of another run": ({"assets": {"other": {"config": {}}}}, "other"),
    "asset of another run, flat": ({"other": {}}, "other"),
    "no resource": ({"resources": {"nope": {}}}, r"resources\.nope.*no resource"),
    "no field": ({"resources": {"db": {"what": 1}}}, r"resources\.db\.what"),
    "bad type": ({"resources": {"db": {"size": "many"}}}, r"(?s)resources\.db\.size.*valid integer"),
    "no json, sectioned": ({"assets": {"events": {"config": {"rows": {1}}}}}, "JSON"),
}


@pytest.mark.rule("resources 2.2.10")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_document_names_its_place_and_makes_no_run(
    build: Build, storage: rs.Storage, fault: str
) -> None:
    config, named = FAULTS[fault]
    repo = build(asset_of(Limits), asset_of(Limits, "other"), resources={"db": Db()})
    with pytest.raises(ConfigurationError, match=named):
        repo.materialize(["events"], config=config, raise_on_error=False)
    assert storage.get_runs() == []


@pytest.mark.rule("resources 2.2.7")
def test_metadata_is_merged_for_this_run_and_seen_by_context_handler_and_loads(build: Build) -> None:
    lake = Remembering()

    @rs.Asset(io_handler=lake, metadata={"delta/mode": "overwrite", "owner": "me"})
    def table(context: rs.AssetExecutionContext) -> Any:
        return context.asset_metadata

    reads = rs.Asset(lambda table: table, name="reads")
    repo = build(table, reads)
    merged = {"delta/mode": "append", "owner": "me"}
    repo.materialize(config={"assets": {"table": {"metadata": {"delta/mode": "append"}}}})
    assert repo.load_node("reads") == merged
    assert lake.outputs[-1].asset_metadata == merged
    assert lake.inputs[0].asset_metadata == merged
    repo.materialize()
    assert lake.outputs[-1].asset_metadata == {"delta/mode": "overwrite", "owner": "me"}


@pytest.mark.rule("resources 2.2.8")
def test_a_resource_is_rebuilt_with_changed_fields_for_this_run_only(build: Build) -> None:
    told = rs.Asset(lambda db: (db.url, db.size), name="told")
    repo = build(told, resources={"db": Db(size=3)})
    repo.materialize(config={"resources": {"db": {"url": "other"}}})
    assert repo.load_node("told") == ("other", 3)
    repo.materialize()
    assert repo.load_node("told") == ("mine", 3)


@pytest.mark.rule("resources 2.2.8")
def test_a_resource_that_a_run_changes_is_set_up_for_that_run(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    class Noisy(rs.Resource):
        url: str = "mine"

        def setup(self) -> None:
            print("up", self.url)

        def teardown(self) -> None:
            print("down", self.url)

    told = rs.Asset(lambda db: print("used", db.url), name="told")
    repo = build(told, resources={"db": Noisy()})
    repo.materialize(config={"resources": {"db": {"url": "other"}}})
    assert capsys.readouterr().out.splitlines() == ["up mine", "up other", "used other", "down other"]


@pytest.mark.rule("resources 2.2.8")
def test_a_run_whose_resource_cannot_be_set_up_is_not_begun(build: Build) -> None:
    class Shut(rs.Resource):
        url: str = "mine"

        def setup(self) -> None:
            if self.url != "mine":
                raise ConnectionError(self.url)

    repo = build(rs.Asset(lambda db: db.url, name="told"), resources={"db": Shut()})
    with pytest.raises(ConnectionError):
        repo.materialize(config={"resources": {"db": {"url": "other"}}}, run_id_override="r")
    assert repo.storage.get_run("r") is None


@pytest.mark.rule("contexts 2.3", "resources 2.2.5")
def test_the_tasks_of_a_graph_are_keys_and_the_graph_itself_reaches_none_of_them(build: Build) -> None:
    step = task_of(Limits, "step")
    graph = rs.Asset.from_graph(lambda: step(), name="g")
    repo = build(graph, tasks=[step])
    repo.materialize(config={"g/step": {"rows": 4}})
    assert repo.load_node("g") == Limits(rows=4)
    repo.materialize(config={"g": {"rows": 9}})
    assert repo.load_node("g") == Limits()


@pytest.mark.rule("resources 2.2.6")
def test_config_of_an_asset_that_declares_none_is_ignored(build: Build) -> None:
    plain = rs.Asset(lambda: 1, name="plain")
    assert materialized(build, plain, {"plain": {"rows": "whatever"}}) == 1
    assert materialized(build, plain, {"assets": {"plain": {"config": {"rows": 3}}}}) == 1
