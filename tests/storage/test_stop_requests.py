"""What a process remembers of the runs that were asked to stop is what the store has."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.storage import Storage
from rivers.storage.stop_requests import RegisteredKeys, StopRequests


def test_flags_are_read_once_and_again_after_a_change_that_may_not_have_been_made():
    read: list[str] = []

    def flagged() -> list[str]:
        read.append("read")
        return ["a"]

    requests = StopRequests()
    with requests.changing() as asked:
        asked.add("before anybody needs it")
    assert requests.known is None
    assert requests.learn(flagged) == requests.learn(flagged) == {"a"}
    with requests.changing() as asked:
        asked.add("b")
    requests.forget(["a", "unknown"])
    assert (requests.known, read) == ({"b"}, ["read"])
    with pytest.raises(StorageError), requests.changing():
        raise StorageError("the disk is full")
    assert requests.known is None
    assert requests.learn(flagged) == {"a"}


@pytest.mark.parametrize("way", ["cancel", "request"])
def test_a_run_in_flight_hears_of_it_through_any_handle(storage, new_run, now, way):
    other = storage.bound(storage.clock, storage.ids)
    storage.create_run(new_run("r", "Started"), owner=storage.session, lease_until=now)
    storage.create_run(new_run("beside", "Started"), owner=storage.session, lease_until=now)
    assert not other.is_asked_to_stop("r")
    if way == "cancel":
        storage.cancel_run("r", now)
    else:
        storage.request_cancellation("r")
    assert other.is_asked_to_stop("r")
    assert not other.is_asked_to_stop("beside")
    assert not other.is_asked_to_stop("nobody")


def test_a_run_that_is_started_again_was_not_asked_to(storage, new_run, now):
    storage.create_run(new_run("r", "Started"), owner=storage.session, lease_until=now)
    assert not storage.is_asked_to_stop("r")
    storage.cancel_run("r", now)
    assert storage.start_run_again(new_run("r", "Started", now + 1), owner=storage.session, lease_until=now + 9)
    assert not storage.is_asked_to_stop("r")
    storage.cancel_run("r", now + 2)
    assert storage.is_asked_to_stop("r")


@pytest.mark.parametrize("end", ["Success", "Failure", "Canceled"])
def test_what_has_ended_is_remembered_no_more(storage, new_run, now, end):
    storage.create_run(new_run("r", "Started"), owner=storage.session, lease_until=now)
    assert not storage.is_asked_to_stop("r")
    storage.request_cancellation("r")
    storage.finish_run("r", end, now)
    assert not storage.is_asked_to_stop("r")
    assert storage.is_cancelled("r")


def test_runs_that_an_earlier_process_asked_to_stop_while_they_waited_are_known(tmp_path, new_run, now):
    with Storage.embedded(str(tmp_path / "s")) as storage:
        storage.create_run(new_run("waits", "Queued"))
        storage.create_run(new_run("asked", "Queued"))
        storage.create_run(new_run("admitted", "NotStarted"))
        storage.request_cancellation("asked")
        storage.request_cancellation("admitted")
    with Storage.embedded(str(tmp_path / "s")) as storage:
        asked = {name: storage.is_asked_to_stop(name) for name in ("waits", "asked", "admitted")}
        assert asked == {"waits": False, "asked": True, "admitted": True}


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
