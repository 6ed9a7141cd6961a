"""Rows and records: what survives the way there and back."""

from __future__ import annotations

import pytest

from rivers.records import AUTOMATION_TYPES, LaunchedBy, StoredTick
from rivers.storage.rows import asset_record, launcher_text, tick_record, tick_row, trigger_state
from rivers.storage.wire import pack


def test_a_tick_survives_with_every_field_set():
    tick = StoredTick("i", "n", "Sensor", "Failed", 1, ["r"], ["b"], "skip", "E", "c", 7, 2, "tb", 3, 4, 5)
    assert tick_record(tick_row("sensor", tick)) == tick


@pytest.mark.parametrize("kind", AUTOMATION_TYPES)
def test_columns_that_are_absent_read_as_nothing(kind):
    state = trigger_state({"id": (kind, "n")})
    assert (state.last_seq, state.cursor, state.checkpoint, state.choice) == (0, None, None, None)
    assert asset_record({"id": ("a",)}).last_event_id is None


def test_what_asked_for_a_run_in_one_word():
    assert launcher_text(LaunchedBy.manual()) == "manual"
    assert launcher_text(LaunchedBy.schedule("n")) == "schedule:n"
    assert launcher_text(LaunchedBy.backfill("b")) == "backfill:b"


def test_partition_keys_survive_in_runs_events_and_per_partition_reads(storage, new_run, step, now):
    day, many = "2026-01-01", "d=1|r=x"
    storage.create_run(new_run("r", "Started", partition_key=many), owner="me", lease_until=now)
    assert storage.get_run("r").partition_key == many
    storage.record_events("r", [*step("a", now, partition=day), *step("a", now, partition="b", version="v2")])
    storage.record_events("r2", step("a", now + 9, partition=day, version="v3"))
    assert storage.get_latest_materialization("a", "2026-01-01").data_version == "v3"
    assert storage.get_latest_materialization("a", "b").data_version == "v2"
    assert storage.get_latest_materialization("a").partition_key == day
    assert storage.get_latest_materialization("a", "never") is None
    assert storage.get_materialized_partitions("a") == [day, "b"]
    assert storage.count_materialized_partitions("a") == 2
    assert (storage.get_materialized_partitions("x"), storage.count_materialized_partitions("x")) == ([], 0)


def test_a_packed_body_is_opaque_bytes():
    assert isinstance(pack([1, "a", None]), bytes)
