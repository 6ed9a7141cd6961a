"""One worker process: that it answers, how it ends, and that it has nothing of the store of this process."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.attempts.capture import LOGGER_PREFIXES
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers import process as worker_process
from rivers.execution.workers import serving as worker_serving
from rivers.execution.workers.messages import Done, Execute, Order
from rivers.execution.workers.process import WorkerProcess
from rivers.execution.workers.step_keys import StepKeys
from rivers.storage import Storage
from tests.execution import worker_functions as functions


@pytest.fixture
def worker() -> Generator[WorkerProcess]:
    made = WorkerProcess(StepKeys())
    yield made
    made.kill()


def hear(worker: WorkerProcess) -> Any:
    while (message := worker.hear()) is None:
        assert wait(worker.waited_for(), 30)
    return message


def step_of(function: Any, folder: Path, storage: Storage) -> Step:
    handler = rs.PickleIOHandler(store=LocalStore(str(folder)))
    repo = rs.CodeRepository([rs.Asset(function, io_handler=handler)])
    repo.resolve(storage)
    return repo._resolved._levels([function.__name__], repo._resolved.resources, {})[0][0]


def execute(worker: WorkerProcess, *steps: Step) -> None:
    levels = (30,) * len(LOGGER_PREFIXES)
    worker.send(Execute(tuple(Order(worker.define(step), 1, "r", None) for step in steps), levels))


def test_orders_are_answered_in_their_sequence(worker: WorkerProcess, tmp_path: Path) -> None:
    with Storage.memory() as storage:
        good, bad = (step_of(function, tmp_path, storage) for function in (functions.process, functions.fails))
        execute(worker, good, bad, good)
    answers = [hear(worker) for _ in range(3)]
    assert all(isinstance(answer, Done) for answer in answers)
    assert [answer.outcome.failure is None for answer in answers] == [True, False, True]
    assert answers[1].outcome.failure.text == "KeyError: 'no such thing'"


class ReadBy(Exception):
    """Becomes what ``make`` says where it is read, given the process that it was raised in."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        super().__init__("no matter")
        self.make = make

    def __reduce__(self) -> tuple[Any, ...]:
        return self.make, (os.getpid(),)


def only_there(pid: int) -> Exception:
    if os.getpid() != pid:
        raise ModuleNotFoundError("No module named 'there'")
    return ReadBy(only_there)


def leaves(pid: int) -> Any:
    sys.exit(pid)


def raises_what_is_read_there_only() -> None:
    raise ReadBy(only_there)


def raises_what_is_read_as_a_number() -> None:
    raise ReadBy(int)


def raises_what_leaves_when_it_is_read() -> None:
    raise ReadBy(leaves)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (raises_what_is_read_there_only, "ModuleNotFoundError: No module named 'there'"),
        (raises_what_is_read_as_a_number, "it is read as int"),
        (raises_what_leaves_when_it_is_read, "SystemExit: "),
    ],
)
def test_an_exception_that_cannot_be_read_here_is_named_all_the_same(
    worker: WorkerProcess, tmp_path: Path, function: Any, why: str
) -> None:
    with Storage.memory() as storage:
        execute(worker, step_of(function, tmp_path, storage))
    failure = hear(worker).outcome.failure
    assert failure.text == "ReadBy: no matter"
    assert isinstance(failure.error, rs.exceptions.ExecutionError)
    assert f"ReadBy: no matter (an exception that could not be sent back: {why}" in str(failure.error)


class OnlyThere:
    def __reduce__(self) -> tuple[Any, ...]:
        return only_there, (os.getpid(),)


def gives_what_is_read_there_only() -> OnlyThere:
    return OnlyThere()


@rs.Hook.success
def looks(context: rs.HookContext[Any]) -> None: ...


def test_a_value_for_hooks_that_cannot_be_read_here_fails_its_step(worker: WorkerProcess, tmp_path: Path) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    with Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(gives_what_is_read_there_only, io_handler=handler, hooks=[looks])])
        repo.resolve(storage)
        execute(worker, repo._resolved._levels(["gives_what_is_read_there_only"], {}, {})[0][0])
    failure = hear(worker).outcome.failure
    assert "cannot be read here: ModuleNotFoundError: No module named 'there'" in failure.text
    assert not failure.repeatable


def raises_what_ends_the_loop_of_the_worker() -> None:
    raise rs.exceptions.Killed


def test_a_worker_that_can_work_no_more_ends_and_is_not_waited_for(worker: WorkerProcess, tmp_path: Path) -> None:
    with Storage.memory() as storage:
        execute(worker, step_of(raises_what_ends_the_loop_of_the_worker, tmp_path, storage))
    with pytest.raises(EOFError):
        hear(worker)
    assert worker.how_it_died().endswith("EXIT(1)")


