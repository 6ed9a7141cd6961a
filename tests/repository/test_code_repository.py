"""The front door: what the constructor checks, what resolving does, and the calls that users make."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore
from pydantic import BaseModel, PrivateAttr, ValidationError

import rivers as rs
from rivers.clock import SimClock
from rivers.exceptions import (
    AssetNotFoundError,
    ConfigurationError,
    ExecutionError,
    GraphValidationError,
    NodeNotFoundError,
    PartitionValidationError,
)
from rivers.execution.run_execution import conclude
from rivers.ids import SeededIds
from rivers.records import NewRun


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


calls: list[str] = []


class Db(rs.Resource):
    url: str = "mine"
    broken: bool = False
    _opened: int = PrivateAttr(default=0)

    def setup(self) -> None:
        calls.append(f"setup {self.url}")
        self._opened += 1
        if self.broken:
            raise OSError("no database")

    def teardown(self) -> None:
        calls.append(f"teardown {self.url}")


@pytest.fixture(autouse=True)
def nothing_called_yet() -> None:
    calls.clear()


# -- the constructor ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("assets 2.7", "repository 1.7")
def test_a_bad_graph_constructs_and_is_refused_by_validate_and_resolve(storage: rs.Storage) -> None:
    @rs.Asset
    def orphan(nowhere: int) -> int:
        return nowhere

    repo = rs.CodeRepository([orphan])
    for check in (repo.validate, lambda: repo.resolve(storage)):
        with pytest.raises(GraphValidationError, match=r"orphan.*nowhere"):
            check()
    assert not repo.is_resolved


@pytest.mark.rule("repository 1.11")
def test_a_context_manager_shuts_down_and_swallows_nothing(storage: rs.Storage) -> None:
    def resolve_and_fail() -> None:
        with rs.CodeRepository([raw], resources={"db": Db()}) as repo:
            assert not repo.is_resolved
            repo.resolve(storage)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        resolve_and_fail()
    assert calls == ["setup mine", "teardown mine"]


# -- resolving ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("assets 1.13")
def test_resolving_persists_the_topology_and_the_assets(storage: rs.Storage) -> None:
    @rs.Asset(tags=["t"], kinds="table", group="g", code_version="3", pool="db")
    def table() -> int:
        return 1

    rs.CodeRepository([raw, doubled, table]).resolve(storage)
    assert json.loads(storage.kv_get("topology") or b"") == {
        "raw": {"deps": []},
        "doubled": {"deps": ["raw"]},
        "table": {"deps": []},
    }
    record = storage.get_asset_record("table")
    assert record is not None
    assert (record.tags, record.kinds, record.group, record.code_version) == (["t"], ["table"], "g", "3")
    assert record.pool == [("db", 1)]
    assert record.last_run_id is None


def test_resolving_again_changes_nothing_and_keeps_the_first_storage(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], resources={"db": Db()})
    repo.resolve(storage)
    with rs.Storage.memory() as other:
        repo.resolve(other)
        assert repo.storage is storage
    assert calls == ["setup mine"]


@pytest.mark.rule("repository 2.2")
def test_an_operation_resolves_by_itself_with_a_store_under_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = rs.CodeRepository([raw])
    assert list(repo.assets) == ["raw"]
    assert (tmp_path / ".rivers" / "storage").is_dir()
    repo.storage.close()


def test_a_setup_that_fails_leaves_the_repository_unresolved_and_the_default_store_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repo = rs.CodeRepository([raw], resources={"db": Db(broken=True)})
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            repo.resolve()
    assert not repo.is_resolved
    rs.Storage.embedded(str(tmp_path / ".rivers" / "storage")).close()


@pytest.mark.rule("assets 2.8")
def test_a_resource_that_an_asset_hides_is_warned_of(storage: rs.Storage) -> None:
    with pytest.warns(UserWarning, match="'raw'"):
        rs.CodeRepository([raw], resources={"raw": Db()}).resolve(storage)


@pytest.mark.rule("repository 2.11")
def test_an_unknown_retry_name_is_refused_where_it_stands(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], retries={"twice": rs.RetryPolicy(2)}, default_retry_policy="nope")
    with pytest.raises(ConfigurationError, match=r"default_retry_policy.*nope.*twice"):
        repo.resolve(storage)
    fine = rs.CodeRepository([raw], retries={"twice": rs.RetryPolicy(2)}, default_retry_policy="twice")
    fine.resolve(storage)
    with pytest.raises(ConfigurationError, match=r"nope.*twice"):
        fine.materialize(retry="nope")


# -- materializing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def repo(storage: rs.Storage) -> Generator[rs.CodeRepository]:
    with rs.CodeRepository([doubled, raw], jobs=[rs.Job("both", [raw, doubled])]) as made:
        made.resolve(storage)
        yield made


@pytest.mark.rule("repository 3.1.2", "repository 3.1.3")
def test_a_selection_runs_alone_and_order_and_duplicates_do_not_matter(repo: rs.CodeRepository) -> None:
    assert repo.materialize(["doubled", "raw", "doubled"]).materialized_assets == ["raw", "doubled"]
    assert repo.materialize([]).materialized_assets == []
    assert repo.materialize([]).success
    assert repo.materialize(["raw"]).materialized_assets == ["raw"]
    assert repo.materialize(["doubled"], include_upstream=True).materialized_assets == ["raw", "doubled"]


@pytest.mark.rule("repository 3.1.4")
def test_an_unknown_name_is_an_error_even_when_errors_of_steps_are_not_raised(repo: rs.CodeRepository) -> None:
    with pytest.raises(AssetNotFoundError, match="nope"):
        repo.materialize(["nope"], raise_on_error=False)
    with pytest.raises(TypeError, match="list"):
        repo.materialize("raw")


@pytest.mark.rule("repository 3.1.5")
def test_the_default_handler_does_not_make_an_upstream_loadable(repo: rs.CodeRepository) -> None:
    repo.materialize()
    with pytest.raises(GraphValidationError, match=r"doubled.*raw.*not in the job and has no io_handler"):
        repo.materialize(["doubled"])


@pytest.mark.rule("repository 3.1.5", "repository 3.1.7")
def test_an_upstream_with_an_explicit_handler_is_loaded_by_a_later_run(storage: rs.Storage) -> None:
    @rs.Asset(io_handler="lake")
    def up() -> int:
        return 21

    @rs.Asset
    def down(up: int) -> int:
        return up * 2

    repo = rs.CodeRepository([up, down], resources={"lake": rs.PickleIOHandler(store=MemoryStore())})
    repo.resolve(storage)
    missing = repo.materialize(["down"], raise_on_error=False)
    assert missing.failed_assets[0][1].startswith("FileNotFoundError")
    repo.materialize(["up"])
    repo.materialize(["down"])
    assert repo.load_node("down") == 42
    assert repo.io_handler_for_output("up") is repo.io_handler_for_output("up")


@pytest.mark.rule("repository 3.3.1")
def test_a_run_keeps_its_tags_and_its_given_id(repo: rs.CodeRepository, storage: rs.Storage) -> None:
    tags = [("team", "x"), ("rivers/priority", "7")]
    assert repo.materialize(["raw"], tags=tags, run_id_override="mine").run_id == "mine"
    record = storage.get_run("mine")
    assert record is not None
    assert (record.tags, record.priority) == (tags, 7)
    assert repo.materialize(["raw"], run_id_override="mine").success
    for wrong in ({"team": "x"}, [("a", 1)], ["ab"]):
        with pytest.raises(TypeError, match="pairs"):
            repo.materialize(["raw"], tags=wrong)


@pytest.mark.rule("repository 3.1.9", "repository 4.5")
def test_a_partition_key_fits_no_unpartitioned_asset(repo: rs.CodeRepository) -> None:
    repo.materialize()
    with pytest.raises(PartitionValidationError, match="raw"):
        repo.materialize(["raw"], partition_key=rs.PartitionKey.single("2026-01-01"))
    with pytest.raises(PartitionValidationError, match="raw"):
        repo.load_node("raw", partition_key=rs.PartitionKey.single("2026-01-01"))


def test_a_resumed_run_skips_what_has_succeeded(storage: rs.Storage) -> None:
    counts = {"steady": 0, "shaky": 0}

    @rs.Asset(io_handler=rs.InMemoryIOHandler())
    def steady() -> int:
        counts["steady"] += 1
        return 1

    @rs.Asset
    def shaky(steady: int) -> int:
        counts["shaky"] += 1
        if counts["shaky"] == 1:
            raise ValueError("first time")
        return steady

    repo = rs.CodeRepository([steady, shaky])
    repo.resolve(storage)
    first = repo.materialize(raise_on_error=False)
    failed = storage.get_run(first.run_id)
    assert failed is not None
    assert failed.status == "Failure"
    again = repo.materialize(run_id_override=first.run_id, resume=True)
    ended = storage.get_run(first.run_id)
    assert ended is not None
    assert (ended.status, ended.error, ended.traceback) == ("Success", None, None)
    assert ended.end_time is not None
    assert ended.end_time > (failed.end_time or 0)
    assert storage.get_runs(status="Failure") == []
    assert again.success
    assert again.materialized_assets == ["steady", "shaky"]
    assert counts == {"steady": 1, "shaky": 2}


@pytest.mark.rule("resources 2.1.5")
def test_config_comes_from_overrides_then_defaults(storage: rs.Storage) -> None:
    class Limits(BaseModel):
        rows: int = 5

    def events(context: rs.AssetExecutionContext[Limits]) -> int:
        return context.config.rows

    events.__annotations__["context"] = rs.AssetExecutionContext[Limits]
    repo = rs.CodeRepository([rs.Asset(events)])
    repo.resolve(storage)
    repo.materialize()
    assert repo.load_node("events") == 5
    repo.materialize(config={"events": {"rows": "7"}})
    assert repo.load_node("events") == 7
    result = repo.materialize(config={"assets": {"events": {"config": {"rows": 8}}}})
    assert repo.load_node("events") == 8
    record = storage.get_run(result.run_id)
    assert record is not None
    assert record.config == {"assets": {"events": {"config": {"rows": 8}}}}
    with pytest.raises(ValidationError):
        repo.materialize(config={"events": {"rows": "many"}})
    with pytest.raises(ConfigurationError, match="nope"):
        repo.materialize(config={"nope": {}}, raise_on_error=False)


@pytest.mark.rule("repository 4.3", "repository 4.4")
def test_load_node_passes_the_hint_and_names_itself_as_downstream(storage: rs.Storage) -> None:
    seen: list[rs.InputContext] = []

    class Listening(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

        def load_input(self, context: rs.InputContext) -> Any:
            seen.append(context)
            return "loaded"

    @rs.Asset(io_handler=Listening())
    def one() -> int:
        return 1

    repo = rs.CodeRepository([one, raw])
    repo.resolve(storage)
    assert repo.load_node("one", type_hint=str) == "loaded"
    assert (seen[0].downstream_asset, seen[0].type_hint, seen[0].partition) == ("__load_node__", str, None)
    with pytest.raises(KeyError):
        repo.load_node("raw")
    for call in (repo.load_node, repo.io_handler_for_output):
        with pytest.raises(NodeNotFoundError, match="nope"):
            call("nope")


# -- jobs --------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("repository 4.1")
def test_a_job_executes_its_members_under_its_name(repo: rs.CodeRepository, storage: rs.Storage) -> None:
    result = repo.get_job("both").execute()
    assert result.materialized_assets == ["raw", "doubled"]
    record = storage.get_run(result.run_id)
    assert record is not None
    assert record.job_name == "both"
    assert repo.launch_targets() == {"both": ("doubled", "raw")}
    assert repo.nodes_to_run(None, "both") == ["doubled", "raw"]
    for error in (NodeNotFoundError, ValueError):
        with pytest.raises(error, match="nope"):
            repo.get_job("nope")


def test_a_job_of_no_repository_cannot_execute() -> None:
    with pytest.raises(ExecutionError, match="get_job"):
        rs.Job("alone", [raw]).execute()


@pytest.mark.rule("repository 6.9")
def test_the_policy_of_a_job_holds_for_its_steps(storage: rs.Storage) -> None:
    tries: list[int] = []

    @rs.Asset
    def shaky() -> int:
        tries.append(1)
        raise ValueError

    repo = rs.CodeRepository(
        [shaky], jobs=[rs.Job("j", [shaky], retry="thrice")], retries={"thrice": rs.RetryPolicy(2)}
    )
    repo.resolve(storage)
    repo.get_job("j").execute(raise_on_error=False)
    assert len(tries) == 3


# -- evaluating --------------------------------------------------------------------------------------------------------


@rs.Schedule(cron_schedule="@daily", job_name="both")
def nightly(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    return rs.RunRequest(tags={"at": context.scheduled_execution_time})


@rs.Sensor(job_name="both")
async def watcher(context: rs.SensorEvaluationContext, db: Db) -> rs.SensorResult:
    await asyncio.sleep(0)
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=db.url)], cursor=f"after {context.cursor}")


def test_triggers_can_be_evaluated_before_and_after_resolving(storage: rs.Storage) -> None:
    plain = rs.Schedule(cron_schedule="@daily", job_name="both", name="plain")
    repo = rs.CodeRepository(
        [raw, doubled],
        jobs=[rs.Job("both", [raw, doubled])],
        schedules=[nightly, plain],
        sensors=[watcher],
        resources={"db": Db()},
    )
    for _ in range(2):
        decided = repo.evaluate_schedule("nightly", execution_time="2025-03-10T00:00:00")
        [request] = decided.run_requests
        assert (request.tags, request.job_name) == ({"at": "2025-03-10T00:00:00"}, "both")
        assert [r.job_name for r in repo.evaluate_schedule("plain").run_requests] == ["both"]
        looked = repo.evaluate_sensor("watcher", cursor="7")
        assert looked.cursor == "after 7"
        assert [r.run_key for r in looked.run_requests] == ["mine"]
        assert repo.get_schedule("nightly") is nightly
        assert repo.get_sensor("watcher") is watcher
        if not repo.is_resolved:
            repo.resolve(storage)
    assert storage.get_runs() == []
    assert storage.get_ticks("nightly") == []
    with pytest.raises(NodeNotFoundError, match="Schedule 'nope' not found"):
        repo.evaluate_schedule("nope")
    with pytest.raises(NodeNotFoundError, match="Sensor 'nope' not found"):
        repo.evaluate_sensor("nope")
    repo.shutdown()


def test_a_function_that_asks_its_repository_for_the_storage_gets_the_one_that_it_runs_on(storage: rs.Storage) -> None:
    met: list[object] = []

    @rs.Asset
    def looking() -> None:
        met.append((repo.storage, repo.clock))

    @rs.Sensor(job_name="look")
    def watch() -> None:
        met.append((repo.storage, repo.clock))

    repo = rs.CodeRepository([looking], jobs=[rs.Job("look", [looking])], sensors=[watch])
    clock, ids = SimClock(0), SeededIds(0)
    there = storage.bound(clock, ids)
    sibling = repo.bound(there, clock, ids)
    sibling.evaluate_sensor("watch")
    sibling.materialize()
    assert met == [(there, clock)] * 2
    assert not repo.is_resolved
    sibling.shutdown()


def test_a_name_that_is_nearly_that_of_a_node_or_a_job_is_answered_with_it(storage: rs.Storage) -> None:
    total = rs.Asset(name="total")(lambda: 1)
    repo = rs.CodeRepository(assets=[total], jobs=[rs.Job("nightly", [total])])
    repo.resolve(storage)
    with pytest.raises(NodeNotFoundError, match=r"^Node 'totl' not found; did you mean 'total'\?$"):
        repo.load_node("totl")
    with pytest.raises(NodeNotFoundError, match=r"^Job 'nightli' not found; did you mean 'nightly'\?$"):
        repo.get_job("nightli")
    repo.shutdown()


def test_what_a_function_raises_comes_out_of_an_evaluation_unchanged(storage: rs.Storage) -> None:
    boom = LookupError("boom")

    @rs.Sensor(job_name="j")
    def fails() -> None:
        raise boom

    repo = rs.CodeRepository([raw], jobs=[rs.Job("j", [raw])], sensors=[fails, rs.Sensor(name="empty", job_name="j")])
    repo.resolve(storage)
    with pytest.raises(LookupError) as caught:
        repo.evaluate_sensor("fails")
    assert caught.value is boom
    with pytest.raises(ConfigurationError, match="Sensor has no evaluation function"):
        repo.evaluate_sensor("empty")


# -- runs that storage says are started --------------------------------------------------------------------------------


def started(storage: rs.Storage, run_id: str, *names: str, **columns: Any) -> rs.RunRecord:
    run = NewRun(run_id, columns.pop("job_name", None), names, "Started", 1, **columns)
    assert storage.create_run(run, owner=storage.session, lease_until=2)
    record = storage.get_run(run_id)
    assert record is not None
    return record


def test_a_started_run_is_executed_and_its_outcome_written(repo: rs.CodeRepository, storage: rs.Storage) -> None:
    result = conclude(repo.storage, repo.carry_out(started(storage, "r", "raw", "doubled")))
    assert result.success
    record = storage.get_run("r")
    assert record is not None
    assert record.status == "Success"


def test_a_started_run_that_fails_raises_nothing(storage: rs.Storage) -> None:
    @rs.Asset
    def bad() -> int:
        raise SystemExit(3)

    repo = rs.CodeRepository([bad])
    repo.resolve(storage)
    assert not conclude(repo.storage, repo.carry_out(started(storage, "r", "bad"))).success
    record = storage.get_run("r")
    assert record is not None
    assert (record.status, record.error) == ("Failure", "SystemExit: 3")


def test_a_started_run_that_cannot_be_planned_fails_with_the_reason(
    repo: rs.CodeRepository, storage: rs.Storage
) -> None:
    assert not conclude(repo.storage, repo.carry_out(started(storage, "r", "removed"))).success
    assert not conclude(repo.storage, repo.carry_out(started(storage, "s", "raw", config={"nope": {}}))).success
    errors = [record.error for record in map(storage.get_run, ("r", "s")) if record is not None]
    assert errors[0] == "ExecutionError: run r asks for 'removed', which this code does not define"
    assert errors[1] is not None
    assert errors[1].startswith("ConfigurationError")


@pytest.mark.parametrize("wrong", [None, 5, b"a", ["a"], {"a": 1}, object()])
@pytest.mark.parametrize(
    "call", ["get_job", "get_schedule", "get_sensor", "evaluate_schedule", "evaluate_sensor", "load_node"]
)
def test_a_name_that_is_no_text_is_a_type_error_that_says_so(call: str, wrong: Any) -> None:
    with rs.Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(name="one")(lambda: 1)])
        repo.resolve(storage)
        with pytest.raises(TypeError, match=f"^name must be a str, got {type(wrong).__name__}$"):
            getattr(repo, call)(wrong)


@pytest.mark.parametrize(
    ("argument", "wrong", "says"),
    [
        ("selection", 5, "selection must be a list of names, got int"),
        ("selection", "one", "selection must be a list of names, got str"),
        ("selection", [None], "selection must hold names, which are str, got NoneType"),
        ("selection", [["one"]], "selection must hold names, which are str, got list"),
        ("tags", 5, r"tags must be a list of \(key, value\) pairs, got int"),
        ("run_id_override", 5, "run_id_override must be a str, got int"),
    ],
)
def test_a_wrong_argument_of_a_run_is_named(argument: str, wrong: Any, says: str) -> None:
    with rs.Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(name="one")(lambda: 1)])
        repo.resolve(storage)
        with pytest.raises(TypeError, match=f"^{says}$"):
            repo.materialize(**{argument: wrong})
        assert storage.get_runs() == []


def test_definitions_by_name_are_a_dict() -> None:
    with pytest.raises(TypeError, match=r"^partition_defs must be a dict, got list$"):
        rs.CodeRepository([], partition_defs=["days"])


def test_the_store_that_a_repository_opened_itself_is_closed_with_it_and_opened_again_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[str] = []

    class Connection(rs.Resource):
        def setup(self) -> None:
            told.append("set up")

        def teardown(self) -> None:
            told.append("torn down")

    raw = rs.Asset(name="raw")(lambda: 1)
    repo = rs.CodeRepository([raw], jobs=[rs.Job("make", [raw])], resources={"connection": Connection()})
    with repo:
        assert repo.materialize().success
    assert not repo.is_resolved
    with rs.Storage.embedded(".rivers/storage") as after:
        assert len(after.get_runs()) == 1
    assert repo.load_node("raw") == 1
    assert repo.get_job("make").execute().success
    assert len(repo.storage.get_runs()) == 2
    repo.shutdown()
    repo.shutdown()
    assert told == ["set up", "torn down"] * 2
    with rs.Storage.embedded(".rivers/storage") as after:
        assert len(after.get_runs()) == 2


def test_a_store_that_was_given_stays_open_when_the_repository_is_shut_down(storage: rs.Storage) -> None:
    with rs.CodeRepository([rs.Asset(name="raw")(lambda: 1)]) as repo:
        repo.resolve(storage)
        repo.materialize()
    assert repo.is_resolved
    assert len(storage.get_runs()) == 1
