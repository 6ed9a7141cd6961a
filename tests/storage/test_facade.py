"""The facade: kinds of stores, siblings, and what this build refuses."""

from __future__ import annotations

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
