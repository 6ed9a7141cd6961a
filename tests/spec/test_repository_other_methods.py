"""Looking things up, loading, observing, shutting down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from obstore.store import MemoryStore

import rivers as rs
from rivers.exceptions import NodeNotFoundError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, metadata_of, types_of


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("repository 4.1")
def test_a_job_is_found_by_name_and_an_unknown_one_is_refused_as_either_type(build: Build) -> None:
    repo = build(raw, jobs=[rs.Job("nightly", [raw]), rs.Job("hourly", [raw])])
    job = repo.get_job("nightly")
    assert (job.name, job.execute().materialized_assets) == ("nightly", ["raw"])
    for error in (ValueError, NodeNotFoundError):
        with pytest.raises(error, match="'weekly'"):
            repo.get_job("weekly")


@pytest.mark.rule("repository 4.2")
def test_schedules_and_sensors_are_found_by_name(build: Build) -> None:
    schedule = rs.Schedule(cron_schedule="@daily", job_name="nightly", name="midnight")
    sensor = rs.Sensor(name="watch", job_name="nightly")
    repo = build(raw, jobs=[rs.Job("nightly", [raw])], schedules=[schedule], sensors=[sensor])
    assert repo.get_schedule("midnight") is schedule
    assert repo.get_sensor("watch") is sensor
    for lookup in (repo.get_schedule, repo.get_sensor):
        with pytest.raises(NodeNotFoundError, match="'nowhere'"):
            lookup("nowhere")


@pytest.mark.rule("repository 4.3")
def test_a_value_is_loaded_through_the_handler_of_the_node_with_the_documented_context(build: Build) -> None:
    lake = Remembering()

    @rs.Asset(io_handler="lake", metadata={"delta/mode": "append"})
    def table() -> list[int]:
        return [1, 2]

    repo = build(table, resources={"lake": lake})
    repo.materialize()
    assert repo.load_node("table") == [1, 2]
    assert repo.load_node("table", type_hint=dict) == [1, 2]
    without, given = lake.inputs
    assert (without.asset_name, without.downstream_asset) == ("table", "__load_node__")
    assert (without.partition, without.asset_metadata) == (None, {"delta/mode": "append"})
    assert without.type_hint is None
    assert given.type_hint is dict


@pytest.mark.rule("repository 4.4")
def test_a_node_that_was_never_materialized_raises_what_its_handler_raises(build: Build) -> None:
    pickled = rs.Asset(name="pickled", io_handler=rs.PickleIOHandler(store=MemoryStore()))(lambda: 1)
    repo = build(raw, pickled)
    with pytest.raises(KeyError, match="raw"):
        repo.load_node("raw")
    with pytest.raises(FileNotFoundError):
        repo.load_node("pickled")


@pytest.mark.rule("repository 4.4", "repository 4.6")
def test_an_unknown_node_is_refused_by_name(build: Build) -> None:
    repo = build(raw)
    for call in (repo.load_node, repo.io_handler_for_output):
        with pytest.raises(NodeNotFoundError, match="'nowhere'"):
            call("nowhere")


@pytest.mark.rule("repository 4.5")
def test_a_key_of_an_unpartitioned_node_is_refused_by_name(build: Build) -> None:
    repo = build(raw)
    repo.materialize()
    with pytest.raises(PartitionValidationError, match=r"'raw'.*2026-01-01"):
        repo.load_node("raw", partition_key=rs.PartitionKey.single("2026-01-01"))


@pytest.mark.rule("repository 4.3")
def test_external_assets_can_be_loaded(build: Build) -> None:
    lake = Remembering()
    lake.values["ext"] = 9
    assert build(rs.Asset.external(name="ext", io_handler=lake)).load_node("ext") == 9


@pytest.mark.rule("repository 4.6")
def test_the_handler_that_writes_is_told_and_the_default_is_one_per_repository(build: Build) -> None:
    lake = Remembering()
    kept = rs.Asset(name="kept", io_handler="lake")(lambda: 1)
    repo, other = build(raw, rs.Asset(name="too")(lambda: 1), kept, resources={"lake": lake}), build(raw)
    assert repo.io_handler_for_output("kept") is lake
    default = repo.io_handler_for_output("raw")
    assert isinstance(default, rs.InMemoryIOHandler)
    assert default is repo.io_handler_for_output("too")
    assert default is not other.io_handler_for_output("raw")
    repo.materialize(["raw"])
    with pytest.raises(KeyError):
        other.load_node("raw")


def watched(name: str, **settings: Any) -> Any:
    """The decorator of an external asset of that name."""
    return rs.Asset.external(name=name, io_handler=Remembering(), **settings)


@pytest.mark.rule("repository 4.7")
def test_observing_gives_metadata_by_asset_and_a_run_result_in_one(build: Build, storage: rs.Storage) -> None:
    @watched("counted")
    def counted(context: rs.AssetExecutionContext) -> rs.Observation:
        context.add_output_metadata({"rows": 1, "who": "context"})
        return rs.Observation(metadata={"rows": 3}, data_version="v7")

    @watched("silent")
    def silent() -> None: ...

    repo = build(counted, silent, watched("bare"), raw)
    seen = repo.observe()
    assert isinstance(seen, Mapping)
    assert dict(seen) == {
        "counted": {"who": rs.MetadataValue.text("context"), "rows": rs.MetadataValue.int(3)},
        "silent": {},
    }
    assert (seen.success, seen.materialized_assets, seen.failed_assets) == (True, ["counted", "silent"], [])
    observation = event_of(storage, seen.run_id, "Observation", "counted")
    assert observation.data_version == "v7"
    assert metadata_of(observation)["rows"] == {"Int": {"value": 3}}
    assert types_of(storage, seen.run_id, "raw") == []
    run = storage.get_run(seen.run_id)
    assert run is not None
    assert run.status == "Success"


@pytest.mark.rule("repository 4.8")
def test_only_the_named_assets_are_observed_and_the_others_are_ignored(build: Build) -> None:
    calls: list[str] = []
    one, two = (watched(name)(lambda name=name: calls.append(name)) for name in ("one", "two"))
    repo = build(one, two, watched("bare"), raw)
    assert list(repo.observe(["two"])) == ["two"]
    assert calls == ["two"]
    for names in (["nowhere"], ["bare"], ["raw"], []):
        empty = repo.observe(names)
        assert (dict(empty), empty.success, empty.materialized_assets) == ({}, True, [])
    assert calls == ["two"]
    assert list(repo.observe(["nowhere", "one"])) == ["one"]


@pytest.mark.rule("repository 4.8")
def test_an_error_of_an_observe_function_comes_through(build: Build) -> None:
    boom = LookupError("no table")

    @watched("broken")
    def broken() -> None:
        raise boom

    with pytest.raises(LookupError) as caught:
        build(broken).observe()
    assert caught.value is boom


events: list[str] = []


class Noting(rs.Resource):
    """Writes down what happens to it."""

    label: str
    broken: bool = False

    def setup(self) -> None:
        events.append(f"setup {self.label}")

    def teardown(self) -> None:
        events.append(f"teardown {self.label}")
        if self.broken:
            raise OSError("cannot be closed")


@pytest.mark.rule("repository 4.9")
def test_every_resource_is_torn_down_in_order_though_one_fails(storage: rs.Storage) -> None:
    events.clear()
    resources = {name: Noting(label=name, broken=name == "b") for name in ("c", "b", "a")}
    repo = rs.CodeRepository([raw], resources=resources)
    repo.resolve(storage)
    repo.materialize()
    assert events == ["setup c", "setup b", "setup a"]
    del events[:]
    repo.shutdown()
    assert events == ["teardown c", "teardown b", "teardown a"]
    repo.shutdown()
    assert events == ["teardown c", "teardown b", "teardown a"]


@pytest.mark.rule("repository 4.10")
def test_what_was_stored_can_still_be_loaded_after_the_shutdown(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], default_executor=rs.Executor.in_process())
    repo.resolve(storage)
    repo.materialize()
    repo.shutdown()
    assert repo.load_node("raw") == 1
    assert repo.materialize().success
    repo.shutdown()


@pytest.mark.rule("repository 4.9")
def test_a_repository_that_was_never_resolved_is_shut_down_without_a_word() -> None:
    events.clear()
    rs.CodeRepository([raw], resources={"db": Noting(label="db")}).shutdown()
    assert events == []
