"""What a process remembers of the keys of dynamic partitions is always what the store has."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.storage import Storage
from rivers.storage.registered_keys import RegisteredKeys


def test_keys_are_read_once_and_follow_what_is_written():
    read: list[str] = []

    def keys_of(name: str) -> list[str]:
        read.append(name)
        return ["a", "b"]

    keys = RegisteredKeys()
    with keys.changing("d", added=["z"]):
        pass
    assert keys.of("d", keys_of) == {"a", "b"}
    with keys.changing("d", added=["b", "c"]):
        pass
    with keys.changing("d", removed=["a", "never there"]):
        pass
    assert keys.of("d", keys_of) == {"b", "c"}
    assert read == ["d"]


def test_keys_are_read_again_after_a_write_of_which_nobody_knows_whether_it_was_done():
    keys = RegisteredKeys()
    assert keys.of("d", lambda name: ["a"]) == {"a"}
    with pytest.raises(StorageError), keys.changing("d", added=["b"]):
        raise StorageError("the disk is full")
    assert keys.of("d", lambda name: ["from the store"]) == {"from the store"}


def test_every_handle_of_a_store_sees_what_another_has_written(storage):
    other = storage.bound(storage.clock, storage.ids)
    assert storage.registered_partitions(["d"]) == {"d": frozenset()}
    other.add_dynamic_partitions("d", ["a", "b"])
    assert storage.registered_partitions(["d"]) == {"d": {"a", "b"}}
    storage.delete_dynamic_partition("d", "a")
    assert other.registered_partitions(["d"]) == {"d": {"b"}}


def test_what_was_read_before_stays_as_it_was(storage):
    storage.add_dynamic_partitions("d", ["a"])
    before = storage.registered_partitions(["d"])
    storage.add_dynamic_partitions("d", ["b"])
    assert before == {"d": {"a"}}


def test_more_keys_than_one_page_are_all_read_in_order(tmp_path):
    keys = [f"key-{number:05}" for number in range(2000)]
    with Storage.embedded(str(tmp_path / "s")) as storage:
        storage.add_dynamic_partitions("d", reversed(keys))
        storage.add_dynamic_partitions("d2", ["other"])
    with Storage.embedded(str(tmp_path / "s")) as storage:
        assert storage.get_dynamic_partitions("d") == keys
        assert storage.registered_partitions(["d", "d2"]) == {"d": frozenset(keys), "d2": {"other"}}
