"""Which keys run, and what a run with one leaves."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, many, materialized, one, partition_events

io = rs.InMemoryIOHandler


def letter(name: str = "letter", **settings: Any) -> rs.SingleAsset:
    """Return an asset whose value has its name and the key that it was made for."""

    @rs.Asset(name=name, partitions_def=settings.pop("partitions_def", LETTERS), **settings)
    def made(context: rs.AssetExecutionContext) -> str:
        return f"{context.asset_name} {context.partition_key}"

    return made


@pytest.mark.rule("partitions 5.1.1", "partitions 5.1.10")
def test_the_function_gets_the_key_and_the_value_is_loaded_by_it(build: Build, storage: rs.Storage) -> None:
    repo = build(letter())
    result = repo.materialize(partition_key=one("b"))
    assert (result.success, result.materialized_assets) == (True, ["letter"])
    assert repo.load_node("letter", partition_key=one("b")) == "letter b"
    run = storage.get_run(result.run_id)
    assert run is not None
    assert run.partition_key == one("b")
    assert partition_events(storage, result.run_id, "letter") == [
        ("StepStart", None),
        ("Materialization", "b"),
        ("StepSuccess", None),
    ]


@pytest.mark.rule("contexts 1.7", "contexts 1.9")
def test_the_context_of_a_step_has_key_keys_definition_and_window(build: Build) -> None:
    seen: list[Any] = []

    @rs.Asset(partitions_def=DAYS)
    def daily(context: rs.AssetExecutionContext) -> None:
        partition = context.partition
        seen.append((context.has_partition_key, context.partition_key, context.partition_time_window))
        seen.append((partition.key, partition.keys, partition.definition == DAYS))

    build(daily).materialize(partition_key=one("2024-01-31"))
    start, end = seen[0][2]
    assert seen[0][:2] == (True, "2024-01-31")
    assert (start.isoformat(), end.isoformat()) == ("2024-01-31T00:00:00", "2024-02-01T00:00:00")
    assert seen[1] == (one("2024-01-31"), [one("2024-01-31")], True)


@pytest.mark.rule("partitions 5.1.1", "partitions 5.1.11", "contexts 1.8", "contexts 1.9")
def test_the_key_of_several_dimensions_comes_as_it_is_and_is_no_single_text(build: Build, storage: rs.Storage) -> None:
    seen: list[Any] = []

    @rs.Asset(partitions_def=GRID)
    def cell(context: rs.AssetExecutionContext) -> str:
        seen.append((context.partition.keys, context.partition_time_window))
        with pytest.raises(ValueError, match=r"context\.partition\.keys"):
            _ = context.partition_key
        return "made"

    repo = build(cell)
    key = many({"r": "x", "d": "2"})
    repo.materialize(partition_key=key)
    assert seen == [([key], None)]
    assert repo.load_node("cell", partition_key=key) == "made"
    assert storage.get_materialized_partitions("cell") == [key]
    newest = storage.get_latest_materialization("cell", "d=2|r=x")
    assert newest is not None
    assert newest.partition_key == key


@pytest.mark.rule("partitions 5.1.2", "partitions 5.1.7", "partitions 3.3.9")
@pytest.mark.parametrize(
    ("definition", "key", "shown", "nearest", "raising"),
    [
        (LETTERS, one(["a", "d"]), "a,d", "'c'", True),
        (DAYS, one("2024-1-3"), "2024-1-3", "'2024-01-03'", False),
        (GRID, many({"d": "1", "r": "z"}), "d=1|r=z", "'d=1|r=x'", True),
    ],
    ids=["static", "windows", "multi"],
)
def test_a_key_that_an_asset_does_not_have_is_refused_by_name_with_the_nearest(
    build: Build, storage: rs.Storage, definition: Any, key: Any, shown: str, nearest: str, raising: bool
) -> None:
    repo = build(letter(partitions_def=definition))
    with pytest.raises(ExecutionError) as caught:
        repo.materialize(partition_key=key, raise_on_error=raising)
    message = str(caught.value)
    expected = f"Invalid partition_key '{shown}' for asset 'letter': not a member of its partition definition."
    assert message.startswith(expected)
    assert nearest in message
    assert isinstance(caught.value, PartitionValidationError)
    assert storage.get_runs() == []


@pytest.mark.rule("partitions 5.1.6")
@pytest.mark.parametrize("given", ["a", {"d": "1"}, 3, ["a"]], ids=str)
def test_anything_but_a_key_is_a_type_error(build: Build, given: Any) -> None:
    with pytest.raises(TypeError, match="PartitionKey"):
        build(letter()).materialize(partition_key=given)


@pytest.mark.rule("repository 3.1.9", "partitions 5.1.3", "partitions 5.1.7")
@pytest.mark.parametrize("raising", [True, False])
def test_partitioned_assets_without_a_key_are_refused_by_name(build: Build, storage: rs.Storage, raising: bool) -> None:
    repo = build(letter("one"), letter("two"), rs.Asset(name="plain")(lambda: 1))
    with pytest.raises(ExecutionError, match=r"'materialize' without partition_key.*\bone, two\b"):
        repo.materialize(raise_on_error=raising)
    assert storage.get_runs() == []
    assert repo.materialize(["plain"]).success


@pytest.mark.rule("partitions 5.1.3", "partitions 5.1.4", "repository 3.1.9")
def test_what_is_partitioned_and_what_is_not_run_apart(build: Build) -> None:
    shelves = Shelves()
    edge = rs.AssetDef.input("letter", partition_mapping=rs.PartitionMapping.all_partitions())
    report = rs.Asset(lambda letter: sorted(letter.values()), name="report", deps=[edge])
    repo = build(letter(io_handler=shelves), report)
    with pytest.raises(PartitionValidationError, match="Node 'report' is not partitioned"):
        repo.materialize(["report"], one("a"), include_upstream=True)
    with pytest.raises(ExecutionError, match=r"without partition_key.*\bletter\b"):
        repo.materialize(["report"], include_upstream=True)
    for key in "ab":
        repo.materialize(["letter"], one(key))
    repo.materialize(["report"])
    assert repo.load_node("report") == ["letter a", "letter b"]


@pytest.mark.rule("partitions 5.1.1")
def test_every_step_of_a_chain_runs_for_the_key(build: Build, storage: rs.Storage) -> None:
    def after(context: rs.AssetExecutionContext, letter: str) -> str:
        return f"{letter}, after {context.partition_key}"

    repo = build(letter(), rs.Asset(after, partitions_def=LETTERS))
    for key in "ab":
        assert repo.materialize(["after"], one(key), include_upstream=True).success
    assert repo.load_node("after", partition_key=one("a")) == "letter a, after a"
    assert repo.load_node("after", partition_key=one("b")) == "letter b, after b"
    assert (materialized(storage, "after"), materialized(storage, "letter")) == (["a", "b"], ["a", "b"])


@pytest.mark.rule("partitions 5.1.10", "partitions 5.1.11")
def test_the_storage_knows_what_was_made_and_the_newest_of_each_partition(build: Build, storage: rs.Storage) -> None:
    repo = build(letter())
    runs = {key: repo.materialize(partition_key=one(key)).run_id for key in "cab"}
    again = repo.materialize(partition_key=one("c")).run_id
    assert storage.get_materialized_partitions("letter") == [one("a"), one("b"), one("c")]
    assert storage.get_materialized_partitions("other") == []
    newest = {key: storage.get_latest_materialization("letter", key) for key in "abc"}
    assert {key: event and event.run_id for key, event in newest.items()} == {
        "a": runs["a"],
        "b": runs["b"],
        "c": again,
    }
    assert {key: event and event.partition_key for key, event in newest.items()} == {key: one(key) for key in "abc"}
    assert storage.get_latest_materialization("letter", "d") is None
    overall = storage.get_latest_materialization("letter")
    assert overall is not None
    assert overall.run_id == again


@pytest.mark.rule("repository 4.5")
def test_load_node_takes_a_key_of_the_node_and_no_other(build: Build) -> None:
    shelves = Shelves()
    repo = build(letter(io_handler=shelves))
    repo.materialize(partition_key=one("a"))
    assert repo.load_node("letter", partition_key=one("a"), type_hint=str) == "letter a"
    [read] = shelves.inputs
    assert (read.downstream_asset, read.type_hint) == ("__load_node__", str)
    assert (read.partition.keys, read.partition.definition == LETTERS) == ([one("a")], True)
    with pytest.raises(PartitionValidationError, match=r"'d'.*'letter'"):
        repo.load_node("letter", partition_key=one("d"))


@pytest.mark.rule("repository 4.5")
def test_load_node_of_a_partitioned_node_without_a_key_asks_for_no_partition(build: Build) -> None:
    repo = build(letter())
    repo.materialize(partition_key=one("a"))
    with pytest.raises(KeyError, match="letter"):
        repo.load_node("letter")
    with pytest.raises(KeyError, match="letter/b"):
        repo.load_node("letter", partition_key=one("b"))


@pytest.mark.rule("repository 6.8")
def test_a_job_runs_its_members_for_a_key(build: Build, storage: rs.Storage) -> None:
    step = letter()
    repo = build(step, jobs=[rs.Job("nightly", [step])])
    result = repo.get_job("nightly").execute(partition_key=one("c"))
    run = storage.get_run(result.run_id)
    assert run is not None
    assert (run.job_name, run.partition_key) == ("nightly", one("c"))
    assert repo.load_node("letter", partition_key=one("c")) == "letter c"


@pytest.mark.rule("repository 6.8", "partitions 5.1.2", "partitions 5.1.3")
@pytest.mark.parametrize("raising", [True, False])
def test_a_partitioned_job_needs_a_key_of_every_member(build: Build, raising: bool) -> None:
    step, other = letter(), letter("other")
    job = build(step, other, jobs=[rs.Job("nightly", [step, other])]).get_job("nightly")
    with pytest.raises(ExecutionError, match=r"^Cannot run 'nightly' without partition_key.*\bletter, other\b"):
        job.execute(raise_on_error=raising)
    with pytest.raises(PartitionValidationError, match="not valid for node 'letter'"):
        job.execute(partition_key=one("z"), raise_on_error=raising)
