"""Partitioned steps with retries, in resumed runs and with hooks are about the same keys."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, LETTERS, Shelves, materialized, one, partition_events
from tests.spec.recorded import failures_of, types_of

RETRY = rs.RetryPolicy(2)


class Shaky:
    """Functions that fail as often as `failing` says, and record for which keys they were called."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.calls: list[tuple[str, str]] = []

    def step(self, name: str, *inputs: str, definition: Any = LETTERS, **settings: Any) -> rs.SingleAsset:
        """Return an asset of that name over those inputs."""

        def called(context: rs.AssetExecutionContext) -> str:
            keys = ",".join(str(key) for key in context.partition.keys)
            self.calls.append((name, keys))
            if self.failing.get(name, 0) > 0:
                self.failing[name] -= 1
                raise ValueError(f"{name} {keys}")
            return f"{name} {keys}"

        deps = [rs.AssetDef.dep(upstream) for upstream in inputs]
        return rs.Asset(called, name=name, partitions_def=definition, deps=deps, **settings)


@pytest.mark.rule("partitions 5.1.12")
def test_every_attempt_is_for_the_same_keys_and_only_the_last_makes_partitions(
    build: Build, storage: rs.Storage
) -> None:
    shaky = Shaky()
    shaky.failing = {"x": 2}
    repo = build(shaky.step("x", retry=RETRY))
    result = repo.materialize(partition_key=one(["a", "b"]))
    assert shaky.calls == [("x", "a,b")] * 3
    assert partition_events(storage, result.run_id, "x") == [
        *[("StepStart", None), ("StepRetry", None)] * 2,
        ("StepStart", None),
        ("Materialization", "a"),
        ("Materialization", "b"),
        ("StepSuccess", None),
    ]


@pytest.mark.rule("partitions 6.3.13")
def test_what_leads_nowhere_fails_each_attempt(build: Build, storage: rs.Storage) -> None:
    edge = rs.AssetDef.input("up", partition_mapping=rs.PartitionMapping.time_window(-1))
    up = rs.Asset(lambda: 1, name="up", partitions_def=DAYS, io_handler=Shelves())
    down = rs.Asset(lambda up: up, name="down", partitions_def=DAYS, deps=[edge], retry=rs.RetryPolicy(1))
    result = build(up, down).materialize(["down"], one("2024-01-01"), raise_on_error=False)
    assert types_of(storage, result.run_id, "down").count("StepStart") == 2
    assert partition_events(storage, result.run_id, "down")[-2:] == [
        ("StepFailure", "2024-01-01"),
        ("StepFailure", None),
    ]


@pytest.mark.rule("partitions 5.1.13")
def test_a_resumed_run_does_what_is_left_for_its_key(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    shaky.failing = {"y": 1}
    repo = build(shaky.step("x"), shaky.step("y", "x"), shaky.step("z", "y"))
    first = repo.materialize(partition_key=one(["a", "b"]), raise_on_error=False)
    assert list(failures_of(first)) == ["y", "z"]
    shaky.calls.clear()
    again = repo.materialize(partition_key=one(["a", "b"]), run_id_override=first.run_id, resume=True)
    assert again == rs.RunResult(True, first.run_id, ["x", "y", "z"], [])
    assert shaky.calls == [("y", "a,b"), ("z", "a,b")]
    run = storage.get_run(first.run_id)
    assert run is not None
    assert (run.status, run.partition_key) == ("Success", one(["a", "b"]))
    assert materialized(storage, "z") == ["a", "b"]


@pytest.mark.rule("partitions 5.1.13")
def test_a_run_that_is_resumed_for_another_key_does_everything(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("x"), shaky.step("y", "x"))
    first = repo.materialize(partition_key=one("a"))
    shaky.calls.clear()
    again = repo.materialize(partition_key=one("b"), run_id_override=first.run_id, resume=True)
    assert again.materialized_assets == ["x", "y"]
    assert shaky.calls == [("x", "b"), ("y", "b")]
    assert materialized(storage, "y") == ["a", "b"]
    run = storage.get_run(first.run_id)
    assert run is not None
    assert run.partition_key == one("b")


@pytest.mark.rule("partitions 5.2.5")
def test_a_step_with_marked_keys_succeeded_and_is_not_done_again(build: Build, storage: rs.Storage) -> None:
    calls: list[str] = []

    @rs.Asset(partitions_def=LETTERS)
    def marking(context: rs.AssetExecutionContext) -> None:
        calls.append("marking")
        context.mark_partition_failed("a", "no data")

    repo = build(marking)
    first = repo.materialize(partition_key=one(["a", "b"]))
    again = repo.materialize(partition_key=one(["a", "b"]), run_id_override=first.run_id, resume=True)
    assert (again.success, calls, materialized(storage, "marking")) == (True, ["marking"], ["b"])


@pytest.mark.rule("partitions 5.1.13")
def test_the_instances_that_are_left_are_those_of_the_key_of_the_run(build: Build) -> None:
    shaky: dict[str, int] = {"a1": 1}
    calls: list[str] = []

    @rs.Task
    def source(context: rs.TaskExecutionContext) -> list[rs.DynamicOutput]:
        keys = [f"{context.partition_key}{number}" for number in range(2)]
        return [rs.DynamicOutput(key, key) for key in keys]

    @rs.Task
    def picky(text: str) -> str:
        calls.append(text)
        if shaky.get(text):
            shaky[text] -= 1
            raise ValueError(text)
        return text

    @rs.Task
    def joined(texts: list[str]) -> str:
        return ",".join(texts)

    graph = rs.Asset.from_graph(lambda: joined(source().map(picky).collect()), "g", partitions_def=LETTERS)
    repo = build(graph)
    first = repo.materialize(partition_key=one("a"), raise_on_error=False)
    assert failures_of(first)["g/picky[a1]"] == "ValueError: a1"
    repo.materialize(partition_key=one("b"))
    calls.clear()
    again = repo.materialize(partition_key=one("a"), run_id_override=first.run_id, resume=True)
    assert (again.success, calls) == (True, ["a1"])
    assert repo.load_node("g", partition_key=one("a")) == "a0,a1"


@pytest.mark.rule("partitions 5.2.8")
@pytest.mark.parametrize("key", [one("a"), one(["a", "b"])], ids=str)
def test_hooks_fire_once_for_a_step_however_many_keys_it_has(build: Build, key: Any) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def well(context: rs.HookContext) -> None:
        heard.append((context.hook_type, context.asset_name, context.output, context.error))

    @rs.Hook.failure
    def ill(context: rs.HookContext) -> None:
        heard.append((context.hook_type, context.asset_name, context.output, context.error))

    shaky = Shaky()
    repo = build(shaky.step("x", hooks=[well, ill]))
    repo.materialize(partition_key=key)
    shaky.failing = {"x": 1}
    repo.materialize(partition_key=key, raise_on_error=False)
    assert heard == [("success", "x", f"x {key}", None), ("failure", "x", None, f"ValueError: x {key}")]


@pytest.mark.rule("partitions 5.2.5")
def test_a_step_with_marked_keys_is_a_success_to_hooks(build: Build) -> None:
    heard: list[str] = []

    @rs.Hook.success
    def well(context: rs.HookContext) -> None:
        heard.append(context.hook_type)

    @rs.Hook.failure
    def ill(context: rs.HookContext) -> None:
        heard.append(context.hook_type)

    @rs.Asset(partitions_def=LETTERS, hooks=[well, ill])
    def marking(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed("a", "no data")

    build(marking).materialize(partition_key=one("a"))
    assert heard == ["success"]
