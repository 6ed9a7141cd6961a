"""What stands in for a step's function: a length, failures, a record without a call, simulated time."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.clock import SimClock
from rivers.simulation import Scenario
from rivers.simulation.step_behaviour import SimulatedFailure, SimulatedSteps

T0 = 1_767_225_600
ON_DISK = rs.PickleIOHandler(store=LocalStore(tempfile.mkdtemp(prefix="rivers-steps-")))


def steps(**settings: Any) -> SimulatedSteps:
    given: dict[str, Any] = {"durations": {}, "failures": {}, "execute": True, "patch_time": False}
    return SimulatedSteps(**{**given, **settings})


def around(each: SimulatedSteps, call: Any, attempt: int = 1) -> Any:
    """What an attempt of the step ``load`` gave or raised. It takes no time: that has passed before."""
    clock = SimClock()
    try:
        return each.around("load", attempt, call, clock)
    except Exception as error:
        return error
    finally:
        assert clock.monotonic() == 0


@pytest.mark.parametrize("length", ["90s", "1m 30s", 90, 90.0, timedelta(seconds=90)])
def test_a_duration_is_the_length_of_every_attempt_in_seconds(length: Any) -> None:
    each = steps(durations={"load": length})
    assert [each.seconds("load", attempt) for attempt in (1, 2)] == [90.0, 90.0]
    assert around(each, lambda: "made") == "made"


def test_steps_without_a_duration_take_no_time() -> None:
    assert steps(durations={"other": "1h"}).seconds("load", 1) == 0.0


@pytest.mark.parametrize(("attempt", "fails"), [(1, True), (2, True), (3, False)])
def test_the_first_attempts_fail(attempt: int, fails: bool) -> None:
    answer = around(steps(failures={"load": 2}), lambda: "made", attempt)
    if fails:
        assert isinstance(answer, SimulatedFailure)
        assert str(answer) == f"attempt {attempt} of 'load' fails, as the scenario asked"
    else:
        assert answer == "made"


def test_without_execution_the_function_is_not_called() -> None:
    def call() -> None:
        raise AssertionError("called")

    assert isinstance(around(steps(execute=False), call), rs.Materialization)


def test_hooks_are_called_when_functions_are() -> None:
    assert (steps().calls_hooks, steps(execute=False).calls_hooks) == (True, False)


def test_a_planted_failure_fails_also_without_execution() -> None:
    assert isinstance(around(steps(execute=False, failures={"load": 1}), lambda: None), SimulatedFailure)


def test_simulated_time_is_told_when_that_was_asked_for() -> None:
    told = around(steps(patch_time=True), lambda: (time.time(), datetime.now(UTC).isoformat()))
    assert told == (T0, "2026-01-01T00:00:00+00:00")
    assert around(steps(), time.time) > T0 + 1000


@pytest.mark.parametrize("length", ["soon", "5 parsecs", ""])
def test_a_length_that_is_no_duration_is_refused_and_named(length: str) -> None:
    with pytest.raises(ValueError, match="load"):
        steps(durations={"load": length})


# -- wherever the step executes ----------------------------------------------------------------------------------------


def load(context: rs.AssetExecutionContext) -> tuple[str, float, int]:
    """The time as the run tells it, and as the standard library does; and the process."""
    return f"{context.now():%H:%M:%S}", time.time(), os.getpid()


def other() -> None:
    """Is beside it, so that a worker process is worth its while."""


async def load_async(context: rs.AssetExecutionContext) -> tuple[str, float, int]:
    """The same as a coroutine."""
    return load(context)


def repo_of(place: str) -> rs.CodeRepository:
    """A repository whose step ``load`` executes there."""
    settings: dict[str, Any] = {"name": "load", "retry": rs.RetryPolicy(2, backoff=rs.Backoff.constant(10))}
    if place == "worker":
        assets = [
            rs.Asset(load, io_handler=ON_DISK, **settings),
            rs.Asset(other, name="other", io_handler=ON_DISK),
        ]
    elif place == "thread":
        assets = [rs.Asset(load, metadata={"rivers/timeout": "1h"}, **settings)]
    else:
        assets = [rs.Asset(load_async if place == "coroutine" else load, **settings)]
    executor = rs.Executor.in_process() if place == "in process" else rs.Executor.parallel(2)
    return rs.CodeRepository(assets, default_executor=executor)


PLACES = ["in process", "alone", "worker", "thread", "coroutine"]


@pytest.mark.anyio
@pytest.mark.parametrize("place", PLACES)
async def test_every_attempt_lasts_its_duration_before_the_call(place: str) -> None:
    async with Scenario(repo_of(place), durations={"load": "90s"}, failures={"load": 2}) as sim:
        result = await sim.materialize()
        events = sim.storage.get_events_for_run(result.run_id)
        assert [
            (event.event_type, event.timestamp // 10**9 - T0)
            for event in events
            if event.asset_key == "load" and event.event_type != "Materialization"
        ] == [
            ("StepStart", 0),
            ("StepRetry", 90),
            ("StepStart", 100),
            ("StepRetry", 190),
            ("StepStart", 200),
            ("StepSuccess", 290),
        ]
        moment, _, process = sim.repo.load_node("load")
        assert (moment, process != os.getpid()) == ("00:04:50", place == "worker")


@pytest.mark.anyio
@pytest.mark.parametrize("place", [place for place in PLACES if place != "worker"])
async def test_the_standard_library_tells_the_end_of_the_duration(place: str) -> None:
    async with Scenario(repo_of(place), durations={"load": "90s"}, patch_time=True) as sim:
        await sim.materialize()
        assert sim.repo.load_node("load") == ("00:01:30", T0 + 90, os.getpid())


def test_what_is_said_of_a_map_holds_for_the_instances_of_which_nothing_is_said() -> None:
    each = steps(durations={"g/t": 5, "g/t[b]": 7}, failures={"g/t": 1, "g/t[a]": 0})
    assert [each.seconds(name, 1) for name in ("g/t[a]", "g/t[b]", "g/t[a[0]]", "g/t", "g/tt[a]")] == [5, 7, 5, 5, 0]
    clock = SimClock()
    assert each.around("g/t[a]", 1, lambda: "made", clock) == "made"
    with pytest.raises(SimulatedFailure, match=r"attempt 1 of 'g/t\[c\]'"):
        each.around("g/t[c]", 1, lambda: "made", clock)
