"""When subscribers are told, and what becomes of one that fails."""

from __future__ import annotations

import logging
import threading

import pytest

from rivers.exceptions import Killed
from rivers.storage.changes import (
    AssetUpdated,
    EventRecorded,
    RunAdmitted,
    RunStarted,
    RunSucceeded,
    TickCommitted,
    TriggerChoiceChanged,
)


def test_changes_come_after_the_commit_in_commit_order(storage, decision, new_run, step, now):
    told = []
    storage.subscribe(
        lambda changes: told.append([(type(change), storage.get_run("r") is not None) for change in changes])
    )
    storage.commit_ticks([decision("a", 1, runs=(new_run("r"),))], retain=None)
    storage.start_runs(["r"], owner="me", at=now, lease_until=now)
    storage.record_events("r", step("x", now))
    storage.finish_run("r", "Success", now + 9)
    storage.set_trigger_choice("schedule", "a", "stopped", now)
    assert told == [
        [(TickCommitted, True), (RunAdmitted, True)],
        [(RunStarted, True)],
        [(EventRecorded, True), (AssetUpdated, True), (EventRecorded, True), (RunSucceeded, True)],
        [(TriggerChoiceChanged, True)],
    ]


def test_nothing_is_told_after_unsubscribing_or_of_what_failed(storage, new_run):
    changes = []
    unsubscribe = storage.subscribe(changes.extend)
    storage.create_run(new_run("r"))
    storage.create_run(new_run("r"))
    assert len(changes) == 1
    unsubscribe()
    unsubscribe()
    storage.create_run(new_run("other"))
    assert len(changes) == 1


def test_a_failing_subscriber_harms_neither_the_commit_nor_the_others(storage, new_run, caplog):
    def broken(_):
        raise RuntimeError("subscriber bug")

    changes = []
    storage.subscribe(broken)
    storage.subscribe(changes.extend)
    with caplog.at_level(logging.ERROR):
        assert storage.create_run(new_run("r"))
    assert len(changes) == 1
    assert "subscriber bug" in caplog.text


def test_a_kill_goes_through(storage, new_run):
    def killed(_):
        raise Killed

    unsubscribe = storage.subscribe(killed)
    with pytest.raises(Killed):
        storage.create_run(new_run("r"))
    unsubscribe()
    assert storage.get_run("r") is not None


def test_a_subscriber_that_writes_is_told_of_it_after_the_others_have_heard_the_first(storage, new_run):
    heard = []

    def writes(changes):
        if changes[0].run_id == "first":
            storage.create_run(new_run("second"))

    storage.subscribe(writes)
    storage.subscribe(lambda changes: heard.extend(change.run_id for change in changes))
    storage.create_run(new_run("first"))
    assert heard == ["first", "second"]


def test_nothing_is_queued_for_nobody(storage, new_run, step, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.record_events("r", step("x", now))
    storage.finish_run("r", "Success", now)
    told = []
    storage.subscribe(told.extend)
    storage.create_run(new_run("other"))
    assert [change.run_id for change in told] == ["other"]


def test_many_threads_are_told_of_in_the_order_in_which_they_committed(storage, decision):
    order, held = [], []
    storage.subscribe(lambda changes: order.extend((c.tick.automation_name, c.tick.seq) for c in changes))
    storage.subscribe(lambda changes: held.append(storage._engine._depth))

    def work(name):
        for seq in range(1, 31):
            storage.commit_ticks([decision(name, seq)], retain=5)

    threads = [threading.Thread(target=work, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(order) == 120
    for number in range(4):
        assert [seq for name, seq in order if name == f"s{number}"] == list(range(1, 31))
