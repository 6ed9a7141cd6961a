"""What stands in for a step's function: a length, failures, a record without a call, simulated time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.simulation.steps import SimulatedFailure, SimulatedSteps

T0 = 1_767_225_600


def steps(**settings: Any) -> SimulatedSteps:
    given: dict[str, Any] = {"durations": {}, "failures": {}, "execute": True, "patch_time": False}
    return SimulatedSteps(**{**given, **settings})


def around(each: SimulatedSteps, call: Any, attempt: int = 1) -> tuple[Any, float]:
    """What an attempt of the step ``load`` gave or raised, and the simulated seconds that it took."""
    clock = SimClock()
    answer: list[Any] = []

    def attempted() -> None:
        try:
            answer.append(each.around("load", attempt, call, clock))
        except Exception as error:
            answer.append(error)

    async def drive() -> None:
        done = anyio.Event()

        async def work() -> None:
            await clock.offload(("step",), attempted)
            done.set()

        async with anyio.create_task_group() as group:
            group.start_soon(work)
            await clock.advance_until(done)

    anyio.run(drive)
    return answer[0], clock.monotonic()


@pytest.mark.parametrize("length", ["90s", "1m 30s", 90, 90.0, timedelta(seconds=90)])
def test_a_duration_passes_before_the_call(length: Any) -> None:
    assert around(steps(durations={"load": length}), lambda: "made") == ("made", 90.0)


def test_steps_without_a_duration_take_no_time() -> None:
    assert around(steps(durations={"other": "1h"}), lambda: "made") == ("made", 0.0)


@pytest.mark.parametrize(("attempt", "fails"), [(1, True), (2, True), (3, False)])
def test_the_first_attempts_fail_after_their_duration(attempt: int, fails: bool) -> None:
    answer, seconds = around(steps(failures={"load": 2}, durations={"load": 5}), lambda: "made", attempt)
    assert seconds == 5
    if fails:
        assert isinstance(answer, SimulatedFailure)
        assert str(answer) == f"attempt {attempt} of 'load' fails, as the scenario asked"
    else:
        assert answer == "made"


def test_without_execution_the_function_is_not_called() -> None:
    def call() -> None:
        raise AssertionError("called")

    answer, _ = around(steps(execute=False), call)
    assert isinstance(answer, rs.Materialization)


def test_a_planted_failure_fails_also_without_execution() -> None:
    answer, _ = around(steps(execute=False, failures={"load": 1}), lambda: None)
    assert isinstance(answer, SimulatedFailure)


def test_simulated_time_is_told_when_that_was_asked_for() -> None:
    patched = steps(patch_time=True, durations={"load": "90s"})
    answer, _ = around(patched, lambda: (time.time(), datetime.now(UTC).isoformat()))
    assert answer == (T0 + 90, "2026-01-01T00:01:30+00:00")
    answer, _ = around(steps(), time.time)
    assert answer > T0 + 1000


@pytest.mark.parametrize("length", ["soon", "5 parsecs", ""])
def test_a_length_that_is_no_duration_is_refused_and_named(length: str) -> None:
    with pytest.raises(ValueError, match="load"):
        steps(durations={"load": length})
