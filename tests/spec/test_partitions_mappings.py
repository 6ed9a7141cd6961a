"""What a mapping loads when a step runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, keys_given, many, materialized, one, partition_events
from tests.spec.recorded import failures_of

M = rs.PartitionMapping
Static = rs.PartitionsDefinition.static_
NUMBERS = Static(["1", "2"])
NONE: Any = object()
"""Stands for a parameter that nothing was loaded for."""


class Edge:
    """Two assets with a mapping between them; the upstream's value is the key that it was made for."""

    def __init__(self, build: Build, up: Any, down: Any, mapping: Any) -> None:
        self.shelves = Shelves()
        self.loaded: list[Any] = []

        @rs.Asset(partitions_def=up, io_handler=self.shelves)
        def source(context: rs.AssetExecutionContext) -> str:
            return str(context.partition.key) if context.has_partition_key else "whole"

        @rs.Asset(partitions_def=down, deps=[rs.AssetDef.input("source", partition_mapping=mapping)])
        def sink(source: Any) -> None:
            self.loaded.append(source)

        self.repo = build(source, sink)

    def fill(self, *keys: rs.PartitionKey | None) -> None:
        for key in keys:
            self.repo.materialize(["source"], key)

    def load(self, key: rs.PartitionKey | None) -> tuple[Any, Any]:
        """Return what the function gets for a key, and the keys of the handler: ``NONE`` when it is not called."""
        self.repo.materialize(["sink"], key)
        given = self.shelves.inputs[0] if self.shelves.inputs else None
        self.shelves.inputs.clear()
        return self.loaded.pop(), NONE if given is None else keys_given(given)


# (upstream, downstream, mapping, keys that there are, key of the run, value, keys that the handler gets)
LOADS: dict[str, tuple[Any, Any, Any, Sequence[Any], Any, Any, Any]] = {
    "identity of a batch": (
        *(LETTERS, LETTERS, None, [one("a"), one("b"), one("c")]),
        *(one(["c", "a"]), {"a": "a", "c": "c"}, ["a", "c"]),
    ),
    "static_ of a batch that meets": (
        *(NUMBERS, LETTERS, M.static_({"a": "1", "b": "1"}), [one("1")], one(["a", "b"]), "1", ["1"]),
    ),
    "all_partitions": (
        *(LETTERS, LETTERS, M.all_partitions(), [one("a"), one("c")]),
        *(one("b"), {"a": "a", "c": "c"}, None),
    ),
    "all_partitions without a key": (LETTERS, None, M.all_partitions(), [one("a")], None, {"a": "a"}, None),
    "specific_partitions": (
        *(LETTERS, None, M.specific_partitions([one("c"), one("a")]), [one("a"), one("c")]),
        *(None, {"a": "a", "c": "c"}, ["a,c"]),
    ),
    "subset, absent": (Static(["b"]), LETTERS, M.subset(), [one("b")], one("a"), None, NONE),
    "for_keys, matched": (None, LETTERS, M.for_keys([one("a")]), [None], one("a"), "whole", None),
    "for_keys, not matched": (None, LETTERS, M.for_keys([one("a")]), [None], one("b"), None, NONE),
    "multi, all of a dimension": (
        *(GRID, GRID, M.multi({"d": M.identity(), "r": M.all_partitions()})),
        *([many({"d": "1", "r": "x"}), many({"d": "1", "r": "y"})], many({"d": "1", "r": "y"})),
        *({"d=1|r=x": "d=1|r=x", "d=1|r=y": "d=1|r=y"}, ["d=1|r=x", "d=1|r=y"]),
    ),
}


@pytest.mark.rule("partitions 5.4.2", "partitions 5.4.3", "partitions 6.3.4", "partitions 6.3.6", "partitions 6.3.7")
@pytest.mark.parametrize("case", LOADS)
def test_a_mapping_decides_what_the_handler_and_the_function_get(build: Build, case: str) -> None:
    up, down, mapping, there, key, value, given = LOADS[case]
    edge = Edge(build, up, down, mapping)
    edge.fill(*there)
    assert edge.load(key) == (value, given)


