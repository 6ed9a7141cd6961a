"""The engine: sessions, numbers, transactions, threads."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref

import pytest

from rivers.exceptions import StorageError, Superseded
from rivers.records import StorageType
from rivers.storage import Storage
from rivers.storage.faults import Conflict, Duplicate, Lost


def test_a_failed_statement_anywhere_is_seen(storage):
    """The SDK looks at the first statement only: a failed commit behind it would be lost without a word."""
    with pytest.raises(StorageError, match="planted"):
        storage._engine.query("RETURN 1; THROW 'planted'")


def test_faults_are_told_apart(storage):
    engine = storage._engine
    with pytest.raises(Duplicate):
        engine.query("CREATE t:1; CREATE t:1")
    with pytest.raises(Lost):
        engine.transact(storage.session, ["CREATE t:2", "THROW 'rivers:lost'"], {})
    with pytest.raises(StorageError, match="Parse error"):
        engine.query("SELEC 1")


def test_a_conflict_is_tried_again_and_given_up_in_the_end(storage):
    engine, attempts = storage._engine, []
    real = engine._connection

    def conflict(frame):
        attempts.append(1)
        raise Conflict("can be retried")

    engine._connection = type("Always", (), {"execute": staticmethod(conflict), "close": real.close})()
    with pytest.raises(Conflict):
        storage.kv_set("k", b"1")
    assert len(attempts) == 8

    def conflict_once(frame):
        attempts.append(1)
        if len(attempts) == 9:
            raise Conflict("can be retried")
        return real.execute(frame)

    engine._connection = type("Once", (), {"execute": staticmethod(conflict_once), "close": real.close})()
    storage.kv_set("k", b"1")
    assert len(attempts) == 10
    engine._connection = real
    assert storage.kv_get("k") == b"1"


FULL_DISK = """
import resource, sys
from rivers.exceptions import StorageError
from rivers.storage import Storage
from rivers.storage.faults import Broken

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

storage = Storage.embedded(sys.argv[1])
storage.kv_set("before", b"1")
limit(100_000)
failures = []
for number in range(50):
    try:
        storage.kv_set(str(number), b"x" * 10_000)
    except StorageError as error:
        failures.append(error)
assert isinstance(failures[0], Broken), failures
assert len(failures) > 30, len(failures)
first = 50 - len(failures)
limit(resource.RLIM_INFINITY)
storage.kv_set("after", b"2")
assert storage.kv_get("before") == b"1" and len(storage.kv_get(str(first - 1))) == 10_000
assert storage.kv_get(str(first)) in (None, b"x" * 10_000)
storage.close()
try:
    storage.kv_get("after")
except StorageError as error:
    assert "closed" in str(error)
with Storage.embedded(sys.argv[1]) as again:
    assert again.kv_get("after") == b"2" and len(again.kv_get(str(first - 1))) == 10_000
print("whole")
"""


def test_a_store_on_a_full_disk_goes_on_when_there_is_room_again(tmp_path):
    """The engine takes nothing more after a write that failed, so it is opened anew, which repairs its log."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "s")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("whole\n")


def test_a_store_that_broke_and_was_closed_is_not_opened_again(tmp_path):
    storage = Storage.embedded(str(tmp_path / "s"))
    storage._engine._broken = True
    storage.close()
    with pytest.raises(StorageError, match="closed"):
        storage.kv_get("k")
    Storage.embedded(str(tmp_path / "s")).close()


def test_sessions_differ_between_handles_and_between_openings(tmp_path):
    seen = []
    for _ in range(3):
        with Storage.embedded(str(tmp_path / "s")) as storage:
            seen += [storage.session, storage.bound(storage.clock, storage.ids).session]
    assert len(set(seen)) == 6


def test_a_superseded_session_may_read_and_its_siblings_may_write(storage):
    sibling = storage.bound(storage.clock, storage.ids)
    storage.supersede(sibling.session)
    with pytest.raises(Superseded, match=sibling.session):
        sibling.kv_set("k", b"1")
    storage.kv_set("k", b"2")
    assert sibling.kv_get("k") == b"2"


def test_numbers_grow_over_openings(tmp_path):
    numbers = []
    for _ in range(2):
        with Storage.embedded(str(tmp_path / "s")) as storage:
            numbers += [storage._engine.next_number() for _ in range(3)]
    assert numbers == sorted(set(numbers))


def test_threads_share_a_handle_and_lose_nothing(storage, new_run, step, now):
    def work(number):
        for index in range(25):
            run_id = f"{number}-{index}"
            storage.create_run(new_run(run_id, "Started"), owner="me", lease_until=now)
            storage.record_events(run_id, step(f"asset{number}", now + index))
            assert storage.finish_run(run_id, "Success", now + index)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.get_runs(1000, "Success")) == 100
    assert all(len(storage.get_events_for_asset(f"asset{number}", 1000)) == 75 for number in range(4))


def test_one_of_many_threads_wins_each_run(storage, decision, new_run, now):
    runs = tuple(new_run(f"r{index}", "Queued") for index in range(40))
    storage.commit_ticks([decision("a", 1, runs=runs)], retain=None)
    won = []

    def work(name):
        for run in runs:
            won.extend(storage.admit_runs([run.run_id], now))
            won.extend(run.run_id for run in storage.start_runs([run.run_id], owner=name, at=now, lease_until=now))

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted([run.run_id for run in runs] * 2)


def test_a_closed_store_says_so():
    storage = Storage.memory()
    sibling = storage.bound(storage.clock, storage.ids)
    storage.close()
    storage.close()
    with pytest.raises(StorageError, match="closed"):
        sibling.kv_get("k")


def test_the_engine_goes_with_its_last_handle():
    storage = Storage.memory()
    sibling = storage.bound(storage.clock, storage.ids)
    engine = weakref.ref(storage._engine)
    del storage
    gc.collect()
    assert engine() is not None
    assert sibling.type == StorageType.Memory
    gc.disable()
    try:
        # No cycle may hold it: the folder of an embedded store must be free at once.
        del sibling
        assert engine() is None
    finally:
        gc.enable()
