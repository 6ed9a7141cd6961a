"""Sections 3.4 and 3.5 of the specification of partitions: dynamic keys, and definitions that are known by a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError, ExecutionError, PartitionValidationError, StorageError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, LETTERS, many, materialized, one

CUSTOMERS = rs.PartitionsDefinition.dynamic("customers")


def told(context: rs.AssetExecutionContext) -> str:
    return ",".join(map(str, context.partition.keys))


def asset(definition: Any, name: str = "told") -> rs.SingleAsset:
    return rs.Asset(told, name=name, partitions_def=definition)


# §3.4
def test_a_dynamic_key_runs_as_soon_as_it_is_registered_and_no_longer_than_that(
    build: Build, storage: rs.Storage
) -> None:
    repo = build(asset(CUSTOMERS))
    with pytest.raises(ExecutionError) as caught:
        repo.materialize(partition_key=one("ada"))
    message = str(caught.value)
    assert [part for part in ("'ada'", "'told'", "'customers'", "add_dynamic_partitions") if part not in message] == []
    storage.add_dynamic_partitions("customers", ["bob", "ada"])
    storage.add_dynamic_partitions("customers", ["ada"])
    assert storage.get_dynamic_partitions("customers") == ["ada", "bob"]
    assert storage.has_dynamic_partition("customers", "ada")
    repo.materialize(partition_key=one(["ada", "bob"]))
    assert materialized(storage, "told") == ["ada", "bob"]
    storage.delete_dynamic_partition("customers", "ada")
    storage.delete_dynamic_partition("customers", "nobody")
    with pytest.raises(ExecutionError, match=r"(?s)'ada'.*'bob'"):
        repo.materialize(partition_key=one("ada"))
    with pytest.raises(PartitionValidationError, match="'ada'"):
        repo.load_node("told", partition_key=one("ada"))


# §3.4
def test_the_key_of_a_batch_that_is_not_registered_is_named(build: Build, storage: rs.Storage) -> None:
    storage.add_dynamic_partitions("customers", ["ada", "bob"])
    with pytest.raises(ExecutionError, match=r"'eve' is not registered in dynamic namespace 'customers'"):
        build(asset(CUSTOMERS)).materialize(partition_key=one(["ada", "bob", "eve"]))


# §3.4
@pytest.mark.parametrize("key", ["", "a|b", "a,b"])
def test_a_dynamic_key_that_cannot_be_one_is_refused(storage: rs.Storage, key: str) -> None:
    with pytest.raises(StorageError):
        storage.add_dynamic_partitions("customers", ["fine", key])
    assert not storage.has_dynamic_partition("customers", "fine")


# §3.4
def test_namespaces_are_apart(build: Build, storage: rs.Storage) -> None:
    storage.add_dynamic_partitions("others", ["ada"])
    with pytest.raises(ExecutionError, match="'customers'"):
        build(asset(CUSTOMERS)).materialize(partition_key=one("ada"))


# §3.4, a dimension
def test_a_dynamic_dimension_is_checked_against_the_store(build: Build, storage: rs.Storage) -> None:
    definition = rs.PartitionsDefinition.multi({"who": CUSTOMERS, "letter": LETTERS})
    repo = build(asset(definition))
    key = many({"who": "ada", "letter": "a"})
    with pytest.raises(ExecutionError, match=r"'letter=a\|who=ada'.*'told'.*'customers'.*add_dynamic_partitions"):
        repo.materialize(partition_key=key)
    storage.add_dynamic_partitions("customers", ["ada"])
    repo.materialize(partition_key=key)
    assert storage.get_materialized_partitions("told") == [key]


# §3.4, §6.2
def test_registered_keys_decide_what_a_mapping_loads(build: Build, storage: rs.Storage) -> None:
    seen: list[Any] = []
    handler = rs.InMemoryIOHandler()
    up = rs.Asset(told, name="up", partitions_def=CUSTOMERS, io_handler=handler)
    edge = rs.AssetDef.input("up", partition_mapping=rs.PartitionMapping.subset())
    down = rs.Asset(lambda up: seen.append(up), name="down", partitions_def=CUSTOMERS, deps=[edge])
    repo = build(up, down)
    storage.add_dynamic_partitions("customers", ["ada"])
    repo.materialize(["up"], one("ada"))
    repo.materialize(["down"], one("ada"))
    assert seen == ["ada"]


# §3.5, repository §1
@pytest.mark.rule("repository 1.5")
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


# §3.5, §8
@pytest.mark.parametrize("check", ["resolve", "validate"])
def test_an_unknown_name_is_refused_with_the_registered_ones(storage: rs.Storage, check: str) -> None:
    repo = rs.CodeRepository([asset("weeks")], partition_defs={"letters": LETTERS, "days": DAYS})
    with pytest.raises(ConfigurationError, match=r"(?s)'weeks'.*'told'.*days.*letters|'told'.*'weeks'.*days.*letters"):
        repo.resolve(storage) if check == "resolve" else repo.validate()


# repository §1
@pytest.mark.rule("repository 1.6")
def test_what_is_registered_must_be_a_definition() -> None:
    with pytest.raises(TypeError, match="partition_defs"):
        rs.CodeRepository([], partition_defs={"letters": ["a", "b"]})


# §3, §8, repository §1.3
@pytest.mark.rule("repository 2.12")
@pytest.mark.parametrize("check", ["resolve", "validate"])
def test_a_definition_that_was_built_raw_is_checked_when_it_is_used(storage: rs.Storage, check: str) -> None:
    raw = rs.PartitionsDefinition.Static([])
    repo = rs.CodeRepository([asset(raw)])
    with pytest.raises(PartitionValidationError, match="Asset 'told': invalid partitions definition: "):
        repo.resolve(storage) if check == "resolve" else repo.validate()


# §6.1, §8, repository §1.3
@pytest.mark.rule("repository 2.12")
@pytest.mark.parametrize("check", ["resolve", "validate"])
@pytest.mark.parametrize(
    ("up", "down", "edge"),
    [
        (LETTERS, DAYS, rs.AssetDef.input("up")),
        (LETTERS, DAYS, rs.AssetDef.dep("up")),
        (LETTERS, None, rs.AssetDef.input("up")),
        (LETTERS, LETTERS, rs.AssetDef.input("up", partition_mapping=rs.PartitionMapping.for_keys([one("a")]))),
        (None, None, rs.AssetDef.input("up", partition_mapping=rs.PartitionMapping.all_partitions())),
        (DAYS, rs.PartitionsDefinition.hourly(datetime(2024, 1, 1)), rs.AssetDef.input("up")),
    ],
    ids=["variants", "lineage only", "no mapping", "for_keys", "neither", "format"],
)
def test_a_mapping_that_does_not_fit_is_refused_naming_both_assets(
    storage: rs.Storage, check: str, up: Any, down: Any, edge: Any
) -> None:
    above = rs.Asset(lambda: 1, name="up", partitions_def=up)
    function = (lambda: 2) if not edge.is_input else (lambda up: up)
    repo = rs.CodeRepository([above, rs.Asset(function, name="down", partitions_def=down, deps=[edge])])
    with pytest.raises(PartitionValidationError, match="Asset 'down' depends on 'up': "):
        repo.resolve(storage) if check == "resolve" else repo.validate()