@pytest.mark.rule("partitions 6.3.13")
def test_a_key_that_leads_nowhere_fails_the_step_before_anything_is_called(build: Build, storage: rs.Storage) -> None:
    edge = Edge(build, DAYS, DAYS, M.time_window(-1))
    with pytest.raises(PartitionValidationError, match=r"'sink'.*'2024-01-01'.*offset=-1.*'source'"):
        edge.repo.materialize(["sink"], one("2024-01-01"))
    assert (edge.loaded, edge.shelves.inputs) == ([], [])
    result = edge.repo.materialize(["sink"], one("2024-01-01"), raise_on_error=False)
    assert list(failures_of(result)) == ["sink"]
    assert partition_events(storage, result.run_id, "sink")[-1] == ("StepFailure", None)
    assert materialized(storage, "sink") == []


@pytest.mark.rule("partitions 6.1.1", "partitions 6.3.1", "partitions 6.3.3", "partitions 6.3.4")
def test_in_one_run_each_step_loads_by_its_own_mapping(build: Build) -> None:
    shelves = Shelves()
    seen: dict[str, Any] = {}
    days = {"partitions_def": DAYS, "io_handler": shelves}

    @rs.Asset(**days)
    def raw(context: rs.AssetExecutionContext) -> str:
        return context.partition_key

    def consumer(name: str, mapping: Any) -> rs.SingleAsset:
        edge = rs.AssetDef.input("raw", partition_mapping=mapping)
        return rs.Asset(lambda raw: seen.update({name: raw}), name=name, deps=[edge], **days)

    repo = build(
        raw, consumer("same", None), consumer("before", M.time_window(-1)), consumer("all", M.all_partitions())
    )
    repo.materialize(["raw"], one("2024-01-01"))
    repo.materialize(None, one("2024-01-02"))
    everything = {"2024-01-01": "2024-01-01", "2024-01-02": "2024-01-02"}
    assert seen == {"same": "2024-01-02", "before": "2024-01-01", "all": everything}


@pytest.mark.rule("partitions 6.1.1", "partitions 6.3.14")
def test_a_mapping_of_what_only_orders_loads_nothing_and_refuses_no_key(build: Build) -> None:
    shelves = Shelves()
    first = rs.Asset(name="first", partitions_def=DAYS, io_handler=shelves)(lambda: 1)
    edge = rs.AssetDef.dep("first", partition_mapping=M.time_window(-1))
    second = rs.Asset(lambda: 2, name="second", partitions_def=DAYS, io_handler=shelves, deps=[edge])
    result = build(first, second).materialize(partition_key=one("2024-01-01"))
    assert result.materialized_assets == ["first", "second"]
    assert shelves.inputs == []


@pytest.mark.rule("partitions 6.1.1")
def test_a_task_maps_by_its_own_argument(build: Build) -> None:
    shelves = Shelves()

    @rs.Asset(partitions_def=DAYS, io_handler=shelves)
    def raw(context: rs.AssetExecutionContext) -> str:
        return context.partition_key

    task = rs.Task(
        lambda raw: f"task of {raw}",
        name="task",
        partitions_def=DAYS,
        io_handler=shelves,
        partition_mapping={"raw": M.time_window(-1)},
    )
    repo = build(raw, tasks=[task])
    repo.materialize(["raw"], one("2024-01-01"))
    repo.materialize(["task"], one("2024-01-02"))
    assert repo.load_node("task", partition_key=one("2024-01-02")) == "task of 2024-01-01"


@pytest.mark.rule("partitions 6.3.15")
def test_what_was_consumed_is_judged_for_the_asset_as_a_whole(build: Build, storage: rs.Storage) -> None:
    edge = Edge(build, DAYS, DAYS, M.time_window(-1))
    edge.fill(one("2024-01-01"), one("2024-01-02"))
    edge.repo.materialize(["sink"], one("2024-01-02"))
    assert storage.compute_staleness()["sink"] == ("UpToDate", [])
    edge.fill(one("2024-01-09"))
    status, causes = storage.compute_staleness()["sink"]
    assert (status, [cause.reason for cause in causes]) == ("Stale", ["upstream 'source' has new data version"])
    edge.repo.materialize(["sink"], one("2024-01-03"))
    assert storage.compute_staleness()["sink"] == ("UpToDate", [])
