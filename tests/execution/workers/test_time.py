"""The time of a step in a worker: one reader at a time, and none after the end of the step."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from multiprocessing.connection import Connection, Pipe
from typing import Any

import pytest

from rivers.exceptions import ExecutionError, RunCanceled
from rivers.execution.workers.messages import AskTime, Execute, Sleep, Stop, Time, Woken
from rivers.execution.workers.time import WorkerTime

Ends = tuple[WorkerTime, "Connection[Any, Any]"]


@pytest.fixture
def ends() -> Generator[Ends]:
    run, worker = Pipe()
    with run, worker:
        yield WorkerTime(worker), run


def say(run: Connection[Any, Any], *messages: object) -> None:
    for message in messages:
        run.send_bytes(pickle.dumps(message))


def heard(run: Connection[Any, Any]) -> Any:
    return pickle.loads(run.recv_bytes())


def test_it_asks_the_run_for_the_time_and_keeps_a_stop_in_mind(ends: Ends) -> None:
    moment, run = ends
    say(run, Stop(), Time(1_000_000_000))
    assert moment.datetime() == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert isinstance(heard(run), AskTime)
    assert moment.cancelled()


def test_a_wait_ends_when_the_run_says_so_and_the_orders_after_it_are_not_touched(ends: Ends) -> None:
    moment, run = ends
    say(run, Woken(), Execute((), ()))
    moment.sleep_blocking(3)
    assert heard(run) == Sleep(3)
    assert moment.is_last()
    assert moment._connection.poll()


def test_a_stop_ends_a_wait(ends: Ends) -> None:
    moment, run = ends
    say(run, Stop())
    with pytest.raises(RunCanceled):
        moment.sleep_blocking(3)
    assert moment.is_last()


def test_a_thread_that_outlives_its_step_reads_nothing_that_is_not_for_it(ends: Ends) -> None:
    moment, run = ends
    moment.end()
    say(run, Execute((), ()))
    answers: list[object] = []

    def outlive() -> None:
        answers.append(moment.cancelled())
        for ask in (moment.datetime, lambda: moment.sleep_blocking(1)):
            try:
                ask()
            except (ExecutionError, RunCanceled) as error:
                answers.append(str(error).partition(",")[0])

    thread = threading.Thread(target=outlive)
    thread.start()
    thread.join(30)
    assert answers == [True, *["the step that this context belongs to has ended"] * 2]
    assert moment._connection.poll()
    assert not run.poll()
