"""What the time of an attempt counts, and what becomes of the attempt when it is up."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.dispatch.agenda import Timers
from rivers.execution.dispatch.deadlines import IMPORT_SECONDS, Deadlines
from rivers.execution.dispatch.lane import StepAttempt
from rivers.storage import Storage
from tests.execution import worker_functions as functions

Build = Callable[..., rs.CodeRepository]


@pytest.fixture
def storage() -> Generator[Storage]:
    with Storage.memory() as made:
        yield made


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


def an_attempt(timeout: str | None) -> StepAttempt:
    @rs.Asset(metadata=None if timeout is None else {"rivers/timeout": timeout})
    def slow() -> int:
        return 1

    repo = rs.CodeRepository([slow])
    with Storage.memory() as storage:
        repo.resolve(storage)
        [[step]] = repo._resolved._levels(["slow"], repo._resolved.resources, {})
        repo.shutdown()
    return StepAttempt(step, 0, 1)


def test_an_attempt_ends_when_its_time_is_up_and_one_that_has_ended_or_has_no_timeout_does_not() -> None:
    bench = Bench()
    bench.deadlines.begin(an_attempt("5s"))
    bench.deadlines.begin(an_attempt(None))
    over = an_attempt("5s")
    bench.deadlines.begin(over)
    over.has_ended = True
    assert bench.passes(4.9) == []
    assert bench.passes(0.2) == ["TimeoutError: step 'slow' did not end within 5 s"]
    assert bench.passes(1e6) == []


def test_the_time_of_an_attempt_begins_once() -> None:
    bench = Bench()
    attempt = an_attempt("5s")
    bench.deadlines.begin(attempt)
    bench.passes(3)
    bench.deadlines.begin(attempt)
    assert bench.passes(2.1) == ["TimeoutError: step 'slow' did not end within 5 s"]


def test_what_a_worker_needs_to_start_is_not_the_steps_time() -> None:
    bench = Bench()
    attempt = an_attempt("5s")
    bench.deadlines.await_import(attempt)
    assert bench.passes(IMPORT_SECONDS - 1) == []
    bench.deadlines.begin(attempt)
    assert bench.passes(4.9) == []
    assert bench.passes(0.2) == ["TimeoutError: step 'slow' did not end within 5 s"]


def test_a_worker_that_never_gets_ready_is_given_up() -> None:
    bench = Bench()
    bench.deadlines.await_import(an_attempt("5s"))
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
