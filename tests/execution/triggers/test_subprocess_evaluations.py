"""Worker processes: real loky workers that answer, raise, die and are killed."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any, cast

import pytest
from loky.process_executor import TerminatedWorkerError

from rivers.execution.attempts.failure_records import WorkerDied
from rivers.execution.workers import subprocess_slots
from rivers.execution.workers.parent_watch import lifeline, settle_in
from rivers.execution.workers.subprocess_slots import LoneWorker, SubprocessSlots

LIMIT = 60.0


@pytest.fixture
def slots() -> Generator[SubprocessSlots]:
    pool = SubprocessSlots(2)
    yield pool
    pool.close()


def announce_and_hang(sign: Path) -> None:
    sign.touch()
    time.sleep(600)


def until_it_exists(sign: Path) -> None:
    while not sign.exists():
        threading.Event().wait(0.005)


def until_it_is_noticed(slot: Any) -> None:
    while slot._flags.broken is None:
        threading.Event().wait(0.005)


def test_a_function_runs_in_another_process_which_stays_warm(slots: SubprocessSlots) -> None:
    first = slots.submit(os.getpid).result(LIMIT)
    assert first != os.getpid()
    assert slots.submit(os.getpid).result(LIMIT) == first


def test_an_interrupt_of_the_terminal_is_left_to_the_parent(slots: SubprocessSlots) -> None:
    worker = slots.submit(os.getpid).result()
    os.kill(worker, signal.SIGINT)
    assert slots.submit(os.getpid).result() == worker


def test_an_exception_comes_back_with_its_type(slots: SubprocessSlots) -> None:
    with pytest.raises(ZeroDivisionError):
        slots.submit(lambda: 1 // 0).result(LIMIT)


def test_a_worker_that_dies_says_how_and_harms_no_neighbour(slots: SubprocessSlots, tmp_path: Path) -> None:
    sign = tmp_path / "neighbour"
    go = tmp_path / "go"

    def neighbour() -> str:
        sign.touch()
        while not go.exists():
            time.sleep(0.005)
        return "unharmed"

    beside = slots.submit(neighbour)
    until_it_exists(sign)
    with pytest.raises(WorkerDied, match=r"died before it gave an answer: EXIT\(3\)"):
        slots.submit(os._exit, 3).result(LIMIT)
    go.touch()
    assert beside.result(LIMIT) == "unharmed"
    assert slots.submit(abs, -1).result(LIMIT) == 1


def test_a_worker_that_died_while_it_was_idle_is_replaced_as_often_as_that_happens(slots: SubprocessSlots) -> None:
    for _ in range(3):  # more often than there are slots
        worker = slots.submit(os.getpid).result(LIMIT)
        (slot,) = cast("list[Any]", slots._idle)
        os.kill(worker, signal.SIGKILL)
        until_it_is_noticed(slot)
        assert slots.submit(abs, -1).result(LIMIT) == 1


def test_work_that_no_process_can_be_started_for_fails_and_keeps_no_slot(
    slots: SubprocessSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process_left(*_: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess_slots.LoneWorker, "submit", no_process_left)
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                slots.submit(abs, -1).result(LIMIT)
    assert slots.submit(abs, -1).result(LIMIT) == 1


def test_cancelling_kills_the_worker_and_lets_the_next_in_line_start(slots: SubprocessSlots, tmp_path: Path) -> None:
    hanging: list[Future[Any]] = []
    for name in ("one", "two"):
        hanging.append(slots.submit(announce_and_hang, tmp_path / name))
        until_it_exists(tmp_path / name)
    waiting = slots.submit(abs, -5)
    assert not waiting.done()
    assert hanging[0].cancel()
    assert waiting.result(LIMIT) == 5
    assert not hanging[1].done()


def test_work_cancelled_before_its_turn_never_starts(slots: SubprocessSlots, tmp_path: Path) -> None:
    hanging = [slots.submit(announce_and_hang, tmp_path / name) for name in ("one", "two")]
    never = slots.submit(announce_and_hang, tmp_path / "never")
    until_it_exists(tmp_path / "one")
    assert never.cancel()
    for future in hanging:
        future.cancel()
    assert slots.submit(abs, -5).result(LIMIT) == 5
    assert not (tmp_path / "never").exists()


def test_what_cannot_travel_fails_alone(slots: SubprocessSlots) -> None:
    lock = threading.Lock()
    with pytest.raises(Exception, match="pickle"):
        slots.submit(lambda: lock).result(LIMIT)
    with pytest.raises(Exception, match="pickle"):
        slots.submit(lambda: threading.Lock()).result(LIMIT)
    assert slots.submit(abs, -5).result(LIMIT) == 5


def test_closing_ends_everything_at_once(tmp_path: Path) -> None:
    pool = SubprocessSlots(1)
    running = pool.submit(announce_and_hang, tmp_path / "one")
    waiting = pool.submit(abs, -1)
    until_it_exists(tmp_path / "one")
    pool.close()
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(LIMIT)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(abs, -1)


needs_handles = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs handles on processes")


@pytest.fixture
def worker() -> Generator[Any]:
    made = LoneWorker(settle_in, (os.getpid(), lifeline()))
    yield made
    made.shutdown(wait=True, kill_workers=True)


def forks_and(ends: Callable[[], None], note: Path) -> None:
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # should the test forget it
        signal.pause()
    note.write_text(str(child))
    ends()


def test_tasks_are_answered_by_one_process_that_stays(worker: Any) -> None:
    first = worker.submit(os.getpid).result(60)
    assert first != os.getpid()
    assert worker.submit(os.getpid).result(60) == first


@needs_handles
@pytest.mark.parametrize(
    ("ends", "says"),
    [(lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"), (lambda: os._exit(3), "EXIT")],
    ids=["killed", "exited"],
)
def test_its_death_is_noticed_while_a_child_of_it_lives(
    worker: Any, ends: Callable[[], None], says: str, tmp_path: Path
) -> None:
    note = tmp_path / "child"
    task = worker.submit(forks_and, ends, note)
    try:
        with pytest.raises(TerminatedWorkerError, match=says):
            task.result(50)
    finally:
        os.kill(int(note.read_text()), signal.SIGKILL)


@needs_handles
def test_nothing_stays_open() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        made: Any = LoneWorker(settle_in, (os.getpid(), lifeline()))
        made.submit(os.getpid).result(60)
        made.shutdown(wait=True, kill_workers=True)
    del made
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # the trackers of multiprocessing and loky, once
