"""Where values live, and which handler writes and loads them."""

from __future__ import annotations

import gc
import uuid
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetDefinitionError, AssetOutputValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering, Saying
from tests.spec.recorded import event_of, types_of


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("resources 3.1.2")
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


@pytest.mark.rule("resources 3.1.4")
def test_an_input_context_has_the_documented_members() -> None:
    context = rs.InputContext("up", "down", {"k": "v"}, None, int)
    assert (context.asset_name, context.downstream_asset, context.asset_metadata) == ("up", "down", {"k": "v"})
    assert (context.partition, context.type_hint) == (None, int)
    bare = rs.InputContext("up", "down")
    assert (bare.asset_metadata, bare.partition, bare.type_hint) == (None, None, None)


@pytest.mark.rule("assets 1.14", "resources 3.1.5")
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


@pytest.mark.rule("resources 3.1.6")
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


@pytest.mark.rule("resources 3.1.7")
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


@pytest.mark.rule("resources 3.1.8")
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


@pytest.mark.rule("assets 4.11", "resources 3.1.9")
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


@pytest.mark.rule("resources 3.4.1")
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
