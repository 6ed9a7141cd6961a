"""Every kind of node runs for a key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, LETTERS, Shelves, keys_given, materialized, one, partition_events
from tests.spec.recorded import failures_of

FEW = rs.PartitionsDefinition.static_(["a", "b"])


# -- multi-assets ------------------------------------------------------------------------------------------------------


def outputs(first: Any, second: Any) -> rs.MultiAsset:
    """Return a multi-asset whose two outputs have these partitions."""

    @rs.Asset.from_multi(output_defs=[rs.AssetDef("x", partitions_def=first), rs.AssetDef("y", partitions_def=second)])
    def both(context: rs.AssetExecutionContext) -> dict[str, Any]:
        key = context.partition and str(context.partition.key)
        return {name: f"{name} {key}" for name in context.output_selection}

    return both


@pytest.mark.rule("partitions 5.3.1")
def test_a_key_must_be_one_of_every_selected_output(build: Build, storage: rs.Storage) -> None:
    repo = build(outputs(LETTERS, FEW))
    assert repo.materialize(partition_key=one("a")).materialized_assets == ["x", "y"]
    with pytest.raises(ExecutionError, match="Invalid partition_key 'c' for asset 'y'"):
        repo.materialize(partition_key=one("c"))
    assert repo.materialize(["x"], one("c")).materialized_assets == ["x"]
    assert (materialized(storage, "x"), materialized(storage, "y")) == (["a", "c"], ["a"])
    assert repo.load_node("x", partition_key=one("c")) == "x c"


@pytest.mark.rule("partitions 5.3.2", "partitions 5.4.1")
def test_each_output_is_stored_with_its_own_definition(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset.from_multi(
        output_defs=[rs.AssetDef("x", partitions_def=LETTERS), rs.AssetDef("y", partitions_def=FEW)], io_handler=shelves
    )
    def both() -> dict[str, int]:
        return {"x": 1, "y": 2}

    build(both).materialize(partition_key=one("a"))
    assert [context.partition.definition for context in shelves.outputs] == [LETTERS, FEW]


@pytest.mark.rule("assets 6.10", "partitions 5.3.1")
def test_outputs_without_partitions_run_apart_from_those_with(build: Build) -> None:
    repo = build(outputs(None, LETTERS))
    assert repo.materialize(["x"]).success
    assert repo.materialize(["y"], one("b")).success
    assert (repo.load_node("x"), repo.load_node("y", partition_key=one("b"))) == ("x None", "y b")
    with pytest.raises(PartitionValidationError, match="Node 'x' is not partitioned"):
        repo.materialize(partition_key=one("b"))
    with pytest.raises(ExecutionError, match=r"without partition_key.*\by\b"):
        repo.materialize()


@pytest.mark.rule("partitions 5.3.2")
@pytest.mark.parametrize("asynchronous", [False, True], ids=["generator", "async generator"])
def test_what_a_generator_yields_is_stored_under_the_key_at_once(
    build: Build, storage: rs.Storage, asynchronous: bool
) -> None:
    shelves = Shelves()
    seen: list[Any] = []

    def results() -> Iterator[rs.Output]:
        yield rs.Output(1, output_name="x")
        seen.append([keys_given(context) for context in shelves.outputs])
        yield rs.Output(2, output_name="y")

    async def results_async() -> AsyncIterator[rs.Output]:
        for result in results():
            yield result

    definitions = [rs.AssetDef("x"), rs.AssetDef("y")]
    function = results_async if asynchronous else results
    both = rs.Asset.from_multi(function, definitions, "m", partitions_def=LETTERS, io_handler=shelves)
    result = build(both).materialize(partition_key=one("b"))
    assert seen == [[["b"]]]
    assert partition_events(storage, result.run_id, "y")[1] == ("Materialization", "b")


@pytest.mark.rule("partitions 5.3.2")
def test_an_output_that_fails_fails_for_its_key_alone(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("x"), rs.AssetDef("y")], partitions_def=LETTERS)
    def both() -> dict[str, int]:
        return {"x": 1}

    result = build(both).materialize(partition_key=one("a"), raise_on_error=False)
    assert list(failures_of(result)) == ["y"]
    assert partition_events(storage, result.run_id, "y")[1:] == [("StepFailure", "a"), ("StepFailure", None)]
    assert partition_events(storage, result.run_id, "x")[1:] == [("Materialization", "a"), ("StepSuccess", None)]


# -- external assets ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("partitions 5.3.7")
def test_an_external_asset_is_loaded_by_the_key_and_observed_for_it(build: Build, storage: rs.Storage) -> None:
    shelves = Shelves()

    @rs.Asset.external(io_handler=shelves, partitions_def=LETTERS)
    def outside(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(metadata={"key": context.partition_key}, data_version=f"v{context.partition_key}")

    after = rs.Asset(name="after", partitions_def=LETTERS)(lambda outside: f"after {outside}")
    repo = build(outside, after)
    shelves.handle_output(rs.OutputContext("outside", None, rs.PartitionContext([one("a")], LETTERS)), "there")
    result = repo.materialize(["outside"], one("a"))
    assert partition_events(storage, result.run_id, "outside") == [
        ("StepStart", None),
        ("Observation", "a"),
        ("StepSuccess", None),
    ]
    observed = storage.get_events_for_run(result.run_id)[1]
    assert (observed.data_version, observed.metadata) == ("va", [("key", '{"Text":{"value":"a"}}')])
    repo.materialize(["after"], one("a"))
    assert repo.load_node("after", partition_key=one("a")) == "after there"
    assert keys_given(shelves.inputs[-1]) == ["a"]
    with pytest.raises(ExecutionError, match="'z' for asset 'outside'"):
        repo.materialize(["outside"], one("z"))


@pytest.mark.rule("partitions 5.3.7")
def test_a_batch_is_observed_for_every_key(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.external(io_handler=Shelves(), partitions_def=LETTERS)
    def outside() -> rs.Observation:
        return rs.Observation(data_version="v")

    result = build(outside).materialize(["outside"], one(["a", "c"]))
    assert partition_events(storage, result.run_id, "outside")[1:-1] == [("Observation", "a"), ("Observation", "c")]


@pytest.mark.rule("partitions 5.3.7")
def test_observe_has_no_key_and_looks_at_the_whole(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.external(io_handler=Shelves(), partitions_def=LETTERS)
    def outside(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(metadata={"keyed": context.has_partition_key})

    result = build(outside).observe()
    assert result["outside"]["keyed"].raw_value() is False
    assert partition_events(storage, result.run_id, "outside")[1] == ("Observation", None)


# -- self-dependency ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("assets 8.5", "partitions 5.3.5")
def test_the_previous_value_is_that_of_the_same_key(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def count(context: rs.AssetExecutionContext, self: rs.SelfDependency[int]) -> int:
        return (self.get_inner() or 0) + 1

    repo = build(count)
    for key in ("a", "a", "b", "a"):
        repo.materialize(partition_key=one(key))
    assert [repo.load_node("count", partition_key=one(key)) for key in "ab"] == [3, 1]
    read = shelves.inputs[0]
    assert (read.asset_name, read.downstream_asset, read.type_hint) == ("count", "count", int)
    assert (keys_given(read), read.partition.definition == LETTERS) == (["a"], True)


@pytest.mark.rule("assets 8.5", "partitions 5.3.5")
def test_the_previous_value_of_a_batch_is_that_of_all_its_keys(build: Build) -> None:
    shelves = Shelves()
    seen: list[Any] = []

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def count(self: rs.SelfDependency[int]) -> int:
        seen.append(self.get_inner())
        return 1

    repo = build(count)
    repo.materialize(partition_key=one(["a", "b"]))
    repo.materialize(partition_key=one(["a", "b"]))
    assert [keys_given(context) for context in shelves.inputs] == [["a", "b"]] * 2
    assert seen == [None, {"a": 1, "b": 1}]


# -- tasks -------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("partitions 5.3.6")
def test_a_standalone_task_runs_for_a_key_and_needs_one(build: Build, storage: rs.Storage) -> None:
    seen: list[Any] = []

    @rs.Task(partitions_def=DAYS)
    def task(context: rs.TaskExecutionContext) -> str:
        seen.append((context.has_partition_key, context.partition.definition, context.partition_time_window))
        return context.partition_key

    repo = build(tasks=[task], jobs=[rs.Job("job", [task])])
    with pytest.raises(ExecutionError, match=r"without partition_key.*\btask\b"):
        repo.get_job("job").execute()
    result = repo.get_job("job").execute(partition_key=one("2024-01-02"))
    assert seen == [(True, DAYS, (datetime(2024, 1, 2), datetime(2024, 1, 3)))]
    assert repo.load_node("task", partition_key=one("2024-01-02")) == "2024-01-02"
    assert ("Materialization", "2024-01-02") in partition_events(storage, result.run_id, "task")


@pytest.mark.rule("partitions 5.3.6")
def test_a_command_on_its_own_has_no_partitions(build: Build) -> None:
    repo = build(tasks=[rs.BashTask("command", "echo done")])
    with pytest.raises(PartitionValidationError, match="Node 'command' is not partitioned"):
        repo.materialize(partition_key=one("a"))