def dies_in_the_middle_of_a_message_and_leaves_a_child() -> None:
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # should the test forget it
        signal.pause()
    connection = worker_serving._connection
    assert connection is not None
    connection.send_bytes(pickle.dumps(child))
    os.write(connection.fileno(), struct.pack("!i", 1000) + b"only the beginning")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a handle on the process")
def test_half_a_message_of_a_dead_worker_is_not_waited_for_though_its_child_lives(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    with Storage.memory() as storage:
        execute(worker, step_of(dies_in_the_middle_of_a_message_and_leaves_a_child, tmp_path, storage))
    child = hear(worker)
    child_handle = os.pidfd_open(child)
    try:
        with pytest.raises(EOFError):
            hear(worker)
        assert wait([child_handle], 0) == []
        assert worker.how_it_died().endswith("SIGKILL(-9)")
        worker.kill()
        assert wait([child_handle], 0) == []
    finally:
        signal.pidfd_send_signal(child_handle, signal.SIGKILL)
        os.close(child_handle)


class Exits:
    def flush(self) -> None:
        sys.exit(3)


def leaves_streams_that_exit() -> int:
    sys.stdout = sys.stderr = Exits()
    return os.getpid()


def leaves_no_streams() -> int:
    del sys.stdout, sys.stderr
    return os.getpid()


@pytest.mark.parametrize("spoils", [leaves_streams_that_exit, leaves_no_streams])
def test_a_worker_whose_streams_were_spoilt_goes_on(
    worker: WorkerProcess, spoils: Callable[[], int], tmp_path: Path
) -> None:
    with Storage.memory() as storage:
        execute(worker, step_of(spoils, tmp_path, storage), step_of(functions.process, tmp_path, storage))
    assert [hear(worker).outcome.failure for _ in range(2)] == [None, None]


def test_the_signal_that_killed_it_is_named(worker: WorkerProcess) -> None:
    os.kill(worker.pid, signal.SIGSEGV)
    with pytest.raises(EOFError):
        hear(worker)
    assert worker.how_it_died() == "the worker process died before it gave an answer: SIGSEGV(-11)"
    execute(worker)  # sending to the dead is no error


def test_it_has_no_file_of_the_store_open(worker: WorkerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with Storage.embedded(str(folder)) as storage:
        second = WorkerProcess(StepKeys())
        try:
            execute(second, step_of(functions.process, tmp_path, storage))
            hear(second)
            files = [os.readlink(link) for link in Path(f"/proc/{second.pid}/fd").iterdir()]
        finally:
            second.kill()
    assert [file for file in files if str(folder) in file] == []


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs a handle on the process")
def test_a_worker_that_everybody_has_forgotten_ends_and_leaves_nothing_behind() -> None:
    worker = WorkerProcess(StepKeys())
    pid, close_handle = worker.pid, worker._close_handle
    assert close_handle is not None
    ended = os.pidfd_open(pid)
    try:
        del worker
        gc.collect()
        assert pid not in worker_process._living
        assert not close_handle.alive
        assert wait([ended], 30)
    finally:
        os.close(ended)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks there")
def test_nothing_of_a_worker_that_was_killed_stays_open() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        WorkerProcess(StepKeys()).kill()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 4  # the trackers of multiprocessing and loky, and a lifeline


WITHOUT_DESCRIPTORS = """
import os, resource
from rivers.exceptions import ExecutionError
from rivers.execution.workers.step_keys import StepKeys
from rivers.execution.workers.process import WorkerProcess

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
for spare in range(1, 30):
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + spare, most))
    try:
        WorkerProcess(StepKeys()).kill()
    except ExecutionError as error:
        print(error)
"""


def test_that_no_worker_can_be_started_is_an_error_with_the_reason() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS], stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    said = ended.stdout.splitlines()
    assert len(said) > 5
    assert {line[:72] for line in said} == {"a worker process cannot be started: OSError: [Errno 24] Too many open fi"}


PROGRAM = """
import os, signal, sys, tempfile, threading
from obstore.store import LocalStore
import rivers as rs
from rivers.storage import Storage
from tests.execution import worker_functions as functions

handler = rs.PickleIOHandler(store=LocalStore(tempfile.mkdtemp()))
assets = [rs.Asset(functions.slow_process, name=name, io_handler=handler) for name in ("one", "two")]
if __name__ == "__main__":
    repo = rs.CodeRepository(assets)
    repo.resolve(Storage.memory())
    repo.materialize()
    print(repo.load_node("one"), repo.load_node("two"), flush=True)
    if sys.argv[1:] == ["kill"]:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["leave", "kill"])
def test_no_worker_outlives_a_program_that_forgot_to_shut_down_or_was_killed(how: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), how],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode == 0) is (how == "leave")
    for worker in ended.stdout.split():
        wait_until_gone(int(worker))


def wait_until_gone(pid: int) -> None:
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z"):
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} is alive")
