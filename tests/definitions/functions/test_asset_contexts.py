"""The contexts of the functions of assets and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from rivers.definitions.functions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.exceptions import ExecutionError, PartitionValidationError


@dataclass
class Key:
    key: list[str]


@dataclass
class Partition:
    """As much of a partition context as these contexts read."""

    keys: list[Any]
    window: Any = None

    def time_window(self) -> Any:
        return self.window


@pytest.mark.rule("contexts 1.1")
def test_a_context_made_by_hand_has_the_documented_defaults() -> None:
    context = AssetExecutionContext[Any]("a")
    assert (context.asset_name, context.kinds, context.output_selection) == ("a", [], [])
    assert (context.tags, context.group, context.code_version, context.asset_metadata) == (None,) * 4
    assert (context.partition, context.config, context.run_id, context.output_metadata) == (None,) * 4
    assert not context.is_multi_asset
    assert not context.has_partition_key
    assert context.partition_time_window is None
    assert context.log.name == "rivers.assets.a"


def test_a_task_context_names_its_task() -> None:
    context = TaskExecutionContext[Any]("g/step", ["t"])
    assert (context.task_name, context.tags, context.config) == ("g/step", ["t"], None)
    assert context.log.name == "rivers.tasks.g/step"


def test_members_are_read_only() -> None:
    with pytest.raises(AttributeError):
        AssetExecutionContext("a").asset_name = "b"


@pytest.mark.rule("contexts 1.15")
def test_time_is_told_and_waited_for_on_the_clock_that_was_given() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    waits: list[float] = []
    context = AssetExecutionContext("a", now=lambda: moment, sleep=waits.append)
    context.sleep(2.5)
    assert (context.now(), waits) == (moment, [2.5])
    assert TaskExecutionContext("t").now().tzinfo is UTC


@pytest.mark.rule("contexts 1.8")
def test_a_single_key_is_told() -> None:
    partition = Partition([Key(["2026-01-01"])], ("start", "end"))
    for context in (AssetExecutionContext("a", partition=partition), TaskExecutionContext("t", None, partition)):
        assert context.has_partition_key
        assert context.partition_key == "2026-01-01"
        assert context.partition_time_window == ("start", "end")


@pytest.mark.rule("contexts 1.8")
@pytest.mark.parametrize(
    "partition", [None, Partition([Key(["a", "b"])]), Partition([Key(["a"]), Key(["b"])]), Partition([{"d": "1"}])]
)
@pytest.mark.parametrize("kind", [ValueError, PartitionValidationError])
def test_anything_but_one_key_of_one_dimension_has_no_partition_key(partition: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        _ = AssetExecutionContext("a", partition=partition).partition_key


@pytest.mark.parametrize(
    ("partition", "text"),
    [
        (None, "{} is not partitioned, so it has no partition_key"),
        (
            Partition([Key([str(number)]) for number in range(7)]),
            "partition_key needs one key of one dimension, and {} runs for '0', '1', '2', '3', '4' and 2 more; "
            "use context.partition.keys",
        ),
    ],
)
def test_a_missing_partition_key_is_told_with_the_step_and_what_it_runs_for(partition: Any, text: str) -> None:
    for context in (AssetExecutionContext("a", partition=partition), TaskExecutionContext("g/t", None, partition)):
        with pytest.raises(PartitionValidationError) as raised:
            _ = context.partition_key
        who = "asset 'a'" if isinstance(context, AssetExecutionContext) else "task 'g/t'"
        assert str(raised.value) == text.format(who)


@pytest.mark.rule("contexts 1.13")
def test_a_partition_of_the_step_can_be_marked_as_failed() -> None:
    context = AssetExecutionContext("a", partition=Partition([Key(["x"]), Key(["y"])]))
    context.mark_partition_failed("x", "first")
    context.mark_partition_failed(Key(["x"]), "second")
    assert context.partition_failures == {"x": "second"}


def test_the_keys_of_a_batch_are_read_once_to_mark_many_of_them() -> None:
    class Counting(Partition):
        reads = 0

        def __getattribute__(self, name: str) -> Any:
            if name == "keys":
                Counting.reads += 1
            return super().__getattribute__(name)

    context = AssetExecutionContext("a", partition=Counting([Key([str(number)]) for number in range(100)]))
    before = Counting.reads
    for number in range(100):
        context.mark_partition_failed(str(number), "bad")
    assert len(context.partition_failures) == 100
    assert Counting.reads - before == 1


@pytest.mark.rule("contexts 1.13")
@pytest.mark.parametrize(
    ("partition", "runs"),
    [(None, "is not partitioned"), (Partition([Key(["x"]), Key(["y"])]), "runs for 'x', 'y'")],
)
def test_a_partition_that_is_not_of_the_step_is_refused_by_name(partition: Any, runs: str) -> None:
    with pytest.raises(ExecutionError, match=f"^cannot mark partition 'z' as failed: asset 'a' {runs}$"):
        AssetExecutionContext("a", partition=partition).mark_partition_failed("z", "e")
