"""The facade: kinds of stores, siblings, and what this build refuses."""

from __future__ import annotations

import inspect

import pytest

from rivers.exceptions import StorageError
from rivers.records import StorageType
from rivers.storage import Storage


def test_each_kind_says_what_it_is(tmp_path):
    with Storage.memory() as memory, Storage.embedded(str(tmp_path / "s")) as embedded:
        assert memory.type == StorageType.Memory
        assert embedded.type == StorageType.Embedded
        assert str(tmp_path / "s") in repr(embedded)
        assert repr(memory) == "<Storage StorageType.Memory>"


def test_two_memory_stores_share_nothing():
    with Storage.memory() as one, Storage.memory() as other:
        one.kv_set("k", b"1")
        assert other.kv_get("k") is None


def test_a_sibling_has_the_same_rows_and_its_own_clock_and_session(storage):
    clock, ids = storage.clock, storage.ids
    sibling = storage.bound(clock, ids)
    storage.kv_set("k", b"1")
    assert sibling.kv_get("k") == b"1"
    assert (sibling.clock, sibling.ids) == (clock, ids)
    assert sibling.session != storage.session
    assert {storage.session, sibling.session} <= storage.live_sessions()


def test_closing_writes_what_is_open(tmp_path, step, now):
    with Storage.embedded(str(tmp_path / "s")) as storage:
        storage.record_events("r", step("a", now))
    with Storage.embedded(str(tmp_path / "s")) as storage:
        assert len(storage.get_events_for_run("r")) == 3


@pytest.mark.parametrize("call", [Storage.connect, Storage.migrate_remote])
def test_a_server_is_refused_with_the_way_out(call):
    with pytest.raises(StorageError, match=r"^failed to connect to ws://h:1.*Storage\.embedded"):
        call("ws://h:1", username="u", password="p")


def test_a_store_is_made_by_its_factories_alone():
    with pytest.raises(TypeError, match=r"Storage has no constructor.*Storage\.memory\(\)"):
        Storage()


@pytest.mark.anyio
async def test_the_twins_give_the_same_answers(now, step):
    with Storage.memory() as storage:
        storage._create_run("r", "j", "Success", now)
        storage.record_events("r", step("a", now))
        await storage.async_kv_set("k", b"1")
        await storage.async_add_dynamic_partitions("d", ["x"])
        assert await storage.async_kv_get("k") == b"1"
        assert await storage.async_get_run("r") == storage.get_run("r")
        assert await storage.async_get_runs(5, status="Success") == storage.get_runs(5, "Success")
        assert await storage.async_get_events_for_run("r") == storage.get_events_for_run("r")
        assert await storage.async_get_events_for_asset("a", limit=1) == storage.get_events_for_asset("a", 1)
        assert await storage.async_get_dynamic_partitions("d") == ["x"]
        assert await storage.async_get_latest_materialization("a") == storage.get_latest_materialization("a")


def test_every_twin_has_the_parameters_of_its_original():
    twins = [name for name in vars(Storage) if name.startswith("async_")]
    assert len(twins) > 15
    for name in twins:
        original = getattr(Storage, name.removeprefix("async_"))
        assert str(inspect.signature(getattr(Storage, name))) == str(inspect.signature(original))
        assert inspect.iscoroutinefunction(getattr(Storage, name))
