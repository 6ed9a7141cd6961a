"""Section 6.2 of the specification of partitions: what each mapping loads when a step runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, keys_told, many, materialized, one, partitions_told
from tests.spec.recorded import failures_of

M = rs.PartitionMapping
Static = rs.PartitionsDefinition.static_
NUMBERS = Static(["1", "2"])
HOURS = rs.PartitionsDefinition.hourly(datetime(2024, 1, 1), datetime(2024, 1, 3))
NONE: Any = object()
"""Stands for a parameter that nothing was loaded for."""


class Edge:
    """Two assets with a mapping between them; the upstream's value tells for which key it was made."""

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
        """What the function gets for a key, and which keys the handler is told: ``NONE`` when it is not called."""
        self.repo.materialize(["sink"], key)
        told = self.shelves.inputs[0] if self.shelves.inputs else None
        self.shelves.inputs.clear()
        return self.loaded.pop(), NONE if told is None else keys_told(told)


# (upstream, downstream, mapping, keys that there are, key of the run, value, keys that the handler is told)
LOADS: dict[str, tuple[Any, Any, Any, Sequence[Any], Any, Any, Any]] = {
    "none": (LETTERS, LETTERS, None, [one("a")], one("a"), "a", ["a"]),
    "identity": (LETTERS, LETTERS, M.identity(), [one("a")], one("a"), "a", ["a"]),
    "identity of a batch": (
        *(LETTERS, LETTERS, M.identity(), [one("a"), one("b"), one("c")]),
        *(one(["c", "a"]), {"a": "a", "c": "c"}, ["a", "c"]),
    ),
    "identity of dimensions": (
        *(GRID, GRID, None, [many({"d": "1", "r": "x"})]),
        *(many({"d": "1", "r": "x"}), "d=1|r=x", ["d=1|r=x"]),
    ),
    "static_": (NUMBERS, LETTERS, M.static_({"a": "2", "b": "1"}), [one("2")], one("a"), "2", ["2"]),
    "static_ of a batch that meets": (
        *(NUMBERS, LETTERS, M.static_({"a": "1", "b": "1"}), [one("1")], one(["a", "b"]), "1", ["1"]),
    ),
    "static_ to windows": (
        *(DAYS, LETTERS, M.static_({"a": "2024-01-09"}), [one("2024-01-09")], one("a"), "2024-01-09", ["2024-01-09"]),
    ),
    "time_window back": (
        *(DAYS, DAYS, M.time_window(-1), [one("2024-01-04")]),
        *(one("2024-01-05"), "2024-01-04", ["2024-01-04"]),
    ),
    "time_window on": (
        *(DAYS, DAYS, M.time_window(2), [one("2024-01-07")]),
        *(one("2024-01-05"), "2024-01-07", ["2024-01-07"]),
    ),
    "time_window of a batch": (
        *(DAYS, DAYS, M.time_window(-1), [one("2024-01-04"), one("2024-01-05")]),
        *(one(["2024-01-05", "2024-01-06"]), {"2024-01-04": "2024-01-04", "2024-01-05": "2024-01-05"}),
        ["2024-01-04", "2024-01-05"],
    ),
    "all_partitions": (
        LETTERS,
        LETTERS,
        M.all_partitions(),
        [one("a"), one("c")],
        one("b"),
        {"a": "a", "c": "c"},
        None,
    ),
    "all_partitions without a key": (LETTERS, None, M.all_partitions(), [one("a")], None, {"a": "a"}, None),
    "specific_partitions": (
        *(LETTERS, None, M.specific_partitions([one("c"), one("a")]), [one("a"), one("c")]),
        *(None, {"a": "a", "c": "c"}, ["a,c"]),
    ),
    "subset, there": (Static(["b"]), LETTERS, M.subset(), [one("b")], one("b"), "b", ["b"]),
    "subset, absent": (Static(["b"]), LETTERS, M.subset(), [one("b")], one("a"), None, NONE),
    "subset, covered batch": (
        *(Static(["a", "b"]), LETTERS, M.subset(), [one(["a", "b"])], one(["a", "b"])),
        *({"a": "a", "b": "a"}, ["a", "b"]),
    ),
    "subset, batch that is not covered": (Static(["b"]), LETTERS, M.subset(), [one("b")], one(["a", "b"]), None, NONE),
    "for_keys, matched": (None, LETTERS, M.for_keys([one("a")]), [None], one("a"), "whole", None),
    "for_keys, not matched": (None, LETTERS, M.for_keys([one("a")]), [None], one("b"), None, NONE),
    "for_keys, range": (
        *(None, DAYS, M.for_keys([rs.PartitionKeyRange.single("2024-01-03", "2024-01-05")]), [None]),
        *(one("2024-01-05"), "whole", None),
    ),
    "for_keys, any member": (None, LETTERS, M.for_keys([one(["a", "b"])]), [None], one("b"), "whole", None),
    "for_keys, covered batch": (None, LETTERS, M.for_keys([one(["a", "b"])]), [None], one(["a", "b"]), "whole", None),
    "for_keys, batch that is not covered": (None, LETTERS, M.for_keys([one("a")]), [None], one(["a", "b"]), None, NONE),
    "unpartitioned, none": (None, LETTERS, None, [None], one("a"), "whole", None),
    "multi": (
        *(GRID, GRID, M.multi({"d": M.static_({"1": "2"}), "r": M.identity()}), [many({"d": "2", "r": "y"})]),
        *(many({"d": "1", "r": "y"}), "d=2|r=y", ["d=2|r=y"]),
    ),
    "multi, other dimension": (
        GRID,
        rs.PartitionsDefinition.multi({"x": Static(["x", "y"]), "n": NUMBERS}),
        M.multi({"d": ("n", M.identity()), "r": ("x", M.identity())}),
        *([many({"d": "2", "r": "y"})], many({"n": "2", "x": "y"}), "d=2|r=y", ["d=2|r=y"]),
    ),
    "multi, all of a dimension": (
        *(GRID, GRID, M.multi({"d": M.identity(), "r": M.all_partitions()})),
        *([many({"d": "1", "r": "x"}), many({"d": "1", "r": "y"})], many({"d": "1", "r": "y"})),
        *({"d=1|r=x": "d=1|r=x", "d=1|r=y": "d=1|r=y"}, ["d=1|r=x", "d=1|r=y"]),
    ),
    "multi_to_single, upstream multi": (
        *(GRID, NUMBERS, M.multi_to_single("d"), [many({"d": "1", "r": "x"}), many({"d": "1", "r": "y"})]),
        *(one("1"), {"d=1|r=x": "d=1|r=x", "d=1|r=y": "d=1|r=y"}, ["d=1|r=x", "d=1|r=y"]),
    ),
    "multi_to_single, downstream multi": (
        *(NUMBERS, GRID, M.multi_to_single("d"), [one("1")], many({"d": "1", "r": "x"}), "1", ["1"]),
    ),
    "multi_to_single, distinct values of a batch": (
        *(NUMBERS, GRID, M.multi_to_single("d"), [one("1")], many({"d": "1", "r": ["x", "y"]}), "1", ["1"]),
    ),
    "multi_to_single, inner": (
        NUMBERS,
        GRID,
        M.multi_to_single("r", M.static_({"x": "2", "y": "1"})),
        *([one("2")], many({"d": "1", "r": "x"}), "2", ["2"]),
    ),
}


