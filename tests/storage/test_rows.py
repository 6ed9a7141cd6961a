"""Rows and records: what survives the way there and back."""

from __future__ import annotations

import pytest

from rivers.partitions.keys import PartitionKey
from rivers.records import AUTOMATION_TYPES, StoredTick
from rivers.storage.rows import asset_record, tick_record, tick_row, trigger_state
from rivers.storage.wire import pack, unpack


def test_a_tick_survives_with_every_field_set():
    tick = StoredTick("i", "n", "Sensor", "Failed", 1, ["r"], ["b"], "skip", "E", "c", 7, 2, "tb", 3, 4, 5)
    assert tick_record(tick_row("sensor", tick)) == tick


@pytest.mark.parametrize("kind", AUTOMATION_TYPES)
def test_columns_that_are_absent_read_as_nothing(kind):
    state = trigger_state({"id": (kind, "n")})
    assert (state.last_seq, state.cursor, state.checkpoint, state.choice) == (0, None, None, None)
    assert asset_record({"id": ("a",)}).last_event_id is None


def test_partition_keys_survive_in_runs_events_and_per_partition_reads(storage, new_run, step, now):
    day, other = PartitionKey.single("2026-01-01"), PartitionKey.multi({"r": "x", "d": "1"})
    batch = PartitionKey.multi({"d": ["2", "1"], "r": ["x"]})
    storage.create_run(new_run("r", "Started", partition_key=batch), owner="me", lease_until=now)
    assert storage.get_run("r").partition_key == batch
    storage.record_events("r", [*step("a", now, partition=other, version="v2"), *step("a", now, partition=day)])
    storage.record_events("r2", step("a", now + 9, partition=day, version="v3"))
    assert storage.get_latest_materialization("a", "2026-01-01").data_version == "v3"
    assert storage.get_latest_materialization("a", "d=1|r=x").data_version == "v2"
    assert storage.get_latest_materialization("a", str(other)).partition_key == other
    assert storage.get_latest_materialization("a", other).partition_key == other
    assert storage.get_latest_materialization("a").partition_key == day
    assert storage.get_latest_materialization("a", "never") is None
    assert [event.partition_key for event in storage.get_events_for_run("r")] == [None, other, None, None, day, None]
    assert storage.get_materialized_partitions("a") == [day, other]
    assert storage.count_materialized_partitions("a") == 2
    assert (storage.get_materialized_partitions("x"), storage.count_materialized_partitions("x")) == ([], 0)


@pytest.mark.parametrize(
    "key",
    [
        PartitionKey.single("plain"),
        PartitionKey.single(["b", "a", "a"]),
        PartitionKey.single('{"single":["a"]}'),
        PartitionKey.multi({"ä=": ["|", ","], "": [""]}),
        PartitionKey.Set([PartitionKey.single("b"), PartitionKey.single("a")]),
        None,
    ],
)
def test_a_key_read_back_equals_the_one_written(storage, new_run, key):
    storage.create_run(new_run("r", partition_key=key))
    assert storage.get_run("r").partition_key == key


@pytest.mark.parametrize("text", ["2026-01-01", "d=1|r=x", "{", '{"unknown":1}', ""])
def test_plain_text_that_an_older_build_wrote_reads_as_a_key_of_one_value(storage, new_run, step, now, text):
    storage.create_run(new_run("r", partition_key=PartitionKey.single("later")))
    storage.record_events("r", step("a", now, partition=PartitionKey.single("later")))
    storage.flush_events()
    engine = storage._engine
    ((row,),) = engine.query("SELECT * FROM run")
    body = unpack(row["b"])
    body[9] = text
    engine.query("UPDATE run SET b = $body", body=pack(body))
    engine.query("UPDATE asset_partition SET k = $text", text=text)
    old = PartitionKey.single(text)
    assert storage.get_run("r").partition_key == old
    assert storage.get_materialized_partitions("a") == [old]


def test_a_packed_body_is_opaque_bytes():
    assert isinstance(pack([1, "a", None]), bytes)
