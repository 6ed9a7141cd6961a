"""One step for several keys, and keys that are given up."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, keys_given, many, materialized, one, partition_events
from tests.spec.recorded import failures_of, types_of


@pytest.mark.rule("partitions 5.2.1", "partitions 5.2.3")
@pytest.mark.parametrize(
    ("definition", "key", "keys"),
    [
        (LETTERS, one(["b", "a"]), ["a", "b"]),
        (GRID, many({"d": ["2", "1"], "r": ["y", "x"]}), ["d=1|r=x", "d=1|r=y", "d=2|r=x", "d=2|r=y"]),
        (GRID, rs.PartitionKey.Set([many({"d": "1", "r": "y"}), many({"d": "2", "r": "x"})]), ["d=1|r=y", "d=2|r=x"]),
    ],
    ids=str,
)
def test_a_key_of_several_values_is_one_step_for_all_of_them(
    build: Build, storage: rs.Storage, definition: Any, key: Any, keys: list[str]
) -> None:
    calls: list[list[str]] = []

    @rs.Asset(partitions_def=definition)
    def batch(context: rs.AssetExecutionContext) -> int:
        calls.append([str(each) for each in context.partition.keys])
        assert all(each.is_concrete for each in context.partition.keys)
        return len(calls[-1])

    repo = build(batch)
    result = repo.materialize(partition_key=key)
    assert result.materialized_assets == ["batch"]
    assert calls == [keys]
    assert partition_events(storage, result.run_id, "batch") == [
        ("StepStart", None),
        *(("Materialization", each) for each in keys),
        ("StepSuccess", None),
    ]
    assert materialized(storage, "batch") == keys
    run = storage.get_run(result.run_id)
    assert run is not None
    assert run.partition_key == key


@pytest.mark.rule("contexts 1.8", "contexts 1.9", "partitions 5.2.2")
def test_a_batch_has_keys_but_no_single_key_and_no_window(build: Build) -> None:
    seen: list[Any] = []

    @rs.Asset(partitions_def=DAYS)
    def batch(context: rs.AssetExecutionContext) -> None:
        seen.append((context.has_partition_key, context.partition_time_window, context.partition.time_window()))
        for kind in (ValueError, PartitionValidationError):
            with pytest.raises(kind, match=r"context\.partition\.keys"):
                _ = context.partition_key

    assert build(batch).materialize(partition_key=one(["2024-01-01", "2024-01-02"])).success
    assert seen == [(True, None, None)]


@pytest.mark.rule("partitions 5.2.3")
def test_the_keys_of_a_batch_share_value_version_moment_and_metadata(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS, code_version="7")
    def batch() -> rs.Output:
        return rs.Output({"all": 1}, metadata={"rows": 3})

    repo = build(batch)
    result = repo.materialize(partition_key=one(["a", "b", "c"]))
    events = [event for event in storage.get_events_for_run(result.run_id) if event.partition_key is not None]
    assert len({event.data_version for event in events}) == 1
    assert events[0].data_version
    assert len({event.timestamp for event in events}) == 1
    assert [dict(event.metadata)["rows"] for event in events] == ['{"Int":{"value":3}}'] * 3
    assert {event.code_version for event in events} == {"7"}
    loaded = [repo.load_node("batch", partition_key=one(key)) for key in "abc"]
    assert loaded == [{"all": 1}] * 3
    again = repo.materialize(partition_key=one("a"))
    version = storage.get_latest_materialization("batch", "a")
    assert version is not None
    assert (version.run_id, version.data_version == events[0].data_version) == (again.run_id, False)


@pytest.mark.rule("partitions 5.2.3")
def test_a_registered_version_is_that_of_every_key(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch(context: rs.AssetExecutionContext) -> None:
        context.register_data_version("v1")

    build(batch).materialize(partition_key=one(["a", "b"]))
    events = [storage.get_latest_materialization("batch", key) for key in "ab"]
    assert [event and event.data_version for event in events] == ["v1", "v1"]


@pytest.mark.rule("partitions 5.4.1")
def test_the_handler_is_called_once_for_a_batch_and_gets_all_keys(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def batch() -> str:
        return "all"

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def after(batch: dict[str, str]) -> list[str]:
        return sorted(batch)

    repo = build(batch, after)
    repo.materialize(partition_key=one(["a", "c"]))
    assert [(context.asset_name, keys_given(context)) for context in shelves.outputs] == [
        ("batch", ["a", "c"]),
        ("after", ["a", "c"]),
    ]
    assert [keys_given(context) for context in shelves.inputs] == [["a", "c"]]
    assert repo.load_node("after", partition_key=one("c")) == ["a", "c"]


@pytest.mark.rule("contexts 1.13", "partitions 5.2.4")
@pytest.mark.parametrize("mark", [str, one, lambda value: one([value])], ids=["text", "key", "key of a list"])
def test_marked_keys_fail_alone_and_the_step_succeeds(build: Build, storage: rs.Storage, mark: Any) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch(context: rs.AssetExecutionContext) -> int:
        context.mark_partition_failed(mark("b"), "first")
        context.mark_partition_failed(mark("b"), "no data")
        return 1

    after = rs.Asset(name="after", partitions_def=LETTERS)(lambda batch: batch)
    result = build(batch, after).materialize(partition_key=one(["a", "b", "c"]))
    assert (result.success, result.failed_assets, result.materialized_assets) == (True, [], ["batch", "after"])
    assert partition_events(storage, result.run_id, "batch") == [
        ("StepStart", None),
        ("Materialization", "a"),
        ("StepFailure", "b"),
        ("Materialization", "c"),
        ("StepSuccess", None),
    ]
    [failed] = [event for event in storage.get_events_for_run(result.run_id) if event.event_type == "StepFailure"]
    assert failed.metadata == [("error", "no data")]
    assert failed.data_version is None
    assert materialized(storage, "batch") == ["a", "c"]
    run = storage.get_run(result.run_id)
    assert run is not None
    assert (run.status, run.error) == ("Success", None)


@pytest.mark.rule("partitions 5.2.4")
def test_a_key_of_several_dimensions_can_be_marked(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=GRID)
    def batch(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed(many({"r": "x", "d": "1"}), "by key")
        context.mark_partition_failed("d=2|r=y", "by text")

    assert build(batch).materialize(partition_key=many({"d": ["1", "2"], "r": ["x", "y"]})).success
    assert materialized(storage, "batch") == ["d=1|r=y", "d=2|r=x"]


@pytest.mark.rule("partitions 5.2.5")
def test_marking_every_key_leaves_the_step_successful(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch(context: rs.AssetExecutionContext) -> None:
        for key in context.partition.keys:
            context.mark_partition_failed(key, ValueError(f"bad {key}"))

    result = build(batch).materialize(partition_key=one(["a", "b"]))
    assert (result.success, result.failed_assets) == (True, [])
    assert types_of(storage, result.run_id, "batch") == ["StepStart", "StepFailure", "StepFailure", "StepSuccess"]
    errors = [event.metadata for event in storage.get_events_for_run(result.run_id) if event.partition_key is not None]
    assert errors == [[("error", "bad a")], [("error", "bad b")]]
    assert materialized(storage, "batch") == []
    assert storage.get_latest_materialization("batch") is None


@pytest.mark.rule("partitions 5.2.5")
def test_the_only_key_of_a_step_can_be_marked(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def single(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed(context.partition_key, "late")

    result = build(single).materialize(partition_key=one("a"))
    assert result.success
    assert partition_events(storage, result.run_id, "single") == [
        ("StepStart", None),
        ("StepFailure", "a"),
        ("StepSuccess", None),
    ]


@pytest.mark.rule("partitions 5.2.6")
@pytest.mark.parametrize("key", ["d", one("d"), one(["a", "b"]), many({"d": "1"})], ids=str)
def test_a_key_that_is_not_of_the_step_cannot_be_marked(build: Build, storage: rs.Storage, key: Any) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed(key, "no")

    with pytest.raises(ExecutionError) as caught:
        build(batch).materialize(partition_key=one(["a", "b"]))
    assert repr(str(key)) in str(caught.value)
    assert materialized(storage, "batch") == []


@pytest.mark.rule("partitions 5.2.7")
def test_the_failure_of_a_step_is_recorded_for_every_key_and_for_the_step(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch() -> None:
        raise ValueError("boom")

    result = build(batch).materialize(partition_key=one(["a", "b"]), raise_on_error=False)
    assert failures_of(result) == {"batch": "ValueError: boom"}
    assert partition_events(storage, result.run_id, "batch") == [
        ("StepStart", None),
        ("StepFailure", "a"),
        ("StepFailure", "b"),
        ("StepFailure", None),
    ]
    *of_keys, of_step = [e for e in storage.get_events_for_run(result.run_id) if e.event_type == "StepFailure"]
    assert [event.metadata for event in of_keys] == [[("error", "ValueError: boom")]] * 2
    facts = dict(of_step.metadata)
    assert list(facts) == ["error", "rivers/failure_reason", "rivers/exc_type"]
    assert (facts["error"], facts["rivers/failure_reason"]) == ("ValueError: boom", "error")
    assert materialized(storage, "batch") == []


@pytest.mark.rule("partitions 5.2.7")
def test_what_was_marked_before_a_step_failed_as_a_whole_makes_no_difference(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(partitions_def=LETTERS)
    def batch(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed("a", "marked")
        raise ValueError("boom")

    result = build(batch).materialize(partition_key=one(["a", "b"]), raise_on_error=False)
    errors = [event.metadata for event in storage.get_events_for_run(result.run_id) if event.partition_key is not None]
    assert errors == [[("error", "ValueError: boom")]] * 2


@pytest.mark.rule("partitions 5.2.7")
def test_what_was_marked_in_a_failed_attempt_is_forgotten_in_the_next(build: Build, storage: rs.Storage) -> None:
    attempts: list[int] = []

    @rs.Asset(partitions_def=LETTERS, retry=rs.RetryPolicy(1))
    def batch(context: rs.AssetExecutionContext) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            context.mark_partition_failed("a", "marked")
            raise ValueError("boom")

    assert build(batch).materialize(partition_key=one(["a", "b"])).success
    assert materialized(storage, "batch") == ["a", "b"]


@pytest.mark.rule("partitions 5.3.2")
def test_a_batch_of_a_multi_asset_is_recorded_for_every_output(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("x"), rs.AssetDef("y")], partitions_def=LETTERS)
    def both(context: rs.AssetExecutionContext) -> dict[str, int]:
        context.mark_partition_failed("a", "gone")
        return {"x": 1, "y": 2}

    result = build(both).materialize(partition_key=one(["a", "b"]))
    for output in "xy":
        assert partition_events(storage, result.run_id, output) == [
            ("StepStart", None),
            ("StepFailure", "a"),
            ("Materialization", "b"),
            ("StepSuccess", None),
        ]
