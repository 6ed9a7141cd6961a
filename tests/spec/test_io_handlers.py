"""Where values live, and which handler writes and loads them."""

from __future__ import annotations

import gc
import pickle
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore, MemoryStore
from pydantic import ValidationError
from pydantic_settings import BaseSettings

import rivers as rs
from rivers.exceptions import AssetDefinitionError, AssetOutputValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering, Saying
from tests.spec.recorded import event_of, metadata_of, types_of


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("resources 3.1")
def test_a_handler_must_be_written_whole_to_be_made() -> None:
    class OnlyStores(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

    class OnlyLoads(rs.BaseIOHandler):
        def load_input(self, context: rs.InputContext) -> Any: ...

    for kind in (rs.BaseIOHandler, OnlyStores, OnlyLoads):
        with pytest.raises(TypeError):
            kind()


@pytest.mark.rule("resources 3.1")
def test_a_handler_is_a_settings_model(monkeypatch: pytest.MonkeyPatch) -> None:
    class Rooted(Remembering):
        root_folder: str = "default"

    assert issubclass(rs.BaseIOHandler, BaseSettings)
    assert Rooted().root_folder == "default"
    monkeypatch.setenv("ROOT_FOLDER", "from the environment")
    assert (Rooted().root_folder, Rooted(root_folder="given").root_folder) == ("from the environment", "given")


@pytest.mark.rule("resources 3.2")
def test_what_only_looks_like_a_handler_is_refused_everywhere() -> None:
    class Duck:
        def handle_output(self, context: Any, obj: Any) -> None: ...

        def load_input(self, context: Any) -> Any: ...

    duck: Any = Duck()
    for make in (
        lambda: rs.Asset(name="a", io_handler=duck),
        lambda: rs.Asset.external(name="a", io_handler=duck),
        lambda: rs.AssetDef("a", io_handler=duck),
        lambda: rs.Task(lambda: 1, name="t", io_handler=duck),
        lambda: rs.Asset.from_graph(name="g", node_io_handler=duck),
        lambda: rs.AssetDef.input("a", io_handler=duck),
    ):
        with pytest.raises((AssetDefinitionError, TypeError)):
            make()


@pytest.mark.rule("resources 3.3")
def test_an_output_context_has_the_documented_members() -> None:
    context = rs.OutputContext("a", {"k": "v"}, None, int)
    assert (context.asset_name, context.asset_metadata, context.partition, context.type_hint) == (
        *("a", {"k": "v"}, None, int),
    )
    assert context.output_metadata is None
    context.add_output_metadata({"rows": 1})
    context.add_output_metadata({"rows": 2, "x": "y"})
    assert list(context.output_metadata or ()) == ["rows", "x"]
    assert context.drain_data_version() is None
    context.register_data_version("v1")
    context.register_data_version("v2")
    assert (context.drain_data_version(), context.drain_data_version()) == ("v2", None)
    bare = rs.OutputContext("a")
    assert (bare.asset_metadata, bare.partition, bare.type_hint) == (None, None, None)


@pytest.mark.rule("resources 3.4")
def test_an_input_context_has_the_documented_members() -> None:
    context = rs.InputContext("up", "down", {"k": "v"}, None, int)
    assert (context.asset_name, context.downstream_asset, context.asset_metadata) == ("up", "down", {"k": "v"})
    assert (context.partition, context.type_hint) == (None, int)
    bare = rs.InputContext("up", "down")
    assert (bare.asset_metadata, bare.partition, bare.type_hint) == (None, None, None)


@pytest.mark.rule("resources 3.5")
def test_the_handler_that_writes_is_that_of_the_node_then_of_the_whole_then_the_default(build: Build) -> None:
    own, whole = Remembering(), Remembering()
    pair = rs.Asset.from_multi(
        lambda: {"one": 1, "two": 2},
        [rs.AssetDef("one", io_handler=own), rs.AssetDef("two")],
        name="pair",
        io_handler="whole",
    )
    single = rs.Asset(lambda: 3, name="single", io_handler=own)
    repo = build(pair, single, raw, resources={"whole": whole})
    repo.materialize()
    assert own.values == {"one": 1, "single": 3}
    assert whole.values == {"two": 2}
    assert isinstance(repo.io_handler_for_output("raw"), rs.InMemoryIOHandler)
    assert repo.load_node("raw") == 1


@pytest.mark.rule("resources 3.6")
def test_a_load_goes_to_the_handler_of_the_input_then_of_the_upstream_then_the_default(build: Build) -> None:
    lake, other = Remembering(), Remembering()
    other.values["up"] = "other"
    up = rs.Asset(lambda: "lake", name="up", io_handler=lake)
    plain = rs.Asset(lambda: "default", name="plain")
    overriding = rs.Asset(lambda up: up, name="overriding", deps=[rs.AssetDef.input("up", io_handler=other)])
    reading = rs.Asset(lambda up, plain: (up, plain), name="reading")
    repo = build(up, plain, overriding, reading)
    repo.materialize()
    assert repo.load_node("overriding") == "other"
    assert repo.load_node("reading") == ("lake", "default")


@pytest.mark.rule("resources 3.7")
def test_a_value_is_checked_before_it_is_stored_and_stored_before_it_is_recorded(
    build: Build, storage: rs.Storage
) -> None:
    order: list[Any] = []

    class Looking(Remembering):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            order.append(types_of(storage, "r", context.asset_name))
            super().handle_output(context, obj)

    lake = Looking()

    @rs.Asset(io_handler=lake)
    def wrong() -> int:
        return "text"

    repo = build(rs.Asset(lambda: 1, name="good", io_handler=lake), wrong)
    with pytest.raises(AssetOutputValidationError):
        repo.materialize(run_id_override="r")
    assert order == [["StepStart"]]
    assert types_of(storage, "r", "good") == ["StepStart", "Materialization", "StepSuccess"]
    assert lake.values == {"good": 1}


@pytest.mark.rule("resources 3.8")
def test_each_consumer_loads_once_and_gets_what_the_handler_gives(build: Build) -> None:
    class Changing(Remembering):
        def load_input(self, context: rs.InputContext) -> Any:
            return f"{super().load_input(context)} for {context.downstream_asset}"

    lake = Changing()
    up = rs.Asset(lambda: "value", name="up", io_handler=lake)
    repo = build(up, *(rs.Asset(lambda up: up, name=name) for name in ("one", "two")))
    repo.materialize()
    assert [context.downstream_asset for context in lake.inputs] == ["one", "two"]
    assert [repo.load_node(name) for name in ("one", "two")] == ["value for one", "value for two"]


@pytest.mark.rule("resources 3.8")
def test_what_stores_nothing_is_not_loaded_by_lineage(build: Build) -> None:
    lake = Remembering()
    up = rs.Asset(lambda: 1, name="up", io_handler=lake)
    build(up, rs.Asset(lambda: 2, name="down", deps=[rs.AssetDef.dep("up")])).materialize()
    assert lake.inputs == []


@pytest.mark.rule("resources 3.1.1", "resources 3.1.2")
def test_the_memory_handler_gives_the_very_object_back_and_has_no_fields(build: Build, storage: rs.Storage) -> None:
    value = [1, 2]
    repo = build(rs.Asset(lambda: value, name="kept"))
    run_id = repo.materialize().run_id
    assert repo.load_node("kept") is value
    metadata = metadata_of(event_of(storage, run_id, "Materialization", "kept"))
    assert metadata["storage"] == {"Text": {"value": "memory"}}
    assert metadata["size_bytes"] == {"Int": {"value": sys.getsizeof(value)}}
    assert rs.InMemoryIOHandler() == rs.InMemoryIOHandler()
    assert not rs.InMemoryIOHandler.model_fields


@pytest.mark.rule("resources 3.1.3")
def test_the_memory_handler_says_which_key_it_does_not_hold() -> None:
    with pytest.raises(KeyError) as caught:
        rs.InMemoryIOHandler().load_input(rs.InputContext("name", "down"))
    assert caught.value.args == ("name",)


@pytest.mark.rule("resources 3.2.2", "resources 3.2.3")
@pytest.mark.parametrize(("prefix", "path"), [("", "a.pkl"), ("lake/raw", "lake/raw/a.pkl")])
def test_the_pickle_handler_stores_under_prefix_and_name_and_tells_so(
    build: Build, storage: rs.Storage, tmp_path: Path, prefix: str, path: str
) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)), prefix=prefix)
    repo = build(rs.Asset(lambda: {"x": 1}, name="a", io_handler=handler))
    run_id = repo.materialize().run_id
    data = (tmp_path / path).read_bytes()
    assert pickle.loads(data) == repo.load_node("a") == {"x": 1}
    metadata = metadata_of(event_of(storage, run_id, "Materialization", "a"))
    assert metadata["path"] == {"Text": {"value": path}}
    assert metadata["serializer"] == {"Text": {"value": "pickle"}}
    assert metadata["size_bytes"] == {"Int": {"value": len(data)}}
    assert metadata["write_duration_s"]["Float"]["value"] >= 0


