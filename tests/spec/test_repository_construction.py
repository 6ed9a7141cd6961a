"""What can be constructed, and what resolving and validating do."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

import rivers as rs
from rivers.exceptions import ConfigurationError, GraphValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering

PARAMETERS = [
    "assets",
    "tasks",
    "jobs",
    "schedules",
    "sensors",
    "default_executor",
    "resources",
    "partition_defs",
    "retries",
    "default_retry_policy",
    "run_queue",
    "run_backend",
    "pool_limits",
]


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


@rs.Task
def report(doubled: int) -> str:
    return f"{doubled} rows"


class Noting(rs.Resource):
    """A resource that notes its setup and its teardown."""

    label: str = "db"

    def setup(self) -> None:
        notes.append(f"setup {self.label}")

    def teardown(self) -> None:
        notes.append(f"teardown {self.label}")


notes: list[str] = []


@pytest.fixture(autouse=True)
def nothing_noted() -> None:
    notes.clear()


@pytest.mark.rule("repository 1.1")
def test_the_parameters_come_in_their_documented_order_and_all_but_the_assets_may_be_left_out() -> None:
    parameters = inspect.signature(rs.CodeRepository).parameters
    assert list(parameters) == PARAMETERS
    assert [name for name, given in parameters.items() if given.default is inspect.Parameter.empty] == ["assets"]
    assert {name: given.default for name, given in parameters.items() if name != "assets"} == dict.fromkeys(
        PARAMETERS[1:]
    )


@pytest.mark.rule("repository 1.1", "repository 1.9")
def test_every_argument_of_its_type_is_taken_in_order(storage: rs.Storage) -> None:
    schedule = rs.Schedule(cron_schedule="@daily", job_name="both")
    sensor = rs.Sensor(name="watch", job_name="both")
    repo = rs.CodeRepository(
        [raw, doubled],
        [report, rs.BashTask("hello", "echo hello")],
        [rs.Job("both", [raw, doubled])],
        [schedule],
        [sensor],
        rs.Executor.in_process(),
        {"db": Noting()},
        {},
        {"twice": rs.RetryPolicy(2)},
        "twice",
        rs.RunQueueConfig(),
        rs.RunBackendConfig.local(),
        {"pool": 1},
    )
    repo.resolve(storage)
    assert (repo.schedules, repo.sensors, repo.storage) == ([schedule], [sensor], storage)
    assert repo.get_job("both").execute().success
    repo.shutdown()


@pytest.mark.rule("repository 1.2")
def test_a_repository_without_assets_runs_nothing(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([])
    repo.resolve(storage)
    result = repo.materialize()
    assert (result.success, result.materialized_assets, repo.assets) == (True, [], {})
    assert (repo.schedules, repo.sensors) == ([], [])


class Plain(BaseModel):
    n: int = 1


class Settings(BaseSettings):
    n: int = 1


@pytest.mark.rule("repository 1.4")
def test_resources_handlers_models_and_settings_can_be_registered(build: Build) -> None:
    @rs.Asset
    def told(db: Noting, lake: Any, plain: Plain, settings: Settings) -> list[str]:
        return [type(given).__name__ for given in (db, lake, plain, settings)]

    repo = build(
        told,
        resources={"db": Noting(), "lake": Remembering(), "plain": Plain(), "settings": Settings()},
    )
    repo.materialize()
    assert repo.load_node("told") == ["Noting", "Remembering", "Plain", "Settings"]


@pytest.mark.rule("repository 1.7")
def test_names_that_are_registered_nowhere_construct() -> None:
    asset = rs.Asset(name="a", io_handler="nowhere", retry="nothing", partitions_def="none")(lambda: 1)
    rs.CodeRepository([asset], jobs=[rs.Job("j", [raw])], default_retry_policy="nothing")


@pytest.mark.rule("repository 1.9")
def test_assets_are_the_objects_that_were_given_by_name_in_order_of_registration(build: Build) -> None:
    pair = rs.Asset.from_multi(lambda: {"one": 1, "two": 2}, [rs.AssetDef("one"), rs.AssetDef("two")], name="pair")
    repo = build(doubled, pair, raw)
    assert list(repo.assets) == ["doubled", "one", "two", "raw"]
    assert repo.assets["doubled"] is doubled
    assert repo.assets["one"] is repo.assets["two"] is pair


@pytest.mark.rule("repository 1.10")
@pytest.mark.parametrize(
    "operation",
    [
        lambda repo: repo.assets,
        lambda repo: repo.storage,
        lambda repo: repo.materialize(),
        lambda repo: repo.get_job("j"),
        lambda repo: repo.io_handler_for_output("raw"),
    ],
    ids=["assets", "storage", "materialize", "get_job", "io_handler_for_output"],
)
def test_every_operation_resolves_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with rs.CodeRepository([raw], jobs=[rs.Job("j", [raw])], resources={"db": Noting()}) as repo:
        operation(repo)
        assert notes == ["setup db"]
        repo.storage.close()
    assert (tmp_path / ".rivers" / "storage").is_dir()


@pytest.mark.rule("repository 2.1")
def test_nothing_is_set_up_or_stored_when_a_check_fails(storage: rs.Storage) -> None:
    unknown_handler = rs.Asset(name="a", io_handler="nowhere")(lambda: 1)
    bad_job = rs.CodeRepository([raw, doubled], jobs=[rs.Job("j", [doubled])], resources={"db": Noting()})
    for repo in (rs.CodeRepository([unknown_handler], resources={"db": Noting()}), bad_job):
        with pytest.raises((ConfigurationError, GraphValidationError)):
            repo.resolve(storage)
    assert notes == []
    assert storage.kv_get("topology") is None
    assert storage.get_asset_records() == []


@pytest.mark.rule("repository 2.1")
def test_the_graph_is_composed_before_it_is_checked_and_checked_before_references(storage: rs.Storage) -> None:
    def body() -> Any:
        raise LookupError("composed first")

    graph = rs.Asset.from_graph(body, name="g")
    cycle = rs.Asset(name="cycle", io_handler="nowhere")(lambda cycle: cycle)
    with pytest.raises(LookupError, match="composed first"):
        rs.CodeRepository([cycle, graph]).resolve(storage)
    with pytest.raises(GraphValidationError, match="SelfDependency"):
        rs.CodeRepository([cycle]).resolve(storage)


@pytest.mark.rule("repository 2.1")
def test_setup_comes_after_every_check_and_before_the_topology(storage: rs.Storage) -> None:
    class Looking(rs.Resource):
        def setup(self) -> None:
            notes.append(f"topology {storage.kv_get('topology')!r}")

    rs.CodeRepository([raw, doubled], resources={"db": Looking()}).resolve(storage)
    assert notes == ["topology None"]
    assert list(json.loads(storage.kv_get("topology") or b"")) == ["raw", "doubled"]


@pytest.mark.rule("repository 2.3")
def test_resolving_again_is_no_operation_also_without_an_argument(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], resources={"db": Noting()})
    repo.resolve(storage)
    repo.resolve()
    assert repo.storage is storage
    assert notes == ["setup db"]


@pytest.mark.rule("graph-assets 3.1.2", "repository 2.4")
def test_validate_runs_again_each_time_also_after_resolving(storage: rs.Storage) -> None:
    calls: list[str] = []

    @rs.Task
    def one() -> int:
        return 1

    def body() -> Any:
        calls.append("composed")
        return one()

    repo = rs.CodeRepository([rs.Asset.from_graph(body, name="g")], tasks=[one], resources={"db": Noting()})
    repo.validate()
    repo.validate()
    assert len(calls) == 2
    assert notes == []
    repo.resolve(storage)
    before = len(calls)
    repo.validate()
    assert len(calls) == before + 1
    assert notes == ["setup db"]


@pytest.mark.rule("repository 2.4")
def test_validate_checks_graph_jobs_and_names_but_not_handler_keys() -> None:
    handled = rs.Asset(name="a", io_handler="nowhere")(lambda: 1)
    rs.CodeRepository([handled]).validate()
    with pytest.raises(GraphValidationError, match="doubled"):
        rs.CodeRepository([raw, doubled], jobs=[rs.Job("j", [doubled])]).validate()
    with pytest.raises(ConfigurationError, match="nothing"):
        rs.CodeRepository([rs.Asset(name="b", retry="nothing")(lambda: 1)]).validate()