# §6.2, every mapping
@pytest.mark.parametrize("case", LOADS)
def test_a_mapping_decides_what_the_handler_is_told_and_the_function_gets(build: Build, case: str) -> None:
    up, down, mapping, there, key, value, told = LOADS[case]
    edge = Edge(build, up, down, mapping)
    edge.fill(*there)
    assert edge.load(key) == (value, told)


# (upstream, downstream, mapping, key of the run, what the message names)
FAULTS: dict[str, tuple[Any, Any, Any, Any, list[str]]] = {
    "time_window before the first": (
        *(DAYS, DAYS, M.time_window(-1), one("2024-01-01")),
        ["'sink'", "'2024-01-01'", "offset=-1", "[2024-01-01T00:00:00, 2024-02-01T00:00:00)", "'source'"],
    ),
    "time_window after the last": (
        *(DAYS, DAYS, M.time_window(1), one("2024-01-31")),
        ["'2024-01-31'", "offset=1", "2024-02-01T00:00:00)"],
    ),
    "one window of a batch": (
        *(DAYS, DAYS, M.time_window(-1), one(["2024-01-01", "2024-01-02"])),
        ["'2024-01-01'", "offset=-1"],
    ),
    "identity outside of the upstream": (
        rs.PartitionsDefinition.daily(datetime(2024, 1, 10), datetime(2024, 1, 20)),
        *(DAYS, None, one("2024-01-09"), ["'sink'", "'2024-01-09'", "'source'", "'2024-01-10'"]),
    ),
    "static_ without the key": (NUMBERS, LETTERS, M.static_({"a": "1"}), one("b"), ["'sink'", "'b'"]),
    "multi, in a dimension": (
        *(GRID, GRID, M.multi({"d": M.static_({"1": "2"}), "r": M.identity()}), many({"d": "2", "r": "x"})),
        ["'sink'", "in dimension 'd':", "'2'"],
    ),
}


