"""Ctrl-C in a run of this process ends the run, wherever it hits."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import Killed, Superseded
from rivers.execution.attempts.interrupts import go_no_further, heeded, is_meant_for_all

EXECUTORS = pytest.mark.parametrize(
    "executor", [rs.Executor.in_process(), rs.Executor.parallel(2)], ids=["in process", "parallel"]
)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def press_and_go_on() -> int:
    try:
        press()
    except KeyboardInterrupt:
        return 1
    return 2


@pytest.mark.parametrize("pressed", [press, press_and_go_on])
@EXECUTORS
def test_a_signal_ends_the_run_after_the_step_that_it_hit(
    storage: rs.Storage, executor: Any, pressed: Callable[[], Any]
) -> None:
    steps = [rs.Asset(name="hit")(pressed), *(rs.Asset(name=name)(lambda: 1) for name in ("later", "last"))]
    repo = rs.CodeRepository(steps, default_executor=executor)
    repo.resolve(storage)
    with pytest.raises(KeyboardInterrupt):
        repo.materialize(run_id_override="r", raise_on_error=False)
    run = storage.get_run("r")
    assert run is not None
    assert (run.status, run.error) == ("Failure", "KeyboardInterrupt: the run was interrupted")
    told = [(event.event_type, event.asset_key) for event in storage.get_events_for_run("r")]
    assert told[-1] == ("StepFailure" if pressed is press else "StepSuccess", "hit")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert repo.materialize(["later"]).success


def test_a_signal_gives_a_coroutine_the_time_to_clean_up(storage: rs.Storage) -> None:
    told: list[str] = []

    async def hit() -> None:
        press()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.2)
            told.append("cleaned up")

    repo = rs.CodeRepository([rs.Asset(name="hit")(hit)])
    repo.resolve(storage)
    with pytest.raises(KeyboardInterrupt):
        repo.materialize(raise_on_error=False)
    assert told == ["cleaned up"]


@EXECUTORS
def test_a_signal_in_a_run_within_a_step_ends_both(storage: rs.Storage, executor: Any) -> None:
    inner = rs.CodeRepository(
        [rs.Asset(name="hit")(press), rs.Asset(name="later")(lambda: 1)], default_executor=executor
    )
    inner.resolve(storage)
    outer = rs.Asset(name="outer")(lambda: inner.materialize(raise_on_error=False))
    repo = rs.CodeRepository([outer, rs.Asset(name="beside")(lambda: 1)], default_executor=executor)
    repo.resolve(storage)
    with pytest.raises(KeyboardInterrupt):
        repo.materialize(raise_on_error=False)
    assert [run.status for run in storage.get_runs()] == ["Failure", "Failure"]
    assert "beside" not in {
        event.asset_key for run in storage.get_runs() for event in storage.get_events_for_run(run.run_id)
    }


def test_a_kill_and_ctrl_c_on_the_main_thread_are_meant_for_all_and_nothing_else_is() -> None:
    answers: list[bool] = []

    def ask() -> None:
        faults = (Killed(), Superseded(), KeyboardInterrupt(), SystemExit(), ValueError(), asyncio.CancelledError())
        answers.extend(is_meant_for_all(fault) for fault in faults)

    ask()
    elsewhere = threading.Thread(target=ask)
    elsewhere.start()
    elsewhere.join()
    assert answers[:6] == [True, True, True, False, False, False]
    assert answers[6:] == [True, True, False, False, False, False]


def test_a_program_that_handles_the_signal_itself_and_other_threads_are_left_alone() -> None:
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        with heeded():
            press()
            go_no_further()
    finally:
        signal.signal(signal.SIGINT, before)
    assert pressed == [signal.SIGINT]
    with heeded():
        with pytest.raises(KeyboardInterrupt):
            press()
        elsewhere = threading.Thread(target=lambda: pressed.append(go_no_further() or 0))
        elsewhere.start()
        elsewhere.join()
        with pytest.raises(KeyboardInterrupt, match="the run was interrupted"):
            go_no_further()
    assert pressed[1:] == [0]
    go_no_further()
