"""What becomes of the steps of a batch: they begin, are attempted again, are withdrawn, are settled."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.batch import Batch
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.lanes import Room
from rivers.execution.runs.pool_claims import Refused
from rivers.execution.steps.compiled_steps import Particulars, Step
from tests.execution.dispatch.fakes import FakeClock, FakeInterceptor, FakeLanes, FakeLedger, a_scope, a_step, failed


class Bench:
    """A batch on one kind of lanes."""

    def __init__(self, *steps: Step, most: int | None = 2, waits: list[float] | None = None, **parts: Any) -> None:
        self.ledger, self.clock = FakeLedger(waits or []), FakeClock()
        environment = {"clock": self.clock} | parts.pop("environment", {})
        scope = a_scope(ledger=self.ledger, environment=environment, **parts)
        self.batch = Batch(scope, [(step, "there") for step in steps], self._make, lambda: None)
        self.batch.begin()
        self.batch.begin_ready()

    def _make(self, dispatch: Any) -> dict[str, FakeLanes]:
        self.lanes = FakeLanes(dispatch, Room(2))
        return {"there": self.lanes}

    def passes(self, seconds: float) -> list[str]:
        """What is recorded when so much time passes, and everything is begun that can."""
        self.clock.seconds += seconds
        for action in self.batch.timers.take_due(self.clock.seconds):
            action()
        self.batch.instant.settle()
        self.batch.begin_ready()
        lines, self.ledger.lines = self.ledger.lines, []
        return lines

    def ends(self, step: str, outcome: StepOutcome | None = None) -> list[str]:
        """What is recorded when an attempt ends."""
        self.lanes.end(step, outcome)
        return self.passes(0)


def test_every_step_begins_when_there_is_room_and_is_settled_once() -> None:
    bench = Bench(a_step("a"), a_step("b"), a_step("c"))
    assert bench.passes(0) == ["begin a 1", "begin b 1"]
    assert bench.batch.unsettled == 3
    assert bench.ends("b") == ["end b 1: success"]
    assert bench.passes(0) == ["begin c 1"]
    bench.ends("a")
    bench.ends("c")
    assert bench.batch.unsettled == 0
    bench.batch.close()
    assert bench.lanes.is_closed


def test_a_failed_attempt_is_followed_by_the_next_when_its_wait_is_over() -> None:
    bench = Bench(a_step("a"), waits=[5.0, 0.0])
    bench.passes(0)
    assert bench.ends("a", failed("first")) == ["end a 1: ValueError: first"]
    assert list(bench.batch.retries)
    assert bench.passes(4.9) == []
    assert bench.passes(0.1) == []
    assert bench.passes(0) == ["begin a 2"]
    assert bench.ends("a", failed("second")) == ["end a 2: ValueError: second"]
    assert bench.passes(0) == []
    assert bench.passes(0) == ["begin a 3"]
    bench.ends("a")
    assert bench.batch.unsettled == 0
    assert bench.batch.last_outcome == StepOutcome()


def test_attempts_follow_one_that_failed_elsewhere() -> None:
    bench = Bench()
    step = a_step("a")
    batch = Batch(bench.batch.scope, [(step, "there")], bench._make, lambda: None)
    bench.batch = batch
    batch.go_on(StepAttempt(step, 0, 1), 3.0, failed("elsewhere"))
    assert bench.passes(3) == []
    assert bench.passes(0) == ["begin a 2"]
    assert bench.ends("a", failed("here")) == ["end a 2: ValueError: here"]
    assert batch.unsettled == 0
    assert batch.last_outcome.failure is not None
    assert batch.last_outcome.failure.text == "ValueError: here"


def test_only_the_first_end_of_an_attempt_counts() -> None:
    bench = Bench(a_step("a"), a_step("b"))
    bench.passes(0)
    attempt = bench.lanes.by_step["a"].current
    assert attempt is not None
    bench.batch.give_up(attempt, TimeoutError("too long"))
    bench.batch.ended(attempt, StepOutcome)
    assert bench.passes(0) == ["end a 1: TimeoutError: too long"]
    assert bench.batch.unsettled == 1


def test_when_the_run_is_cancelled_nothing_begins_any_more_and_what_goes_on_is_asked_to_end() -> None:
    steps = [a_step(name) for name in ("fails", "goes_on", "waits")]
    bench = Bench(*steps, waits=[60.0])
    bench.passes(0)
    bench.lanes.end("fails", failed("first"))
    bench.batch.instant.settle()
    lane = bench.lanes.by_step["goes_on"]
    bench.batch.stop()
    assert lane.stops == [None]
    assert bench.batch.unsettled == 1, "what has not begun needs no record"
    assert bench.passes(60)[-1] == "close fails: ValueError: first"
    bench.batch.put_back([lane.current] if lane.current else [])
    assert bench.batch.unsettled == 0, "what a worker gives back then is not begun any more"


def test_what_does_not_end_when_it_is_asked_to_is_given_up() -> None:
    bench = Bench(a_step("a"))
    bench.passes(0)
    bench.batch.stop()
    bench.batch.stop_waiting()
    assert bench.passes(0) == ["end a 1: RunCanceled: the run was cancelled, and the step did not end by itself"]


def test_an_attempt_in_its_simulated_time_ends_at_once_when_the_run_is_cancelled() -> None:
    bench = Bench(a_step("a"), environment={"interceptor": FakeInterceptor({"a": 60.0})})
    bench.passes(0)
    bench.batch.stop()
    assert bench.passes(0) == ["end a 1: RunCanceled: the run was cancelled"]


def test_the_time_of_an_attempt_ends_it() -> None:
    bench = Bench(a_step("a", timeout=5.0))
    bench.passes(0)
    assert bench.passes(4.9) == []
    assert bench.passes(0.1) == ["end a 1: TimeoutError: step 'a' did not end within 5 s"]


def test_an_instance_waits_for_a_place_of_its_map_and_gets_it_when_another_is_settled() -> None:
    compiled = a_step("map", element_parameter="n", max_concurrency=1)
    instances = [compiled.with_particulars(Particulars(name=f"map[{n}]", element=n)) for n in range(2)]
    bench = Bench(*instances, waits=[0.0])
    assert bench.passes(0) == ["begin map[0] 1"]
    bench.ends("map[0]", failed("first"))
    bench.passes(0)
    assert list(bench.lanes.by_step) == ["map[0]"], "it keeps its place while it is attempted again"
    bench.ends("map[0]")
    assert list(bench.lanes.by_step) == ["map[1]"]


def test_the_last_step_that_is_left_is_recorded_before_it_occupies_the_thread_and_others_are_not() -> None:
    one, two = Bench(a_step("a")), Bench(a_step("a"), a_step("b"))
    for bench in (one, two):
        bench.batch.settle_past()
    assert one.ledger.lines == ["begin a 1"]
    assert two.ledger.lines == []
    two.clock.seconds += 1
    two.batch.settle_past()
    assert two.ledger.lines == ["begin a 1", "begin b 1"]


class _Pools:
    """One slot, and a line for each claim and release."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self.lines: list[str] = []

    def claim(self, step: Step, number: int) -> Refused | None:
        self.lines.append(f"{step.name} asks")
        if self.holder is not None:
            return Refused(1.0, None)
        self.holder = step.name
        return None

    def release(self, step: Step) -> None:
        self.lines.append(f"{step.name} releases")
        self.holder = None

    def withdraw(self, step: Step) -> None:
        self.lines.append(f"{step.name} withdraws")


@pytest.mark.rule("execution 3.2.8", "queue 2.10")
def test_slots_are_kept_for_an_attempt_that_follows_at_once_and_released_before_one_that_waits() -> None:
    pools = _Pools()
    storage = SimpleNamespace(subscribe=lambda hear: lambda: None)
    bench = Bench(a_step("a", pools=(("db", 1),)), waits=[0.0, 9.0], pools=pools, environment={"storage": storage})
    assert bench.passes(0) == ["StepSlotClaimed a", "begin a 1"]
    bench.ends("a", failed("first"))
    bench.passes(0)
    assert pools.lines == ["a asks"]
    bench.ends("a", failed("second"))
    assert pools.lines == ["a asks", "a releases"]
    bench.passes(9)
    bench.passes(0)
    assert pools.lines == ["a asks", "a releases", "a asks"]
    bench.ends("a")
    assert pools.lines[-1] == "a releases"


def test_a_batch_without_pools_has_no_line_for_them() -> None:
    assert Bench(a_step("a"), pools=_Pools()).batch.pool_line is None
