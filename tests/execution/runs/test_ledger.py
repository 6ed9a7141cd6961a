"""What is recorded about the steps of a run, and what they have come to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

import rivers as rs
from rivers.execution.attempts.failure_records import WorkerDied
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome, StepOutput
from rivers.execution.runs.environment import Environment
from rivers.execution.runs.hooks import HookCaller
from rivers.execution.runs.ledger import Ledger
from rivers.execution.runs.results import SKIPPED
from rivers.execution.steps.compiled_steps import Particulars, Step, StepPartition, StepTarget
from rivers.execution.steps.step_time import Cancellation
from rivers.partitions import PartitionContext, PartitionKey
from rivers.records import NewEvent
from tests.execution.dispatch.fakes import FakeClock, a_step, failed

MADE = "Materialization"


class FakeStorage:
    """Keeps what is recorded. ``made`` are the data versions of assets that other runs have made."""

    def __init__(self) -> None:
        self.events: list[NewEvent] = []
        self.logs: list[tuple[Any, ...]] = []
        self.secured: list[int] = []
        self.made: dict[str, str] = {}
        self.asked: list[str] = []

    def record_events(self, run_id: str, events: Any) -> None:
        self.events += events

    def record_log(self, run_id: str, *log: Any) -> None:
        self.logs.append(log)

    def secure_events(self, run_id: str, began: int) -> None:
        self.secured.append(began)

    def get_asset_record(self, name: str) -> Any:
        self.asked.append(name)
        return SimpleNamespace(last_data_version=self.made[name]) if name in self.made else None


class Bench:
    """The ledger of a run, and what it has recorded."""

    def __init__(self, *, graphs: tuple[str, ...] = (), retry: rs.RetryPolicy | None = None) -> None:
        self.storage, self.clock = FakeStorage(), FakeClock()
        self.is_cancelled = False
        self.hooked: list[str] = []
        environment = cast("Environment", SimpleNamespace(storage=self.storage, clock=self.clock))
        cancellation = cast("Cancellation", SimpleNamespace(check=lambda: self.is_cancelled))
        hooks = cast("HookCaller", SimpleNamespace(call=lambda step, outcome: self.hooked.append(step.name)))
        self.ledger = Ledger(environment, "r", cancellation, hooks, graphs, retry, {})

    @property
    def types(self) -> list[tuple[str, str | None]]:
        return [(event.event_type, event.asset_key) for event in self.storage.events]

    def settle(self, step: Step, outcome: StepOutcome | None = None, number: int = 1) -> float | None:
        return self.ledger.settle(step, number, outcome or made(*step.nodes))


def made(*names: str, **settings: Any) -> StepOutcome:
    return StepOutcome(tuple(StepOutput(name, MADE, **settings) for name in names))


def multi(*names: str) -> Step:
    return a_step("multi", targets=tuple(StepTarget(name, cast("Any", None)) for name in names))


def test_an_attempt_is_recorded_from_its_begin_to_what_it_made() -> None:
    bench = Bench()
    bench.clock.seconds = 5.0
    bench.ledger.begin(a_step("a"), 1)
    bench.clock.seconds = 7.0
    assert bench.settle(a_step("a"), made("a", data_version="v1", metadata=(("rows", "3"),))) is None
    assert bench.types == [("StepStart", "a"), (MADE, "a"), ("StepSuccess", "a")]
    _, event, _ = bench.storage.events
    assert (event.data_version, event.metadata, event.timestamp) == ("v1", (("rows", "3"),), 7_000_000_000)
    assert bench.storage.secured == [5_000_000_000], "counted from its begin"
    assert bench.ledger.attempted == bench.hooked == ["a"]


def test_data_without_a_version_gets_one_of_its_run_and_moment() -> None:
    versions: list[str | None] = []
    for seconds in (1.0, 1.0, 2.0):
        bench = Bench()
        bench.clock.seconds = seconds
        bench.settle(a_step("a"))
        versions.append(bench.storage.events[0].data_version)
    assert versions[0] == versions[1] != versions[2]


def test_the_versions_of_inputs_are_those_of_this_run_and_else_looked_up_once() -> None:
    bench = Bench()
    bench.storage.made = {"other": "v9"}
    bench.settle(a_step("a"), made("a", data_version="v1"))
    for name in ("b", "c"):
        bench.settle(a_step(name, upstreams=("a", "other", "unknown")))
    assert [event.input_data_versions for event in bench.storage.events if event.event_type == MADE][1:] == [
        (("a", "v1"), ("other", "v9"))
    ] * 2
    assert bench.storage.asked == ["other", "unknown"]


def test_each_output_has_its_own_end() -> None:
    bench, fault = Bench(), AttemptFailure.of(ValueError("no"))
    outcome = StepOutcome((StepOutput("one", MADE),), AttemptFailure.of(KeyError("gone")), failed=(("two", fault),))
    bench.settle(multi("one", "two", "three"), outcome)
    assert bench.types == [(MADE, "one"), ("StepSuccess", "one"), ("StepFailure", "two"), ("StepFailure", "three")]
    assert bench.ledger.failed == {"two": "ValueError: no", "three": "KeyError: 'gone'"}
    assert bench.ledger.first_failure is fault


def test_a_failure_says_why_and_what_depends_on_it_is_skipped() -> None:
    bench = Bench()
    bench.settle(a_step("a"), failed("no"))
    [event] = bench.storage.events
    assert dict(event.metadata) == {
        "error": "ValueError: no",
        "rivers/failure_reason": "error",
        "rivers/exc_type": dict(event.metadata)["rivers/exc_type"],
    }
    after = a_step("after", upstreams=("a",))
    assert bench.ledger.is_blocked(after)
    assert not bench.ledger.is_blocked(a_step("beside", upstreams=("b",)))
    bench.ledger.skip(after)
    assert bench.ledger.failed["after"] == SKIPPED
    assert dict(bench.storage.events[-1].metadata) == {"error": SKIPPED}
    assert bench.ledger.attempted == ["a", "after"]


TWICE = rs.RetryPolicy(2, backoff=rs.Backoff.constant(20))


@pytest.mark.parametrize("is_own", [True, False], ids=["of the step", "of the run"])
def test_a_retry_is_announced_as_often_as_its_policy_says(is_own: bool) -> None:
    bench = Bench(retry=None if is_own else TWICE)
    step = a_step("a", retry=TWICE if is_own else None)
    waits = [bench.settle(step, failed("no"), number) for number in (1, 2, 3)]
    assert waits == [20.0, 20.0, None]
    assert bench.types == [("StepRetry", "a"), ("StepRetry", "a"), ("StepFailure", "a")]
    assert [dict(event.metadata).get("rivers/attempt") for event in bench.storage.events] == ["1", "2", None]
    assert bench.hooked == ["a"], "an attempt that is followed by another has no hooks"


@pytest.mark.rule("execution 3.1.3")
def test_a_dead_worker_is_retried_as_infrastructure() -> None:
    bench = Bench(retry=rs.RetryPolicy(2, retry_on=rs.RetryOn.TRANSIENT))
    assert bench.settle(a_step("a"), StepOutcome(failure=AttemptFailure.of(WorkerDied("gone")))) is not None
    assert bench.settle(a_step("b"), failed("no")) is None
    assert dict(bench.storage.events[0].metadata)["rivers/failure_reason"] == "infrastructure"


def test_what_cannot_be_repeated_and_what_belongs_to_a_cancelled_run_is_not_attempted_again() -> None:
    bench = Bench(retry=TWICE)
    assert bench.settle(a_step("a"), failed("no", repeatable=False)) is None
    bench.is_cancelled = True
    assert bench.settle(a_step("b"), failed("no")) is None
    assert bench.types == [("StepFailure", "a"), ("StepFailure", "b")]


def test_a_retry_that_is_not_made_after_all_ends_the_step() -> None:
    bench = Bench(retry=TWICE)
    outcome = failed("no")
    assert outcome.failure is not None
    bench.settle(a_step("a"), outcome)
    bench.ledger.close(a_step("a"), outcome.failure)
    assert bench.types == [("StepRetry", "a"), ("StepFailure", "a")]


@pytest.mark.rule("contexts 3.3")
def test_what_was_printed_and_every_traceback_have_a_log_and_silence_has_none() -> None:
    bench = Bench()
    bench.settle(a_step("quiet"))
    assert bench.storage.logs == []
    failure = AttemptFailure.of(ValueError("no"))
    bench.settle(a_step("loud"), StepOutcome(failure=failure, texts=("out", None, None)))
    assert bench.storage.logs == [
        ("loud", 0, "out", None, None),
        ("loud", 0, None, None, None, failure.document),
    ]


def test_a_graph_asset_begins_with_the_first_of_its_internal_steps() -> None:
    bench = Bench(graphs=("g",))
    for name in ("g/one", "g/two"):
        bench.ledger.begin(a_step(name, graph="g"), 1)
    bench.ledger.begin(a_step("g"), 1)
    bench.ledger.begin(a_step("g"), 2)
    assert [name for _, name in bench.types] == ["g", "g/one", "g/two", "g"]


def partitioned(*keys: str) -> Step:
    definition = rs.PartitionsDefinition.static_(list(keys))
    context = PartitionContext([PartitionKey.single(key) for key in keys], definition)
    return a_step("a").with_particulars(Particulars(partition=StepPartition(context)))


@pytest.mark.rule("partitions 5.2.3", "partitions 5.2.4", "partitions 5.2.7")
def test_every_key_of_a_partitioned_step_has_its_materialization_or_its_failure() -> None:
    one, two = PartitionKey.single("one"), PartitionKey.single("two")
    bench = Bench()
    outcome = StepOutcome((StepOutput("a", MADE),), failed_partitions=((two, "empty"),))
    bench.settle(partitioned("one", "two"), outcome)
    assert [(event.event_type, event.partition_key) for event in bench.storage.events] == [
        (MADE, one),
        ("StepFailure", two),
        ("StepSuccess", None),
    ]
    bench.storage.events.clear()
    bench.settle(partitioned("one", "two"), failed("all of it"))
    assert [event.partition_key for event in bench.storage.events] == [one, two, None]


def test_a_map_is_broken_by_one_instance_and_events_of_instances_say_so() -> None:
    bench = Bench()
    compiled = a_step("map", element_parameter="n")
    instances = [compiled.with_particulars(Particulars(name=f"map[{n}]", element=n)) for n in range(2)]
    bench.ledger.begin(instances[0], 1)
    bench.settle(instances[0])
    bench.settle(instances[1], failed("no"))
    assert all(event.of_instance for event in bench.storage.events)
    assert bench.ledger.is_blocked(a_step("collect", upstreams=("map",)))


def test_what_ended_in_any_order_is_put_in_that_of_the_plan() -> None:
    bench = Bench()
    steps = [a_step(name) for name in ("x", "a", "b", "c")]
    for step in (steps[0], steps[3], steps[1], steps[2]):
        bench.settle(step)
    bench.ledger.arrange_since(1, steps[1:])
    assert bench.ledger.attempted == ["x", "a", "b", "c"]
    bench.ledger.resume(["earlier"])
    assert bench.ledger.attempted[-1] == "earlier"
