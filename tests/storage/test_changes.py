"""What each commit tells subscribers."""

from __future__ import annotations

import dataclasses

import pytest

from rivers.partitions.keys import PartitionKey
from rivers.records import RUN_STATUSES, LaunchedBy, NewEvent
from rivers.storage.changes import (
    AssetUpdated,
    EventRecorded,
    RunAdmitted,
    RunEnded,
    RunFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    RunWasCanceled,
    TickCommitted,
    TriggerChoiceChanged,
    run_change,
)

NIGHTLY = LaunchedBy.schedule("nightly")


@pytest.fixture
def told(storage):
    changes = []
    storage.subscribe(changes.extend)
    return changes


def about(run_id, at, **fields):
    return {"at": at, "run_id": run_id, "job_name": "job", "launched_by": NIGHTLY, **fields}


def test_a_run_is_told_of_in_every_status_that_it_enters(storage, told, new_run, now):
    storage.create_run(new_run("r", "Queued", launched_by=NIGHTLY))
    storage.admit_runs(["r"], now + 1)
    storage.start_runs(["r"], owner="me", at=now + 2, lease_until=now)
    storage.finish_run("r", "Success", now + 3)
    assert told == [
        RunQueued(**about("r", now)),
        RunAdmitted(**about("r", now + 1)),
        RunStarted(**about("r", now + 2)),
        RunSucceeded(**about("r", now + 3)),
    ]


def test_a_run_that_fails_says_why_and_one_that_is_cancelled_need_not(storage, told, new_run, now):
    for run_id in "abcd":
        storage.create_run(new_run(run_id, "NotStarted", launched_by=NIGHTLY))
    storage.start_runs(["b", "c"], owner="0.1", at=now, lease_until=now)
    del told[:]
    storage.fail_launch("a", "no room", now + 1)
    storage.finish_run("b", "Failure", now + 2, error="E: x", traceback="...")
    storage.fail_orphans(now + 3, "dead")
    storage.cancel_run("d", now + 4)
    assert told == [
        RunFailed(**about("a", now + 1, error="no room")),
        RunFailed(**about("b", now + 2, error="E: x")),
        RunFailed(**about("c", now + 3, error="dead")),
        RunWasCanceled(**about("d", now + 4)),
    ]


@pytest.mark.parametrize("status", RUN_STATUSES)
def test_every_status_has_a_change_of_its_own(status):
    change = run_change(status, 1, "r", None, NIGHTLY)
    assert change.status == status
    assert isinstance(change, RunEnded) == (status in ("Success", "Failure", "Canceled"))


def test_a_tick_comes_before_the_runs_that_it_asked_for(storage, told, decision, new_run, now):
    made = decision("a", 1, kind="sensor", runs=(new_run("r", "Queued"),))
    storage.commit_ticks([made], retain=None)
    assert told == [
        TickCommitted(kind="sensor", tick=made.tick),
        RunQueued(at=now, run_id="r", job_name="job", launched_by=LaunchedBy.manual()),
    ]
    assert told[0].at == now + 1


def test_the_choice_of_a_person_is_told(storage, told, now):
    storage.set_trigger_choice("sensor", "s", "running", now)
    storage.set_trigger_choice("schedule", "s", None, now + 1)
    assert told == [
        TriggerChoiceChanged(at=now, kind="sensor", name="s", choice="running"),
        TriggerChoiceChanged(at=now + 1, kind="schedule", name="s", choice=None),
    ]


def test_assets_that_were_updated_are_told_with_run_and_partition_and_other_events_as_events(storage, told, now):
    key = PartitionKey.single("2026-01-01")
    storage.record_events(
        "r",
        [
            NewEvent("StepStart", now, "orders"),
            NewEvent("Materialization", now + 1, "orders", key),
            NewEvent("Materialization", now + 2, "orders[1]", of_instance=True),
            NewEvent("Observation", now + 3, "source"),
        ],
    )
    assert told == [], "nothing is told before it is written"
    storage.flush_events()
    assert told == [
        EventRecorded(at=now, run_id="r", event_type="StepStart", asset_key="orders", partition_key=None),
        AssetUpdated(at=now + 1, run_id="r", event_type="Materialization", asset_key="orders", partition_key=key),
        EventRecorded(at=now + 2, run_id="r", event_type="Materialization", asset_key="orders[1]", partition_key=None),
        AssetUpdated(at=now + 3, run_id="r", event_type="Observation", asset_key="source", partition_key=None),
    ]


def test_assets_are_told_of_with_the_commit_that_ends_their_run(storage, new_run, step, now):
    commits = []
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.subscribe(lambda changes: commits.append([type(change) for change in changes]))
    storage.record_events("r", step("x", now))
    storage.finish_run("r", "Failure", now + 9)
    assert commits == [[EventRecorded, AssetUpdated, EventRecorded, RunFailed]]


def test_a_change_cannot_be_changed():
    change = RunQueued(**about("r", 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.run_id = "other"
    assert not hasattr(change, "__dict__")
