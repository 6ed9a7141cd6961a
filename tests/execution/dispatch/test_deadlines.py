"""What the time of an attempt counts, and what becomes of the attempt when it is up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.dispatch.agenda import Timers
from rivers.execution.dispatch.deadlines import IMPORT_SECONDS, STOP_GRACE_SECONDS, Deadlines
from rivers.execution.dispatch.lane import StepAttempt
from tests.execution import worker_functions as functions
from tests.execution.dispatch.fakes import FakeDispatch, FakeLane, a_step

Build = Callable[..., rs.CodeRepository]


class Bench:
    """Deadlines on a time that the test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self.given_up: list[str] = []
        self._timers = Timers()
        self.deadlines = Deadlines(
            lambda seconds, order, action: self._timers.set(self.now + seconds, order, action),
            lambda attempt, error: self.given_up.append(f"{type(error).__name__}: {error}"),
        )

    def passes(self, seconds: float) -> list[str]:
        """The attempts that were given up in the next so many seconds."""
        self.now += seconds
        self.given_up.clear()
        for action in self._timers.take_due(self.now):
            action()
        return list(self.given_up)


def an_attempt(timeout: float | None) -> StepAttempt:
    return StepAttempt(a_step("slow", timeout=timeout), 0, 1)


def test_an_attempt_ends_when_its_time_is_up_and_one_that_has_ended_or_has_no_timeout_does_not() -> None:
    bench = Bench()
    bench.deadlines.begin(an_attempt(5.0))
    bench.deadlines.begin(an_attempt(None))
    over = an_attempt(5.0)
    bench.deadlines.begin(over)
    over.has_ended = True
    assert bench.passes(4.9) == []
    assert bench.passes(0.2) == ["TimeoutError: step 'slow' did not end within 5 s"]
    assert bench.passes(1e6) == []


def test_the_time_of_an_attempt_begins_once() -> None:
    bench = Bench()
    attempt = an_attempt(5.0)
    bench.deadlines.begin(attempt)
    bench.passes(3)
    bench.deadlines.begin(attempt)
    assert bench.passes(2.1) == ["TimeoutError: step 'slow' did not end within 5 s"]


class Cleaning(FakeLane):
    """A lane whose attempt cleans up when it is asked to end."""

    cleans_up = True


@pytest.mark.rule("execution 6.7")
def test_an_attempt_that_cleans_up_is_asked_to_end_and_given_up_after_a_grace() -> None:
    bench, attempt = Bench(), an_attempt(5.0)
    lane = attempt.lane = Cleaning(FakeDispatch())
    bench.deadlines.begin(attempt)
    assert bench.passes(5) == []
    [fault] = lane.stops
    assert str(fault) == "step 'slow' did not end within 5 s"
    late = "step 'slow' did not end within 5 s, and not within 5 s after it was cancelled"
    assert bench.passes(STOP_GRACE_SECONDS) == [f"TimeoutError: {late}"]


def test_an_attempt_that_has_cleaned_up_in_time_and_one_that_is_cancelled_already_are_left_alone() -> None:
    bench, in_time, cancelled = Bench(), an_attempt(5.0), an_attempt(5.0)
    for attempt in (in_time, cancelled):
        attempt.lane = Cleaning(FakeDispatch())
        bench.deadlines.begin(attempt)
        if attempt is cancelled:
            attempt.lane.stop()
    assert bench.passes(5) == []
    in_time.has_ended = True
    assert bench.passes(1e6) == []


def test_what_a_worker_needs_to_start_is_not_the_steps_time() -> None:
    bench = Bench()
    attempt = an_attempt(5.0)
    bench.deadlines.await_import(attempt)
    assert bench.passes(IMPORT_SECONDS - 1) == []
    bench.deadlines.begin(attempt)
    assert bench.passes(4.9) == []
    assert bench.passes(0.2) == ["TimeoutError: step 'slow' did not end within 5 s"]


def test_a_worker_that_never_gets_ready_is_given_up() -> None:
    bench = Bench()
    bench.deadlines.await_import(an_attempt(5.0))
    bench.deadlines.await_import(an_attempt(None))
    text = "step 'slow' did not begin: its worker process was not ready for it within 60 s"
    assert bench.passes(IMPORT_SECONDS) == [f"TimeoutError: {text}"]
    assert bench.passes(1e6) == []


def test_a_step_whose_import_takes_longer_than_its_timeout_succeeds(build: Build, tmp_path: Path) -> None:
    handler = functions.ImportedSlowly(1.0, rs.PickleIOHandler(store=LocalStore(str(tmp_path))))
    step = rs.Asset(functions.process, name="brief", io_handler=handler, metadata={"rivers/timeout": "0.9s"})
    repo = build(step, default_executor=rs.Executor.parallel(1))
    assert repo.materialize().success
    assert repo.load_node("brief") != os.getpid()


def test_a_worker_that_imports_for_ever_is_given_up(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rivers.execution.dispatch.deadlines.IMPORT_SECONDS", 0.1)
    handler: Any = functions.ImportedSlowly(3600, rs.PickleIOHandler(store=LocalStore(str(tmp_path))))
    step = rs.Asset(functions.process, name="stuck", io_handler=handler, metadata={"rivers/timeout": "0.05s"})
    repo = build(step, default_executor=rs.Executor.parallel(1))
    with pytest.raises(TimeoutError, match="'stuck' did not begin: its worker process was not ready"):
        repo.materialize()
