"""Partitioned steps in worker processes, and beside coroutines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import PartitionValidationError
from tests.spec import partitioned_steps as steps
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, many, materialized, one, partition_events
from tests.spec.recorded import event_of, failures_of, logs_of

M = rs.PartitionMapping
PARALLEL = rs.Executor.parallel(2)


@pytest.fixture
def handler(tmp_path: Path) -> rs.PickleIOHandler:
    return rs.PickleIOHandler(store=LocalStore(tmp_path))


def beside(handler: Any, definition: Any, name: str = "beside") -> rs.SingleAsset:
    """Return a step that shares its level with another one, so that both go to workers."""
    return rs.Asset(steps.lists_keys, name=name, partitions_def=definition, io_handler=handler)


@pytest.mark.rule("partitions 5.3.8")
@pytest.mark.parametrize(
    ("definition", "key", "keys"),
    [
        (LETTERS, one(["c", "a"]), ["a", "c"]),
        (GRID, many({"d": "1", "r": ["x", "y"]}), ["d=1|r=x", "d=1|r=y"]),
    ],
    ids=str,
)
def test_the_keys_reach_the_worker_and_the_value_is_stored_there(
    build: Build, storage: rs.Storage, handler: Any, definition: Any, key: Any, keys: list[str]
) -> None:
    repo = build(*(beside(handler, definition, name) for name in ("x", "y")), default_executor=PARALLEL)
    result = repo.materialize(partition_key=key)
    for name in ("x", "y"):
        listed, process = repo.load_node(name, partition_key=next(key.concrete()))
        assert listed == keys
        assert process != os.getpid()
        assert partition_events(storage, result.run_id, name)[1:-1] == [("Materialization", each) for each in keys]
        assert "running PartitionContext" in logs_of(storage, result.run_id, name)[0].stdout


@pytest.mark.rule("execution 2.9", "partitions 5.3.8")
def test_marked_keys_metadata_and_version_come_back_from_a_worker(
    build: Build, storage: rs.Storage, handler: Any
) -> None:
    step = rs.Asset(steps.marks, partitions_def=LETTERS, io_handler=handler)
    repo = build(step, beside(handler, LETTERS), default_executor=PARALLEL)
    result = repo.materialize(partition_key=one(["a", "b"]))
    assert result.success
    assert partition_events(storage, result.run_id, "marks") == [
        ("StepStart", None),
        ("Materialization", "a"),
        ("StepFailure", "b"),
        ("StepSuccess", None),
    ]
    assert event_of(storage, result.run_id, "StepFailure", "marks").metadata == [("error", "no data at all")]
    made = event_of(storage, result.run_id, "Materialization", "marks")
    assert (made.data_version, dict(made.metadata)["who"]) == ("v3", '{"Text":{"value":"context"}}')
    assert repo.load_node("marks", partition_key=one("a")) != os.getpid()


@pytest.mark.rule("partitions 5.2.7", "partitions 5.3.8")
def test_a_step_that_fails_in_a_worker_fails_for_its_keys(build: Build, storage: rs.Storage, handler: Any) -> None:
    step = rs.Asset(steps.fails, partitions_def=LETTERS, io_handler=handler)
    repo = build(step, beside(handler, LETTERS), default_executor=PARALLEL)
    result = repo.materialize(partition_key=one(["a", "b"]), raise_on_error=False)
    assert failures_of(result) == {"fails": "ValueError: boom"}
    assert partition_events(storage, result.run_id, "fails")[1:] == [
        ("StepFailure", "a"),
        ("StepFailure", "b"),
        ("StepFailure", None),
    ]
    assert materialized(storage, "beside") == ["a", "b"]


@pytest.mark.rule("partitions 5.3.8")
def test_mappings_decide_what_is_loaded_in_workers(build: Build, handler: Any) -> None:
    source = rs.Asset(steps.lists_keys, name="source", partitions_def=DAYS, io_handler=handler)

    def consumer(function: Any, mapping: Any) -> rs.SingleAsset:
        edge = rs.AssetDef.input("source", partition_mapping=mapping)
        return rs.Asset(function, partitions_def=DAYS, io_handler=handler, deps=[edge])

    consumers = [consumer(steps.passes_on, M.time_window(-1)), consumer(steps.passes_on_beside, M.time_window(-2))]
    repo = build(source, *consumers, default_executor=PARALLEL)
    for day in ("2024-01-01", "2024-01-02"):
        repo.materialize(["source"], one(day))
    repo.materialize(["passes_on", "passes_on_beside"], one("2024-01-03"))
    loaded = [repo.load_node(step.name, partition_key=one("2024-01-03")) for step in consumers]
    assert [value[0][0] for value in loaded] == [["2024-01-02"], ["2024-01-01"]]
    assert os.getpid() not in [process for _, process in loaded]


@pytest.mark.rule("partitions 5.3.8")
def test_what_is_absent_is_none_in_workers_and_what_leads_nowhere_fails(build: Build, handler: Any) -> None:
    few = rs.PartitionsDefinition.static_(["b"])
    source = rs.Asset(steps.lists_keys, name="source", partitions_def=few, io_handler=handler)

    def consumer(function: Any, mapping: Any) -> rs.SingleAsset:
        edge = rs.AssetDef.input("source", partition_mapping=mapping)
        return rs.Asset(function, partitions_def=LETTERS, io_handler=handler, deps=[edge])

    consumers = [consumer(steps.passes_on, M.subset()), consumer(steps.passes_on_beside, M.static_({"b": "b"}))]
    repo = build(source, *consumers, default_executor=PARALLEL)
    result = repo.materialize(["passes_on", "passes_on_beside"], one("a"), raise_on_error=False)
    value, process = repo.load_node("passes_on", partition_key=one("a"))
    assert (value, process == os.getpid()) == (None, False)
    assert list(failures_of(result)) == ["passes_on_beside"]
    with pytest.raises(PartitionValidationError, match="'passes_on_beside'"):
        repo.materialize(["passes_on", "passes_on_beside"], one("a"))


@pytest.mark.rule("partitions 5.3.8")
def test_a_multi_asset_and_a_previous_value_have_their_key_in_workers(build: Build, handler: Any) -> None:
    definitions = [rs.AssetDef("x"), rs.AssetDef("y")]
    both = rs.Asset.from_multi(steps.both, definitions, "m", partitions_def=LETTERS, io_handler=handler)
    counts = rs.Asset(steps.counts, partitions_def=LETTERS, io_handler=handler)
    repo = build(both, counts, default_executor=PARALLEL)
    for key in ("a", "a", "b"):
        assert repo.materialize(partition_key=one(key)).success
    assert repo.load_node("y", partition_key=one("b"))[:2] == ("y", "b")
    counted = {key: repo.load_node("counts", partition_key=one(key)) for key in "ab"}
    assert [count for count, _ in counted.values()] == [2, 1]
    assert os.getpid() not in [process for _, process in counted.values()]


@pytest.mark.rule("partitions 5.3.8")
def test_instances_of_a_fan_out_have_the_key_in_workers(build: Build, storage: rs.Storage, handler: Any) -> None:
    def body() -> Any:
        return steps.gathered(steps.numbers().map(steps.where).collect())

    graph = rs.Asset.from_graph(body, "g", partitions_def=LETTERS, io_handler=handler, node_io_handler=handler)
    repo = build(graph, default_executor=PARALLEL)
    result = repo.materialize(partition_key=one("b"))
    texts = repo.load_node("g", partition_key=one("b"))
    assert [(text, key) for text, key, _ in texts] == [("b0", "b"), ("b1", "b"), ("b2", "b")]
    assert os.getpid() not in [process for _, _, process in texts]
    assert partition_events(storage, result.run_id, "g/where[2]")[1] == ("Materialization", "b")


@pytest.mark.rule("partitions 5.3.8")
def test_coroutines_run_here_for_the_key_while_others_run_in_workers(build: Build, handler: Any) -> None:
    async def here(context: rs.AssetExecutionContext) -> tuple[str, int]:
        return context.partition_key, os.getpid()

    coroutine = rs.Asset(here, partitions_def=LETTERS, io_handler=handler)
    steps_of_level = [beside(handler, LETTERS, name) for name in ("x", "y")]
    repo = build(coroutine, *steps_of_level, default_executor=PARALLEL)
    repo.materialize(partition_key=one("a"))
    assert repo.load_node("here", partition_key=one("a")) == ("a", os.getpid())
    assert repo.load_node("x", partition_key=one("a"))[1] != os.getpid()
