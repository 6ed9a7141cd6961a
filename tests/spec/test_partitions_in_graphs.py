"""Graph assets run for a key, and so do their tasks and fan-outs."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, many, materialized, one, partition_events
from tests.spec.recorded import failures_of, types_of

M = rs.PartitionMapping


@rs.Task
def named(context: rs.TaskExecutionContext) -> str:
    return f"{context.task_name} {context.partition_key}"


@rs.Task
def louder(context: rs.AssetExecutionContext, value: str) -> str:
    return f"{value}! {context.partition_key}"


@pytest.mark.rule("graph-assets 3.2.6", "partitions 5.3.3")
def test_the_inside_of_a_graph_runs_with_its_key_and_is_loaded_by_it(build: Build, storage: rs.Storage) -> None:
    graph = rs.Asset.from_graph(lambda: louder(named()), "g", partitions_def=LETTERS)
    repo = build(graph)
    result = repo.materialize(partition_key=one("b"))
    assert result.materialized_assets == ["g/named", "g/louder", "g"]
    assert repo.load_node("g/named", partition_key=one("b")) == "g/named b"
    assert repo.load_node("g/louder", partition_key=one("b")) == "g/named b! b"
    assert repo.load_node("g", partition_key=one("b")) == "g/named b! b"
    for node in result.materialized_assets:
        assert ("Materialization", "b") in partition_events(storage, result.run_id, node)
    assert materialized(storage, "g") == ["b"]


@pytest.mark.rule("partitions 5.3.3")
def test_a_graph_without_a_key_is_refused_by_its_own_name(build: Build) -> None:
    graph = rs.Asset.from_graph(lambda: louder(named()), "g", partitions_def=LETTERS)
    repo = build(graph)
    with pytest.raises(ExecutionError, match=r"without partition_key.*\bg\b"):
        repo.materialize()
    with pytest.raises(ExecutionError, match=r"'z'.*'g'"):
        repo.materialize(partition_key=one("z"))


@pytest.mark.rule("partitions 5.1.4", "partitions 5.3.3")
def test_a_graph_without_partitions_is_refused_by_its_own_name_and_its_inside_by_its_own(build: Build) -> None:
    plain = rs.Task(lambda: 1, name="plain")
    repo = build(
        rs.Asset.from_graph(lambda: plain(), "g"), rs.Asset.from_graph(lambda: named(), "h", partitions_def=DAYS)
    )
    with pytest.raises(PartitionValidationError, match="Node 'g' is not partitioned"):
        repo.materialize(["g"], one("a"))
    with pytest.raises(PartitionValidationError, match="Node 'g/plain' is not partitioned"):
        repo.load_node("g/plain", partition_key=one("a"))
    with pytest.raises(PartitionValidationError, match="'z' for asset 'h/named'"):
        repo.load_node("h/named", partition_key=one("z"))


@pytest.mark.rule("partitions 5.2.1", "partitions 5.3.3")
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


@pytest.mark.rule("graph-assets 3.2.4", "partitions 6.1.1")
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


@pytest.mark.rule("partitions 5.3.3")
def test_a_command_runs_for_the_key_of_its_graph(build: Build, storage: rs.Storage) -> None:
    command = rs.BashTask("command", f"{sys.executable} -c 'print(6 * 7)'")
    repo = build(rs.Asset.from_graph(lambda: louder(command()), "g", partitions_def=LETTERS))
    result = repo.materialize(partition_key=one("b"))
    assert repo.load_node("g/command", partition_key=one("b")) == "42"
    assert repo.load_node("g", partition_key=one("b")) == "42! b"
    assert partition_events(storage, result.run_id, "g/command") == [
        ("StepStart", None),
        ("Materialization", "b"),
        ("StepSuccess", None),
    ]


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


@pytest.mark.rule("partitions 5.3.3")
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
    assert ("Materialization", "a") in partition_events(storage, results["a"].run_id, "g/upper[1]")
    assert "Materialization" not in types_of(storage, results["a"].run_id, "g/upper__collect")


@pytest.mark.rule("partitions 5.3.4")
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


@pytest.mark.rule("partitions 5.3.4")
def test_elements_of_partitions_whose_keys_differ_are_named_by_position(build: Build) -> None:
    @rs.Asset(partitions_def=LETTERS, io_handler=Shelves())
    def source(context: rs.AssetExecutionContext) -> list[rs.DynamicOutput]:
        return [rs.DynamicOutput(f"{context.partition_key}{number}", number) for number in range(2)]

    @rs.Task
    def named(letter: str) -> str:
        return letter

    graph = rs.Asset.from_graph(lambda source: source.map(named).collect(), "g", partitions_def=LETTERS)
    repo = build(source, graph)
    for key in "ab":
        repo.materialize(["source"], one(key))
    result = repo.materialize(["g"], one(["a", "b"]))
    assert [name for name in result.materialized_assets if "[" in name] == ["g/named[0]", "g/named[1]"]


@pytest.mark.rule("partitions 5.3.4")
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


@pytest.mark.rule("partitions 5.2.7", "partitions 5.3.3")
def test_an_instance_that_fails_fails_for_the_key(build: Build, storage: rs.Storage) -> None:
    @rs.Task
    def picky(text: str) -> str:
        if text.endswith("1"):
            raise ValueError(text)
        return text

    graph = rs.Asset.from_graph(lambda: joined(letters().map(picky).collect()), "g", partitions_def=LETTERS)
    result = build(graph).materialize(partition_key=one("c"), raise_on_error=False)
    assert failures_of(result)["g/picky[1]"] == "ValueError: c1"
    assert partition_events(storage, result.run_id, "g/picky[1]")[1:] == [("StepFailure", "c"), ("StepFailure", None)]
    assert ("Materialization", "c") in partition_events(storage, result.run_id, "g/picky[0]")
    assert materialized(storage, "g") == []
