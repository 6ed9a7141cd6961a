"""Worker processes end with the process that they work for, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

import pytest

from rivers.execution.workers import parent_watch
from rivers.execution.workers.messages import Evaluate
from rivers.execution.workers.process import WorkerProcess
from rivers.execution.workers.step_keys import StepKeys

PARENT = """
import sys
from rivers.execution.workers.messages import Evaluate
from rivers.execution.workers.process import WorkerProcess
from rivers.execution.workers.step_keys import StepKeys

source, count = sys.argv[1:]
workers = [WorkerProcess(StepKeys()) for _ in range(int(count))]
for worker in workers:
    worker.send(Evaluate(exec, source.encode()))
sys.stdin.read()
"""


IDLE = "import time; print('at work', flush=True); time.sleep(600)"
BUSY_IN_C = "print('at work', flush=True); sum(range(10**12))"


@contextmanager
def at_work(source: str, count: int) -> Generator[subprocess.Popen[str]]:
    """A process of which so many workers execute ``source``, and have said so."""
    command = [sys.executable, "-c", PARENT, source, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(count)] == ["at work\n"] * count
        yield parent
        # The workers have inherited the other end of this pipe: it is closed when all of them are gone.
        assert parent.communicate(timeout=60)[0] == ""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_with_a_parent_that_is_killed(number: int) -> None:
    with at_work(IDLE, 1) as parent:
        parent.send_signal(number)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends it")
def test_workers_end_with_their_parent_also_while_code_in_c_keeps_their_interpreter_to_itself() -> None:
    with at_work(BUSY_IN_C, 2) as parent:
        parent.kill()


WATCHED = """
import os, sys, threading
from rivers.execution.workers import parent_watch

if sys.argv[1] == "old kernel":
    del os.pidfd_open
    os.pidfd_open = lambda pid: (_ for _ in ()).throw(OSError)
    parent_watch._LOOK_SECONDS = 0.01
parent_watch.end_with_parent(os.getppid())
print("watching", flush=True)
threading.Event().wait(600)
"""
BETWEEN = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
sys.stdin.read()
"""


@pytest.mark.parametrize("system", ["new kernel", "old kernel"])
def test_a_process_that_watches_ends_with_its_parent(system: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BETWEEN, WATCHED, system], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "watching\n"
        parent.kill()
        assert parent.communicate(timeout=60)[0] == ""


def test_a_parent_that_has_ended_already_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    parent_watch._wait_ended(gone.pid)
    parent_watch._wait_ended(os.getpid())


@pytest.mark.parametrize("method", ["", "fork", "spawn"])
def test_the_code_of_a_user_can_start_processes_in_a_worker_as_it_could_anywhere(method: str) -> None:
    worker = WorkerProcess(StepKeys())
    try:
        worker.send(Evaluate(exit_code_of_a_process, method.encode()))
        while (answer := worker.hear()) is None:
            assert wait(worker.waited_for(), 60)
        assert answer.packed == b"0"
    finally:
        worker.kill()


def exit_code_of_a_process(method: bytes) -> bytes:
    kind: Any = multiprocessing.get_context(method.decode()) if method else multiprocessing
    process = kind.Process(target=os.getpid)
    process.start()
    process.join(50)
    return str(process.exitcode).encode()


def test_threads_that_start_workers_at_the_same_moment_share_one_lifeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent_watch, "_lifelines", {})
    pipe = parent_watch.Pipe
    others: list[Any] = []

    def interrupted(duplex: bool) -> Any:
        if not others:
            others.append(None)
            others.append(parent_watch.lifeline())  # of another thread, which comes before this one
        return pipe(duplex)

    monkeypatch.setattr(parent_watch, "Pipe", interrupted)
    assert parent_watch.lifeline() is others[1]  # else its other end would close, and kill that thread's workers
