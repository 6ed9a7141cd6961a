"""Dynamic keys, and definitions that are known by a name."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError, ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, LETTERS, many, materialized, one

CUSTOMERS = rs.PartitionsDefinition.dynamic("customers")


def keyed(context: rs.AssetExecutionContext) -> str:
    return ",".join(map(str, context.partition.keys))


def asset(definition: Any, name: str = "keyed") -> rs.SingleAsset:
    return rs.Asset(keyed, name=name, partitions_def=definition)


@pytest.mark.rule("partitions 3.4.1", "partitions 3.4.3", "partitions 3.4.4")
def test_a_dynamic_key_runs_as_soon_as_it_is_registered_and_no_longer_than_that(
    build: Build, storage: rs.Storage
) -> None:
    repo = build(asset(CUSTOMERS))
    with pytest.raises(ExecutionError) as caught:
        repo.materialize(partition_key=one("ada"))
    message = str(caught.value)
    assert [part for part in ("'ada'", "'keyed'", "'customers'", "add_dynamic_partitions") if part not in message] == []
    storage.add_dynamic_partitions("customers", ["bob", "ada"])
    storage.add_dynamic_partitions("customers", ["ada"])
    assert storage.get_dynamic_partitions("customers") == ["ada", "bob"]
    assert storage.has_dynamic_partition("customers", "ada")
    repo.materialize(partition_key=one(["ada", "bob"]))
    assert materialized(storage, "keyed") == ["ada", "bob"]
    storage.delete_dynamic_partition("customers", "ada")
    storage.delete_dynamic_partition("customers", "nobody")
    assert materialized(storage, "keyed") == ["ada", "bob"]
    with pytest.raises(ExecutionError, match=r"(?s)'ada'.*'bob'"):
        repo.materialize(partition_key=one("ada"))
    with pytest.raises(PartitionValidationError, match="'ada'"):
        repo.load_node("keyed", partition_key=one("ada"))


@pytest.mark.rule("partitions 3.4.3")
def test_a_dynamic_dimension_is_checked_against_the_store(build: Build, storage: rs.Storage) -> None:
    definition = rs.PartitionsDefinition.multi({"who": CUSTOMERS, "letter": LETTERS})
    repo = build(asset(definition))
    key = many({"who": "ada", "letter": "a"})
    with pytest.raises(ExecutionError, match=r"'letter=a\|who=ada'.*'keyed'.*'customers'.*add_dynamic_partitions"):
        repo.materialize(partition_key=key)
    storage.add_dynamic_partitions("customers", ["ada"])
    repo.materialize(partition_key=key)
    assert storage.get_materialized_partitions("keyed") == [key]


@pytest.mark.rule("repository 1.5", "partitions 3.5.1")
def test_a_definition_is_known_by_its_name_wherever_one_is_taken(build: Build, storage: rs.Storage) -> None:
    handler = rs.InMemoryIOHandler()

    @rs.Task
    def inner(context: rs.TaskExecutionContext) -> str:
        return context.partition_key

    single = asset("letters", "single")
    multi = rs.Asset.from_multi(lambda: {"x": 1}, [rs.AssetDef("x")], "m", partitions_def="letters")
    output = rs.Asset.from_multi(lambda: {"y": 2}, [rs.AssetDef("y", partitions_def="letters")], "n")
    graph = rs.Asset.from_graph(lambda: inner(), "g", partitions_def="letters")
    external = rs.Asset.external(name="e", io_handler=handler, partitions_def="letters")
    task = rs.Task(lambda: 3, name="task", partitions_def="letters")
    repo = build(
        *(single, multi, output, graph, external), tasks=[task], partition_defs={"letters": LETTERS, "days": DAYS}
    )
    result = repo.materialize(partition_key=one("c"))
    assert sorted(result.materialized_assets) == ["g", "g/inner", "single", "task", "x", "y"]
    assert [materialized(storage, name) for name in ("single", "x", "y", "g")] == [["c"]] * 4
    assert single.partitions_def == "letters"
    with pytest.raises(ExecutionError, match="'z'"):
        repo.materialize(["single"], one("z"))


@pytest.mark.rule("repository 1.6")
def test_what_is_registered_must_be_a_definition() -> None:
    with pytest.raises(TypeError, match="partition_defs"):
        rs.CodeRepository([], partition_defs={"letters": ["a", "b"]})


@pytest.mark.rule("partitions 3.1.16", "partitions 3.5.2", "partitions 6.2.1", "repository 2.10", "repository 2.12")
@pytest.mark.parametrize("check", ["resolve", "validate"])
def test_what_cannot_work_is_refused_when_a_repository_is_checked(storage: rs.Storage, check: str) -> None:
    def checked(*assets: rs.SingleAsset) -> None:
        repo = rs.CodeRepository(list(assets), partition_defs={"letters": LETTERS})
        repo.resolve(storage) if check == "resolve" else repo.validate()

    with pytest.raises(ConfigurationError, match=r"'keyed'.*'weeks'.*letters"):
        checked(asset("weeks"))
    with pytest.raises(PartitionValidationError, match="Asset 'keyed': invalid partitions definition: "):
        checked(asset(rs.PartitionsDefinition.Static([])))
    edge = rs.AssetDef.dep("keyed")
    with pytest.raises(PartitionValidationError, match="Asset 'down' depends on 'keyed': "):
        checked(asset(LETTERS), rs.Asset(lambda: 2, name="down", partitions_def=DAYS, deps=[edge]))
