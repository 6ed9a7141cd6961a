"""What a process remembers of the runs that were asked to stop is what the store has."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.storage import Storage
from rivers.storage.stop_requests import StopRequests


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
