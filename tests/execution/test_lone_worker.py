"""That the end of a worker is noticed, whatever it leaves behind."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from loky.process_executor import TerminatedWorkerError

from rivers.execution.lone_worker import LoneWorker
from rivers.execution.parent_watch import lifeline, settle_in

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
