"""What the steps of a run are told about partitions."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.clock import SimClock, WallClock
from rivers.execution.steps.compiled_steps import UNPARTITIONED, Step
from rivers.execution.steps.partitioned_steps import partition_moment
from tests.repositories import Build

DAYS = rs.PartitionsDefinition.daily(datetime(2024, 1, 1), end=datetime(2024, 2, 1))
SHIFTED = rs.PartitionMapping.time_window(-1)


def steps_of(repo: rs.CodeRepository, names: list[str], key: str | None) -> list[Step]:
    bound = repo._resolved
    partition_key = None if key is None else rs.PartitionKey.single(key)
    plan = bound.plan_partitions(names, partition_key, "test")
    return [step for level in bound._levels(names, bound.resources, {}, plan) for step in level]


@rs.Asset(partitions_def=DAYS, io_handler=rs.InMemoryIOHandler())
def raw() -> int:
    return 1


@rs.Asset(partitions_def=DAYS, deps=[rs.AssetDef.input("raw", partition_mapping=SHIFTED)])
def lagged(raw: int) -> int:
    return raw


@rs.Asset(io_handler=rs.InMemoryIOHandler())
def plain() -> int:
    return 1


@rs.Asset(partitions_def=DAYS)
def reader(plain: int) -> int:
    return plain


@pytest.mark.rule("partitions 5.1.1")
def test_a_step_has_the_keys_of_the_run_and_its_inputs_those_they_are_mapped_to(build: Build) -> None:
    [step] = steps_of(build(raw, lagged), ["lagged"], "2024-01-05")
    assert [str(key) for key in step.partition.keys] == ["2024-01-05"]
    assert [str(key) for key in step.partition.inputs["raw"].keys] == ["2024-01-04"]
    assert step.partition.of_output("lagged") == step.partition.context


@rs.Asset(deps=[rs.AssetDef.input("raw", partition_mapping=rs.PartitionMapping.all_partitions())])
def summary(raw: int) -> int:
    return raw


def test_a_partitioned_upstream_that_is_read_as_one_value_is_known(build: Build) -> None:
    [step] = steps_of(build(raw, summary), ["summary"], None)
    assert step.partition.context is None
    assert step.partition.whole == ("raw",)


def test_what_is_read_whole_has_no_keys(build: Build) -> None:
    [step] = steps_of(build(plain, reader), ["reader"], "2024-01-05")
    assert dict(step.partition.inputs) == {}
    assert step.partition.unread == step.partition.whole == ()


def test_steps_without_partitions_are_what_they_always_are(build: Build) -> None:
    repo = build(plain, raw)
    [step] = steps_of(repo, ["plain"], None)
    assert step.partition is UNPARTITIONED
    assert steps_of(repo, ["plain"], None) == [step]


@pytest.mark.rule("partitions 6.3.13")
def test_a_key_that_leads_nowhere_is_a_fault_of_the_step_that_reads(build: Build) -> None:
    repo = build(raw, lagged)
    [step] = steps_of(repo, ["lagged"], "2024-01-01")
    assert "offset=-1" in str(step.partition.fault)
    result = repo.materialize(["raw", "lagged"], rs.PartitionKey.single("2024-01-01"), raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["lagged"]
    assert repo.load_node("raw", partition_key=rs.PartitionKey.single("2024-01-01")) == 1


def test_of_two_inputs_that_lead_nowhere_the_first_is_told(build: Build) -> None:
    early = rs.PartitionMapping.time_window(-9)
    other = rs.Asset(lambda: 1, name="other", partitions_def=DAYS, io_handler=rs.InMemoryIOHandler())
    deps = [rs.AssetDef.input(name, partition_mapping=early) for name in ("other", "raw")]
    both = rs.Asset(lambda other, raw: 1, name="both", partitions_def=DAYS, deps=deps)
    [step] = steps_of(build(raw, other, both), ["both"], "2024-01-05")
    assert "'other'" in str(step.partition.fault)


@pytest.fixture
def kathmandu(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOON = 1_704_110_400 * 10**9  # 2024-01-01 12:00 UTC


@pytest.mark.rule("partitions 3.2.6")
@pytest.mark.parametrize(
    ("clock", "moment"),
    [(WallClock(), datetime(2024, 1, 1, 17, 45)), (SimClock(), datetime(2024, 1, 1, 12))],
    ids=["the wall of the host", "simulated time is UTC"],
)
def test_which_windows_there_are_is_read_off(kathmandu: None, clock: Any, moment: datetime) -> None:
    assert partition_moment(clock, NOON) == moment


def test_without_a_moment_it_is_that_of_the_clock() -> None:
    assert partition_moment(SimClock("2024-03-01T05:00:00Z")) == datetime(2024, 3, 1, 5)
