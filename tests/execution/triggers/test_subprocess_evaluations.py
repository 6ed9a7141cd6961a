"""Evaluations in worker processes that answer, die and are killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.failure_records import WorkerDied
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.triggers.in_worker import WorkerTask
from rivers.execution.triggers.subprocess_evaluations import SubprocessEvaluations

LIMIT = 60.0
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def evaluations() -> Generator[SubprocessEvaluations]:
    made = SubprocessEvaluations(2)
    yield made
    made.close()


def of(function: Callable[..., Any]) -> WorkerTask:
    return WorkerTask(function, "watch", "j", NOON)


def process() -> rs.SensorResult:
    return rs.SensorResult(cursor=str(os.getpid()))


def pid_in(future: Future[Evaluated]) -> int:
    return int(future.result(LIMIT).cursor or "")


def hangs_after(sign: Path) -> WorkerTask:
    def hangs() -> None:
        sign.touch()
        time.sleep(600)

    return of(hangs)


def until_it_exists(sign: Path) -> None:
    while not sign.exists():
        threading.Event().wait(0.005)


def test_an_evaluation_runs_in_another_process_which_stays_warm(evaluations: SubprocessEvaluations) -> None:
    first = pid_in(evaluations.submit(of(process)))
    assert first != os.getpid()
    assert pid_in(evaluations.submit(of(process))) == first


def test_an_interrupt_of_the_terminal_is_left_to_the_parent(evaluations: SubprocessEvaluations) -> None:
    worker = pid_in(evaluations.submit(of(process)))
    os.kill(worker, signal.SIGINT)
    assert pid_in(evaluations.submit(of(process))) == worker


def test_a_worker_that_dies_says_how_and_harms_no_neighbour(evaluations: SubprocessEvaluations, tmp_path: Path) -> None:
    sign, go = tmp_path / "neighbour", tmp_path / "go"

    def neighbour() -> rs.SkipReason:
        sign.touch()
        while not go.exists():
            time.sleep(0.005)
        return rs.SkipReason("unharmed")

    beside = evaluations.submit(of(neighbour))
    until_it_exists(sign)
    with pytest.raises(WorkerDied, match=r"^sensor 'watch': the worker process died before .* an answer: EXIT\(3\)$"):
        evaluations.submit(of(lambda: os._exit(3))).result(LIMIT)
    go.touch()
    assert beside.result(LIMIT).skip_reason == "unharmed"
    assert pid_in(evaluations.submit(of(process))) > 0


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs handles on processes")
def test_a_worker_that_died_while_it_was_idle_is_replaced_as_often_as_that_happens(
    evaluations: SubprocessEvaluations,
) -> None:
    for _ in range(3):  # more often than there may be workers
        worker = pid_in(evaluations.submit(of(process)))
        handle = os.pidfd_open(worker)
        os.kill(worker, signal.SIGKILL)
        assert wait([handle], LIMIT)
        os.close(handle)
        assert pid_in(evaluations.submit(of(process))) != worker


def test_an_evaluation_that_no_process_can_be_started_for_fails_and_keeps_nobody_from_evaluating(
    evaluations: SubprocessEvaluations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process_left(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr("rivers.execution.workers.process.ProcessPoolExecutor", no_process_left)
        for _ in range(3):
            with pytest.raises(ExecutionError, match="cannot be started: BlockingIOError: Resource temporarily"):
                evaluations.submit(of(process)).result(LIMIT)
    assert pid_in(evaluations.submit(of(process))) > 0


def test_cancelling_kills_the_worker_and_lets_the_next_in_line_start(
    evaluations: SubprocessEvaluations, tmp_path: Path
) -> None:
    hanging: list[Future[Evaluated]] = []
    for name in ("one", "two"):
        hanging.append(evaluations.submit(hangs_after(tmp_path / name)))
        until_it_exists(tmp_path / name)
    waiting = evaluations.submit(of(process))
    assert not waiting.done()
    assert hanging[0].cancel()
    assert pid_in(waiting) > 0
    assert not hanging[1].done()


def test_an_evaluation_cancelled_before_its_turn_never_starts(
    evaluations: SubprocessEvaluations, tmp_path: Path
) -> None:
    hanging = [evaluations.submit(hangs_after(tmp_path / name)) for name in ("one", "two")]
    never = evaluations.submit(hangs_after(tmp_path / "never"))
    until_it_exists(tmp_path / "one")
    assert never.cancel()
    for future in hanging:
        future.cancel()
    assert pid_in(evaluations.submit(of(process))) > 0
    assert not (tmp_path / "never").exists()


def test_a_worker_whose_evaluation_was_cancelled_while_it_started_is_kept_for_the_next(
    evaluations: SubprocessEvaluations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker = pid_in(evaluations.submit(of(process)))
    lend, cancelled = evaluations._pool.lend, threading.Event()

    def lend_late() -> Any:
        assert cancelled.wait(LIMIT)
        return lend()

    with monkeypatch.context() as patch:
        patch.setattr(evaluations._pool, "lend", lend_late)
        never = evaluations.submit(hangs_after(tmp_path / "never"))
        assert never.cancel()
        cancelled.set()
        with evaluations._changing:
            assert evaluations._changing.wait_for(lambda: evaluations._thread_count == 0, LIMIT)
    assert pid_in(evaluations.submit(of(process))) == worker
    assert not (tmp_path / "never").exists()


def test_what_cannot_cross_fails_alone(evaluations: SubprocessEvaluations) -> None:
    lock = threading.Lock()
    with pytest.raises(
        ExecutionError, match=r"^sensor 'watch' cannot be sent .* cannot be pickled \(TypeError: .*lock"
    ):
        evaluations.submit(of(lambda: lock.acquire())).result(LIMIT)
    assert pid_in(evaluations.submit(of(process))) > 0


class OnlyThere(str):
    """Text that only the process which made it can make again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return only_in, (os.getpid(),)


def only_in(pid: int) -> OnlyThere:
    if os.getpid() != pid:
        raise ModuleNotFoundError("No module named 'there'")
    return OnlyThere()


def test_what_cannot_be_read_here_fails_alone(evaluations: SubprocessEvaluations) -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'there'"):
        evaluations.submit(of(lambda: rs.RunRequest(tags={"k": OnlyThere("v")}))).result(LIMIT)
    assert pid_in(evaluations.submit(of(process))) > 0


def test_a_child_that_a_function_forks_answers_nothing(evaluations: SubprocessEvaluations) -> None:
    def forks() -> rs.SensorResult:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            sys.exit("a child that goes on as if it were the worker")
        os.waitpid(child, 0)
        return rs.SensorResult(cursor=str(parent))

    worker = pid_in(evaluations.submit(of(forks)))
    assert pid_in(evaluations.submit(of(process))) == worker


def test_closing_ends_everything_at_once(tmp_path: Path) -> None:
    evaluations = SubprocessEvaluations(1)
    running = evaluations.submit(hangs_after(tmp_path / "one"))
    waiting = evaluations.submit(of(process))
    until_it_exists(tmp_path / "one")
    evaluations.close()
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(LIMIT)
    with pytest.raises(RuntimeError, match="shut down"):
        evaluations.submit(of(process))
