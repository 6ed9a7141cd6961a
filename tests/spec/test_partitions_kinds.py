"""Section 5, rules 8 to 10, of the specification of partitions: every kind of node runs for a key."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, keys_told, many, materialized, one, partitions_told
from tests.spec.recorded import failures_of, types_of

M = rs.PartitionMapping
FEW = rs.PartitionsDefinition.static_(["a", "b"])


async def coroutine(context: rs.AssetExecutionContext) -> str:
    return f"async {context.partition_key}"


# repository §4.7
def test_a_coroutine_runs_for_a_key(build: Build, storage: rs.Storage) -> None:
    repo = build(*(rs.Asset(coroutine, name=name, partitions_def=LETTERS) for name in ("x", "y")))
    repo.materialize(partition_key=one("a"))
    assert [repo.load_node(name, partition_key=one("a")) for name in "xy"] == ["async a"] * 2
    assert (materialized(storage, "x"), materialized(storage, "y")) == (["a"], ["a"])


# -- multi-assets ------------------------------------------------------------------------------------------------------


def outputs(first: Any, second: Any) -> rs.MultiAsset:
    """A multi-asset whose two outputs have these partitions."""

    @rs.Asset.from_multi(output_defs=[rs.AssetDef("x", partitions_def=first), rs.AssetDef("y", partitions_def=second)])
    def both(context: rs.AssetExecutionContext) -> dict[str, Any]:
        key = context.partition and str(context.partition.key)
        return {name: f"{name} {key}" for name in context.output_selection}

    return both


# §5.8
def test_a_key_must_be_one_of_every_selected_output(build: Build, storage: rs.Storage) -> None:
    repo = build(outputs(LETTERS, FEW))
    assert repo.materialize(partition_key=one("a")).materialized_assets == ["x", "y"]
    with pytest.raises(ExecutionError, match="Invalid partition_key 'c' for asset 'y'"):
        repo.materialize(partition_key=one("c"))
    assert repo.materialize(["x"], one("c")).materialized_assets == ["x"]
    assert (materialized(storage, "x"), materialized(storage, "y")) == (["a", "c"], ["a"])
    assert repo.load_node("x", partition_key=one("c")) == "x c"


# §5.8, §5.6
def test_each_output_is_stored_with_its_own_definition(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset.from_multi(
        output_defs=[rs.AssetDef("x", partitions_def=LETTERS), rs.AssetDef("y", partitions_def=FEW)], io_handler=shelves
    )
    def both() -> dict[str, int]:
        return {"x": 1, "y": 2}

    build(both).materialize(partition_key=one("a"))
    assert [context.partition.definition for context in shelves.outputs] == [LETTERS, FEW]


# §5.8, assets §6.3
def test_outputs_without_partitions_run_apart_from_those_with(build: Build) -> None:
    repo = build(outputs(None, LETTERS))
    assert repo.materialize(["x"]).success
    assert repo.materialize(["y"], one("b")).success
    assert (repo.load_node("x"), repo.load_node("y", partition_key=one("b"))) == ("x None", "y b")
    with pytest.raises(PartitionValidationError, match="Node 'x' is not partitioned"):
        repo.materialize(partition_key=one("b"))
    with pytest.raises(ExecutionError, match=r"without partition_key.*\by\b"):
        repo.materialize()


# §8, assets §6.3, §16
def test_outputs_of_another_variant_or_without_a_common_key_are_a_value_error_that_names_both() -> None:
    with pytest.raises(ValueError, match=r"(?s)'x'.*'y'|'y'.*'x'"):
        outputs(LETTERS, DAYS)
    with pytest.raises(ValueError, match=r"(?s)'x'.*'y'|'y'.*'x'"):
        outputs(FEW, rs.PartitionsDefinition.static_(["c"]))


@pytest.mark.parametrize("asynchronous", [False, True], ids=["generator", "async generator"])
def test_what_a_generator_yields_is_stored_under_the_key_at_once(
    build: Build, storage: rs.Storage, asynchronous: bool
) -> None:
    shelves = Shelves()
    seen: list[Any] = []

    def results() -> Iterator[rs.Output]:
        yield rs.Output(1, output_name="x")
        seen.append([keys_told(context) for context in shelves.outputs])
        yield rs.Output(2, output_name="y")

    async def results_async() -> AsyncIterator[rs.Output]:
        for result in results():
            yield result

    definitions = [rs.AssetDef("x"), rs.AssetDef("y")]
    function = results_async if asynchronous else results
    both = rs.Asset.from_multi(function, definitions, "m", partitions_def=LETTERS, io_handler=shelves)
    result = build(both).materialize(partition_key=one("b"))
    assert seen == [[["b"]]]
    assert partitions_told(storage, result.run_id, "y")[1] == ("Materialization", "b")


def test_an_output_that_fails_fails_for_its_key_alone(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("x"), rs.AssetDef("y")], partitions_def=LETTERS)
    def both() -> dict[str, int]:
        return {"x": 1}

    result = build(both).materialize(partition_key=one("a"), raise_on_error=False)
    assert list(failures_of(result)) == ["y"]
    assert partitions_told(storage, result.run_id, "y")[1:] == [("StepFailure", "a"), ("StepFailure", None)]
    assert partitions_told(storage, result.run_id, "x")[1:] == [("Materialization", "a"), ("StepSuccess", None)]


# -- graph assets ------------------------------------------------------------------------------------------------------


@rs.Task
def told(context: rs.TaskExecutionContext) -> str:
    return f"{context.task_name} {context.partition_key}"


@rs.Task
def louder(context: rs.AssetExecutionContext, value: str) -> str:
    return f"{value}! {context.partition_key}"


# §5.9, assets §7.10
def test_the_inside_of_a_graph_runs_with_its_key_and_is_loaded_by_it(build: Build, storage: rs.Storage) -> None:
    graph = rs.Asset.from_graph(lambda: louder(told()), "g", partitions_def=LETTERS)
    repo = build(graph)
    result = repo.materialize(partition_key=one("b"))
    assert result.materialized_assets == ["g/told", "g/louder", "g"]
    assert repo.load_node("g/told", partition_key=one("b")) == "g/told b"
    assert repo.load_node("g/louder", partition_key=one("b")) == "g/told b! b"
    assert repo.load_node("g", partition_key=one("b")) == "g/told b! b"
    for node in result.materialized_assets:
        assert ("Materialization", "b") in partitions_told(storage, result.run_id, node)
    assert materialized(storage, "g") == ["b"]


# §5.9
def test_a_graph_without_a_key_is_refused_by_its_own_name(build: Build) -> None:
    graph = rs.Asset.from_graph(lambda: louder(told()), "g", partitions_def=LETTERS)
    repo = build(graph)
    with pytest.raises(ExecutionError, match=r"without partition_key.*\bg\b"):
        repo.materialize()
    with pytest.raises(ExecutionError, match=r"'z'.*'g'"):
        repo.materialize(partition_key=one("z"))


# §5.3, §5.9
def test_a_graph_without_partitions_is_refused_by_its_own_name_and_its_inside_by_its_own(build: Build) -> None:
    plain = rs.Task(lambda: 1, name="plain")
    repo = build(
        rs.Asset.from_graph(lambda: plain(), "g"), rs.Asset.from_graph(lambda: told(), "h", partitions_def=DAYS)
    )
    with pytest.raises(PartitionValidationError, match="Node 'g' is not partitioned"):
        repo.materialize(["g"], one("a"))
    with pytest.raises(PartitionValidationError, match="Node 'g/plain' is not partitioned"):
        repo.load_node("g/plain", partition_key=one("a"))
    with pytest.raises(PartitionValidationError, match="'z' for asset 'h/told'"):
        repo.load_node("h/told", partition_key=one("z"))


# §5.9, a batch
def test_a_batch_of_a_graph_runs_each_task_once_for_all_keys(build: Build, storage: rs.Storage) -> None:
    calls: list[list[str]] = []

    @rs.Task
    def listed(context: rs.TaskExecutionContext) -> list[str]:
        calls.append([str(key) for key in context.partition.keys])
        return calls[-1]

    repo = build(rs.Asset.from_graph(lambda: listed(), "g", partitions_def=GRID))
    repo.materialize(partition_key=many({"d": "1", "r": ["x", "y"]}))
    assert calls == [["d=1|r=x", "d=1|r=y"]]
    assert materialized(storage, "g") == ["d=1|r=x", "d=1|r=y"]


# assets §7.10
def test_the_mapping_of_a_graph_is_that_of_the_task_which_consumes_the_upstream(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=DAYS, io_handler=shelves)
    def raw(context: rs.AssetExecutionContext) -> str:
        return context.partition_key

    edge = rs.AssetDef.input("raw", partition_mapping=M.time_window(-1))
    graph = rs.Asset.from_graph(lambda raw: louder(raw), "g", partitions_def=DAYS, deps=[edge])
    repo = build(raw, graph)
    repo.materialize(["raw"], one("2024-01-04"))
    repo.materialize(["g"], one("2024-01-05"))
    assert repo.load_node("g", partition_key=one("2024-01-05")) == "2024-01-04! 2024-01-05"
    with pytest.raises(PartitionValidationError, match="offset=-1"):
        repo.materialize(["g"], one("2024-01-01"))


# -- fan-out -----------------------------------------------------------------------------------------------------------


@rs.Task
def letters(context: rs.TaskExecutionContext) -> list[str]:
    return [f"{context.partition_key}{number}" for number in range(2)]


@rs.Task
def upper(context: rs.TaskExecutionContext, text: str) -> str:
    return f"{text.upper()} for {context.partition_key}"


@rs.Task
def joined(context: rs.TaskExecutionContext, texts: Any) -> str:
    return f"{', '.join(texts)}; {context.partition_key}"


# §5.9, assets §7.1
@pytest.mark.parametrize("streamed", [False, True], ids=["collect", "collect_stream"])
def test_every_instance_of_a_fan_out_runs_for_the_key_and_is_collected_by_it(
    build: Build, storage: rs.Storage, streamed: bool
) -> None:
    def body() -> Any:
        mapped = letters().map(upper)
        return joined(mapped.collect_stream(ordered=True) if streamed else mapped.collect())

    repo = build(rs.Asset.from_graph(body, "g", partitions_def=LETTERS))
    results = {key: repo.materialize(partition_key=one(key)) for key in "ab"}
    assert repo.load_node("g", partition_key=one("a")) == "A0 for a, A1 for a; a"
    assert repo.load_node("g", partition_key=one("b")) == "B0 for b, B1 for b; b"
    assert repo.load_node("g/upper[1]", partition_key=one("a")) == "A1 for a"
    assert ("Materialization", "a") in partitions_told(storage, results["a"].run_id, "g/upper[1]")
    assert "Materialization" not in types_of(storage, results["a"].run_id, "g/upper__collect")


# assets §7.1.3
def test_the_names_of_the_instances_are_those_of_the_elements_of_the_key(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def source(context: rs.AssetExecutionContext) -> list[rs.DynamicOutput]:
        return [rs.DynamicOutput(f"{context.partition_key}{number}", number) for number in range(2)]

    @rs.Task
    def double(context: rs.TaskExecutionContext, number: int) -> int:
        return number * 2

    @rs.Task
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    graph = rs.Asset.from_graph(lambda source: total(source.map(double).collect()), "g", partitions_def=LETTERS)
    repo = build(source, graph)
    for key in "ab":
        repo.materialize(["source"], one(key))
    result = repo.materialize(["g"], one("a"))
    assert [name for name in result.materialized_assets if "[" in name] == ["g/double[a0]", "g/double[a1]"]


# assets §7.1.3
@pytest.mark.parametrize(
    ("mapping", "key", "instances"),
    [
        (M.time_window(-1), "2024-01-02", ["g/double[first]"]),
        (M.all_partitions(), "2024-01-02", ["g/double[0]", "g/double[1]"]),
    ],
    ids=["another partition than that of the run", "the whole"],
)
def test_instances_are_named_after_what_is_loaded_though_the_source_runs_too(
    build: Build, mapping: Any, key: str, instances: list[str]
) -> None:
    @rs.Asset(partitions_def=DAYS, io_handler=Shelves())
    def source(context: rs.AssetExecutionContext) -> list[rs.DynamicOutput]:
        return [rs.DynamicOutput("first" if context.partition_key.endswith("1") else "later", 1)]

    double = rs.Task(lambda number: number, name="double")
    listed = rs.Task(lambda numbers: numbers, name="listed")
    graph = rs.Asset.from_graph(
        lambda source: listed(source.map(double).collect()),
        "g",
        partitions_def=DAYS,
        deps=[rs.AssetDef.input("source", partition_mapping=mapping)],
    )
    repo = build(source, graph)
    repo.materialize(["source"], one("2024-01-01"))
    result = repo.materialize(None, one(key))
    assert [name for name in result.materialized_assets if "[" in name] == instances


# assets §7.1.7
def test_an_instance_that_fails_fails_for_the_key(build: Build, storage: rs.Storage) -> None:
    @rs.Task
    def picky(text: str) -> str:
        if text.endswith("1"):
            raise ValueError(text)
        return text

    graph = rs.Asset.from_graph(lambda: joined(letters().map(picky).collect()), "g", partitions_def=LETTERS)
    result = build(graph).materialize(partition_key=one("c"), raise_on_error=False)
    assert failures_of(result)["g/picky[1]"] == "ValueError: c1"
    assert partitions_told(storage, result.run_id, "g/picky[1]")[1:] == [("StepFailure", "c"), ("StepFailure", None)]
    assert ("Materialization", "c") in partitions_told(storage, result.run_id, "g/picky[0]")
    assert materialized(storage, "g") == []


# -- external assets ---------------------------------------------------------------------------------------------------


# assets §8, repository §1.4
def test_an_external_asset_is_loaded_by_the_key_and_observed_for_it(build: Build, storage: rs.Storage) -> None:
    shelves = Shelves()

    @rs.Asset.external(io_handler=shelves, partitions_def=LETTERS)
    def outside(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(metadata={"key": context.partition_key}, data_version=f"v{context.partition_key}")

    after = rs.Asset(name="after", partitions_def=LETTERS)(lambda outside: f"after {outside}")
    repo = build(outside, after)
    shelves.handle_output(rs.OutputContext("outside", None, rs.PartitionContext([one("a")], LETTERS)), "there")
    result = repo.materialize(["outside"], one("a"))
    assert partitions_told(storage, result.run_id, "outside") == [
        ("StepStart", None),
        ("Observation", "a"),
        ("StepSuccess", None),
    ]
    observed = storage.get_events_for_run(result.run_id)[1]
    assert (observed.data_version, observed.metadata) == ("va", [("key", '{"Text":{"value":"a"}}')])
    repo.materialize(["after"], one("a"))
    assert repo.load_node("after", partition_key=one("a")) == "after there"
    assert keys_told(shelves.inputs[-1]) == ["a"]
    with pytest.raises(ExecutionError, match="'z' for asset 'outside'"):
        repo.materialize(["outside"], one("z"))


def test_a_batch_is_observed_for_every_key(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.external(io_handler=Shelves(), partitions_def=LETTERS)
    def outside() -> rs.Observation:
        return rs.Observation(data_version="v")

    result = build(outside).materialize(["outside"], one(["a", "c"]))
    assert partitions_told(storage, result.run_id, "outside")[1:-1] == [("Observation", "a"), ("Observation", "c")]


# repository §1.5
def test_observe_has_no_key_and_looks_at_the_whole(build: Build, storage: rs.Storage) -> None:
    @rs.Asset.external(io_handler=Shelves(), partitions_def=LETTERS)
    def outside(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(metadata={"keyed": context.has_partition_key})

    result = build(outside).observe()
    assert result["outside"]["keyed"].raw_value() is False
    assert partitions_told(storage, result.run_id, "outside")[1] == ("Observation", None)


# -- self-dependency ---------------------------------------------------------------------------------------------------


# §5.10, assets §9.3
def test_the_previous_value_is_that_of_the_same_key(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def count(context: rs.AssetExecutionContext, self: rs.SelfDependency[int]) -> int:
        return (self.get_inner() or 0) + 1

    repo = build(count)
    for key in ("a", "a", "b", "a"):
        repo.materialize(partition_key=one(key))
    assert [repo.load_node("count", partition_key=one(key)) for key in "ab"] == [3, 1]
    told = shelves.inputs[0]
    assert (told.asset_name, told.downstream_asset, told.type_hint) == ("count", "count", int)
    assert (keys_told(told), told.partition.definition == LETTERS) == (["a"], True)


# §5.10
def test_the_previous_value_of_a_batch_is_asked_for_all_its_keys(build: Build) -> None:
    shelves = Shelves()
    seen: list[Any] = []

    @rs.Asset(partitions_def=LETTERS, io_handler=shelves)
    def count(self: rs.SelfDependency[int]) -> int:
        seen.append(self.get_inner())
        return 1

    repo = build(count)
    repo.materialize(partition_key=one(["a", "b"]))
    repo.materialize(partition_key=one(["a", "b"]))
    assert [keys_told(context) for context in shelves.inputs] == [["a", "b"]] * 2
    assert seen == [None, {"a": 1, "b": 1}]


# -- tasks -------------------------------------------------------------------------------------------------------------


# §5.10, assets §10, §11
def test_a_standalone_task_runs_for_a_key_and_is_told_its_window(build: Build, storage: rs.Storage) -> None:
    seen: list[Any] = []

    @rs.Task(partitions_def=DAYS)
    def task(context: rs.TaskExecutionContext) -> str:
        seen.append((context.has_partition_key, context.partition.definition, context.partition_time_window))
        return context.partition_key

    repo = build(tasks=[task], jobs=[rs.Job("job", [task])])
    result = repo.get_job("job").execute(partition_key=one("2024-01-02"))
    assert seen == [(True, DAYS, (datetime(2024, 1, 2), datetime(2024, 1, 3)))]
    assert repo.load_node("task", partition_key=one("2024-01-02")) == "2024-01-02"
    assert ("Materialization", "2024-01-02") in partitions_told(storage, result.run_id, "task")


# §5.10
def test_a_partitioned_task_in_a_job_needs_a_key(build: Build) -> None:
    task = rs.Task(lambda: 1, name="task", partitions_def=LETTERS)
    repo = build(tasks=[task], jobs=[rs.Job("job", [task])])
    with pytest.raises(ExecutionError, match=r"without partition_key.*\btask\b"):
        repo.get_job("job").execute()


# §5.9, assets §10
def test_a_command_runs_for_the_key_of_its_graph(build: Build, storage: rs.Storage) -> None:
    command = rs.BashTask("command", f"{sys.executable} -c 'print(6 * 7)'")
    repo = build(rs.Asset.from_graph(lambda: louder(command()), "g", partitions_def=LETTERS))
    result = repo.materialize(partition_key=one("b"))
    assert repo.load_node("g/command", partition_key=one("b")) == "42"
    assert repo.load_node("g", partition_key=one("b")) == "42! b"
    assert partitions_told(storage, result.run_id, "g/command") == [
        ("StepStart", None),
        ("Materialization", "b"),
        ("StepSuccess", None),
    ]


# §5.3
def test_a_command_on_its_own_has_no_partitions(build: Build) -> None:
    repo = build(tasks=[rs.BashTask("command", "echo done")])
    with pytest.raises(PartitionValidationError, match="Node 'command' is not partitioned"):
        repo.materialize(partition_key=one("a"))
