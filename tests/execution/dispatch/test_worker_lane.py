"""What follows from what a worker says."""

from __future__ import annotations

from typing import Any, cast

import pytest

from rivers.execution.attempts.failure_records import RemoteTraceback
from rivers.execution.attempts.outcomes import StepOutcome, StepOutput
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.worker_lane import WorkerLane
from rivers.execution.workers.messages import (
    AskTime,
    Done,
    Dropped,
    Execute,
    Imported,
    Kept,
    Order,
    Sleep,
    Stop,
    Time,
    Woken,
)
from tests.execution.dispatch.fakes import FakeDispatch, FakeWorker, a_step, failed


class Bench:
    """A worker that was sent attempts at these steps."""

    def __init__(self, *names: str) -> None:
        self.worker, self.dispatch, self.timed = FakeWorker(), FakeDispatch(), list[float]()
        self.lane = WorkerLane(cast("Any", self.worker), self.dispatch, self.timed.append)
        attempts = [StepAttempt(a_step(name), position, 1) for position, name in enumerate(names)]
        self.lane.start([(attempt, Order(0, 1, "r", None)) for attempt in attempts], ())

    def hears(self, *messages: object) -> list[str]:
        """What follows from these messages."""
        self.worker.messages += messages
        self.lane.hear()
        lines, self.dispatch.lines = self.dispatch.lines, []
        return lines


def yielded(name: str) -> StepOutcome:
    return StepOutcome(outputs=(StepOutput(name, "Materialization"),))


def test_each_end_is_told_and_is_the_begin_of_the_next() -> None:
    bench = Bench("a", "b")
    assert isinstance(bench.worker.sent[0], Execute)
    assert bench.hears() == []
    assert bench.hears(Done(StepOutcome(), 0.5)) == ["a ended", "b began"]
    assert not bench.lane.at_rest
    assert bench.hears(Done(failed("b"), 0.25)) == ["b ended"]
    assert bench.lane.at_rest
    assert bench.timed == [0.5, 0.25]
    failure = bench.dispatch.outcomes["b"]().failure
    assert failure is not None
    assert isinstance(failure.error.__cause__, RemoteTraceback)


def test_what_it_has_not_begun_is_given_back_when_it_sleeps_on_the_clock() -> None:
    bench = Bench("a", "b", "c")
    assert bench.hears(Sleep(30.0)) == ["b is back", "c is back"]
    assert bench.lane.at_rest
    [(seconds, wake)] = bench.dispatch.waits
    assert seconds == 30.0
    wake()
    assert bench.worker.sent[-1] == Woken()
    assert not bench.lane.at_rest
    assert bench.hears(Done(StepOutcome(), 0.0)) == ["a ended"]


def test_one_that_is_stopped_in_its_sleep_is_not_woken_as_well() -> None:
    bench = Bench("a")
    bench.hears(Sleep(30.0))
    bench.lane.stop()
    bench.dispatch.waits[0][1]()
    assert [message for message in bench.worker.sent if isinstance(message, Woken | Stop)] == [Stop()]
    assert bench.hears(Sleep(1.0)) == []
    assert len(bench.dispatch.waits) == 1


def test_a_thread_that_a_step_has_left_behind_gets_an_answer_when_it_would_sleep() -> None:
    bench = Bench("a")
    bench.hears(Done(StepOutcome(), 0.0))
    bench.hears(Sleep(30.0))
    assert bench.worker.sent[-1] == Woken()
    assert bench.dispatch.waits == []


def test_it_is_told_the_time_and_says_when_that_of_a_step_begins() -> None:
    bench = Bench("a")
    cast("Any", bench.dispatch.scope.environment.clock).seconds = 7.0
    assert bench.hears(AskTime()) == []
    assert bench.worker.sent[-1] == Time(7_000_000_000)
    assert bench.hears(Imported()) == ["the time of a began"]


def test_what_was_told_of_as_begun_and_then_dropped_was_cancelled() -> None:
    bench = Bench("a", "b")
    assert bench.hears(Done(StepOutcome(), 0.0), Dropped()) == ["a ended", "b began", "b ended"]
    assert bench.dispatch.failure_of("b") == "RunCanceled: the run was cancelled"


def test_a_death_fails_the_current_attempt_alone_and_what_it_had_stored_stands() -> None:
    bench = Bench("a", "b")
    assert bench.hears(Kept(yielded("a")), EOFError()) == ["a ended", "b is back"]
    assert bench.lane.is_dead
    assert bench.dispatch.failure_of("a") == "WorkerDied: step 'a': it fell over"
    assert [output.name for output in bench.dispatch.outcomes["a"]().outputs] == ["a"]


@pytest.mark.parametrize("is_next", [False, True], ids=["its own", "of the attempt before it"])
def test_what_stands_of_an_attempt_that_is_given_up_is_what_it_has_stored_itself(is_next: bool) -> None:
    bench = Bench("a", "b")
    bench.hears(Kept(yielded("a")), *([Done(StepOutcome(), 0.0)] if is_next else []))
    outcome = bench.lane.give_up(TimeoutError("too long"))
    assert len(outcome.outputs) == (0 if is_next else 1)
    assert bench.lane.current is None
    assert [attempt.step.name for attempt in bench.lane.take_rest()] == ([] if is_next else ["b"])


def test_what_nobody_understands_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="'hello', which nobody understands"):
        Bench("a").hears("hello")