# §6.2 run-time faults, §8
@pytest.mark.parametrize("case", FAULTS)
def test_a_key_that_leads_nowhere_fails_the_step_and_names_what_it_is(
    build: Build, storage: rs.Storage, case: str
) -> None:
    up, down, mapping, key, named = FAULTS[case]
    edge = Edge(build, up, down, mapping)
    with pytest.raises(PartitionValidationError) as caught:
        edge.repo.materialize(["sink"], key)
    assert [part for part in named if part not in str(caught.value)] == []
    assert (edge.loaded, edge.shelves.inputs) == ([], [])
    result = edge.repo.materialize(["sink"], key, raise_on_error=False)
    assert list(failures_of(result)) == ["sink"]
    assert partitions_told(storage, result.run_id, "sink")[-1] == ("StepFailure", None)
    assert materialized(storage, "sink") == []


def test_a_step_that_cannot_be_mapped_fails_alone(build: Build, storage: rs.Storage) -> None:
    edge = Edge(build, DAYS, DAYS, M.time_window(-1))
    result = edge.repo.materialize(None, one("2024-01-01"), raise_on_error=False)
    assert result.materialized_assets == ["source", "sink"]
    assert list(failures_of(result)) == ["sink"]
    assert materialized(storage, "source") == ["2024-01-01"]


# §6 the definition the handler is told
def test_the_handler_that_loads_is_told_the_definition_of_the_upstream(build: Build) -> None:
    edge = Edge(build, NUMBERS, LETTERS, M.static_({"a": "1"}))
    edge.fill(one("1"))
    edge.repo.materialize(["sink"], one("a"))
    [told] = edge.shelves.inputs
    assert told.partition.definition == NUMBERS
    assert (told.asset_name, told.downstream_asset) == ("source", "sink")


# §6.2 the example
def test_the_example_of_the_specification(build: Build) -> None:
    io = rs.InMemoryIOHandler()

    @rs.Asset(partitions_def=DAYS, io_handler=io)
    def raw(context: rs.AssetExecutionContext) -> str:
        return context.partition_key

    shifted = rs.AssetDef.input("raw", partition_mapping=M.time_window(-1))
    lagged = rs.Asset(lambda raw: raw, name="lagged", partitions_def=DAYS, io_handler=io, deps=[shifted])
    repo = build(raw, lagged)
    repo.materialize(["raw"], one("2024-01-04"))
    repo.materialize(["lagged"], one("2024-01-05"))
    assert repo.load_node("lagged", partition_key=one("2024-01-05")) == "2024-01-04"
    with pytest.raises(PartitionValidationError, match=r"offset=-1.*\[2024-01-01T00:00:00, 2024-02-01T00:00:00\)"):
        repo.materialize(["lagged"], one("2024-01-01"))


# §6.2, within one run
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


# §6.1 lineage only
def test_a_mapping_of_what_only_orders_loads_nothing_and_refuses_no_key(build: Build) -> None:
    shelves = Shelves()
    first = rs.Asset(name="first", partitions_def=DAYS, io_handler=shelves)(lambda: 1)
    edge = rs.AssetDef.dep("first", partition_mapping=M.time_window(-1))
    second = rs.Asset(lambda: 2, name="second", partitions_def=DAYS, io_handler=shelves, deps=[edge])
    result = build(first, second).materialize(partition_key=one("2024-01-01"))
    assert result.materialized_assets == ["first", "second"]
    assert shelves.inputs == []


# §6 the mapping of a task
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


# storage §9.5
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