@pytest.mark.rule("resources 3.2.1", "resources 3.2.4")
def test_the_pickle_handler_needs_a_store_and_says_what_it_does_not_hold() -> None:
    for wrong in ({}, {"store": "folder"}, {"store": None}):
        with pytest.raises(ValidationError):
            rs.PickleIOHandler(**wrong)
    with pytest.raises(FileNotFoundError):
        rs.PickleIOHandler(store=MemoryStore()).load_input(rs.InputContext("name", "down"))


@pytest.mark.rule("resources 3.2.4")
def test_a_value_that_cannot_be_pickled_fails_with_the_error_of_pickle(build: Build) -> None:
    handler = rs.PickleIOHandler(store=MemoryStore())
    repo = build(rs.Asset(lambda: (n for n in ()), name="a", io_handler=handler))
    with pytest.raises((TypeError, pickle.PicklingError), match="pickle"):
        repo.materialize()
    with pytest.raises(FileNotFoundError):
        repo.load_node("a")


@pytest.mark.rule("resources 3.9")
def test_every_materialization_has_a_fresh_uuid_as_its_version_unless_one_is_registered(
    build: Build, storage: rs.Storage
) -> None:
    registered = rs.Asset(lambda: 1, name="registered", io_handler=Saying(version="v7"))
    repo = build(raw, registered)
    versions = [event_of(storage, repo.materialize().run_id, "Materialization", "raw").data_version for _ in range(3)]
    assert len({uuid.UUID(version or "") for version in versions}) == 3
    latest = storage.get_latest_materialization("registered")
    assert latest is not None
    assert latest.data_version == "v7"


@pytest.mark.rule("resources 3.3.1")
def test_the_storages_for_tests_are_ordinary_ones_that_close_when_they_are_dropped(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    for make in (rs.testing.memory_storage, lambda: rs.testing.embedded_storage(folder)):
        storage = make()
        assert isinstance(storage, rs.Storage)
        repo = rs.CodeRepository([raw])
        repo.resolve(storage)
        assert storage.get_run(repo.materialize().run_id) is not None
        repo.shutdown()
        del repo, storage
        gc.collect()  # a repository is made of cycles
    again = rs.testing.embedded_storage(folder)
    assert len(again.get_runs()) == 1
