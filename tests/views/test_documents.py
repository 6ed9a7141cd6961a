"""Questions to a store: which status holds and why, and what a resumed schedule has missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rivers.exceptions import AmbiguousRun
from rivers.partitions.keys import PartitionKey
from rivers.records import NewEvent, NewRun, StoredTick, TickDecision
from rivers.storage import Storage
from rivers.views import documents
from tests.shop import shop

NOON = 1_767_268_800_000_000_000  # 2026-01-01 12:00:00 UTC
MINUTE = 60 * 10**9


@pytest.fixture
def storage() -> Iterator[Storage]:
    """An empty store."""
    with Storage.memory() as storage:
        yield storage


def listed(storage: Storage, repo: Any = None) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in documents.automations(storage, repo, NOON)}


def tick(storage: Storage, name: str, seq: int, at: int) -> None:
    """Commit an uneventful tick of a schedule."""
    record = StoredTick(f"{name}-{seq}", name, "Schedule", "Success", at, seq=seq)
    assert storage.commit_ticks([TickDecision("schedule", name, seq - 1, record)], retain=None)


def test_declared_triggers_are_listed_before_the_store_knows_them(storage: Storage) -> None:
    found = listed(storage, shop())
    assert {name: (each["status"], each["why"]) for name, each in found.items()} == {
        "stopped": ("stopped", "default"),
        "yearly": ("running", "default"),
        "watch": ("running", "default"),
    }


def test_a_trigger_that_the_module_no_longer_has_is_absent_not_stopped(storage: Storage) -> None:
    storage.set_trigger_choice("schedule", "removed", "running", NOON)
    removed = listed(storage, shop())["removed"]
    assert (removed["status"], removed["why"], removed["next_fire_at"]) == ("absent", "not in the module", None)


def test_without_a_module_only_a_choice_gives_a_status(storage: Storage) -> None:
    storage.ensure_triggers("schedule", ["nightly"], None)
    assert listed(storage)["nightly"]["status"] is None
    storage.set_trigger_choice("schedule", "nightly", "stopped", NOON)
    assert listed(storage)["nightly"]["status"] == "stopped"


def test_a_sensor_that_was_never_polled_is_due_now(storage: Storage) -> None:
    assert listed(storage, shop())["watch"]["next_fire_at"] == NOON


def test_a_schedule_fires_next_after_the_moment_asked_about() -> None:
    next_fire = documents.next_fires(shop())
    assert next_fire("Schedule", "stopped", NOON) == NOON + MINUTE
    assert next_fire("Schedule", "stopped", NOON - 1) == NOON
    assert next_fire("Sensor", "watch", NOON) == NOON + 60 * MINUTE
    assert next_fire("Schedule", "nope", NOON) is None


@pytest.mark.parametrize("choice", ["running", None])
def test_resuming_or_resetting_what_was_paused_moves_its_checkpoint_to_now(
    storage: Storage, choice: documents.Choice
) -> None:
    storage.ensure_triggers("schedule", ["nightly"], NOON - 60 * MINUTE)
    documents.choose(storage, "schedule", "nightly", "stopped", NOON - MINUTE)
    assert documents.choose(storage, "schedule", "nightly", choice, NOON).checkpoint == NOON


def test_resuming_what_was_not_paused_forgets_nothing_that_was_missed(storage: Storage) -> None:
    storage.ensure_triggers("schedule", ["nightly"], NOON - 60 * MINUTE)
    assert documents.choose(storage, "schedule", "nightly", "running", NOON).checkpoint == NOON - 60 * MINUTE


def test_ticks_of_all_automations_come_newest_first_and_are_limited_together(storage: Storage) -> None:
    tick(storage, "one", 1, NOON)
    tick(storage, "two", 1, NOON + MINUTE)
    tick(storage, "one", 2, NOON + 2 * MINUTE)
    assert [each["automation_name"] for each in documents.ticks(storage, None, 2)] == ["one", "two"]
    assert [each["seq"] for each in documents.ticks(storage, "one", 10)] == [2, 1]


def test_a_run_is_found_by_the_beginning_of_its_id_only_when_there_is_one(storage: Storage) -> None:
    for run_id in ("ab-1", "ab-2", "cd"):
        storage._create_run(run_id, "job", "Success", NOON)
    found = documents.find_run(storage, "c")
    assert found is not None
    assert found.run_id == "cd"
    assert documents.find_run(storage, "x") is None
    assert documents.find_run(storage, "") is None
    with pytest.raises(AmbiguousRun, match="2 runs begin with 'ab'"):
        documents.find_run(storage, "ab")


def test_a_whole_id_wins_over_longer_ones_that_begin_with_it(storage: Storage) -> None:
    for run_id in ("ab", "ab-2"):
        storage._create_run(run_id, "job", "Success", NOON)
    found = documents.find_run(storage, "ab")
    assert found is not None
    assert found.run_id == "ab"


@pytest.mark.parametrize("text", ["condition", "", "Schedule"])
def test_only_schedules_and_sensors_can_be_chosen(text: str) -> None:
    with pytest.raises(ValueError, match="neither 'schedule' nor 'sensor'"):
        documents.trigger_kind(text)


def test_partition_keys_are_told_in_their_canonical_form(storage: Storage) -> None:
    batch = PartitionKey.multi({"r": ["y", "x"], "d": "1"})
    storage.create_run(NewRun("r", "j", ("a",), "NotStarted", NOON, partition_key=batch))
    storage.record_events("r", [NewEvent("StepStart", NOON, "a", key) for key in (None, *batch.concrete())])
    detail = documents.run_detail(storage, "r")
    assert detail is not None
    assert detail["partition_key"] == "d=1|r=x,y"
    assert [event["partition_key"] for event in detail["events"]] == [None, "d=1|r=x", "d=1|r=y"]
