"""The parent's side of one worker process: starting it, talking to it, noticing its death and killing it.

A worker is a loky executor of a single process that runs one endless task, so its death affects nobody else. Messages
take a connection of their own: a round trip costs a tenth of one through an executor's queues, and what a worker sent
before it died is not lost. Workers are started afresh, not forked, so none inherits the store of this process.
"""

from __future__ import annotations

import multiprocessing.connection
import os
import pickle
import signal
import threading
import weakref
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from multiprocessing.connection import Pipe
from typing import Any, Final

from loky.process_executor import ProcessPoolExecutor  # pyright: ignore[reportMissingTypeStubs]

from rivers.exceptions import ExecutionError
from rivers.execution.attempts.failure_records import error_text, exit_in, worker_death
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.connection import WorkerConnection
from rivers.execution.workers.crossing import packed_step
from rivers.execution.workers.messages import Define, Done, Forget
from rivers.execution.workers.parent_watch import lifeline
from rivers.execution.workers.serving import adopt, serve
from rivers.execution.workers.step_keys import DEFINITIONS_MAX, StepKeys

_LAST_WORDS_SECONDS: Final = 1.0
"""How long loky may take, in real time, to see how a worker ended."""

_living: dict[int, weakref.ref[WorkerProcess]] = {}
"""By process id, for the exit of the interpreter: a repository that nobody shut down must not hold it up."""


def _end_at_exit(worker: WorkerProcess) -> None:
    """Have the worker killed at the exit of the interpreter, before loky waits there for its endless task.

    This takes the hook that loky uses. The last one registered is called first, and loky registers one each executor.
    """
    _living[worker.pid] = weakref.ref(worker, lambda reference, pid=worker.pid: _forget(pid, reference))
    threading._register_atexit(_end_all)  # pyright: ignore  # private to Python, and no stub knows it


def _forget(pid: int, reference: weakref.ref[WorkerProcess]) -> None:
    """Drop a worker that nobody holds any more. It ends by itself, since its connection has."""
    if _living.get(pid) is reference:  # and not of a later process with the same id
        del _living[pid]


def _end_all() -> None:
    for reference in list(_living.values()):
        worker = reference()
        if worker is not None:
            worker.kill()


class WorkerProcess:
    """One worker process. Used by one thread at a time."""

    def __init__(self, keys: StepKeys) -> None:
        """Start the process. It can be sent messages at once, before it is ready to read them.

        :raises ExecutionError: no process can be started, for want of memory or file descriptors for example
        """
        self._keys = keys
        self._known: dict[int, None] = {}
        self._forgotten = keys.forgotten_count
        with ExitStack() as opened:
            try:
                ours, theirs = Pipe()
                opened.callback(ours.close)
                opened.callback(theirs.close)
                executor: Any = ProcessPoolExecutor(
                    max_workers=1, timeout=None, initializer=adopt, initargs=(theirs, os.getpid(), lifeline())
                )
                self._serving: Future[None] = executor.submit(serve)
            except Exception as error:
                # Loky stumbles over what it has not opened yet, which hides the reason.
                reason = error_text(error.__context__ or error)
                raise ExecutionError(f"a worker process cannot be started: {reason}") from error
            opened.pop_all()
        theirs.close()
        self._connection = WorkerConnection(ours)
        self._executor = executor
        self._ending = threading.Lock()
        [self.pid] = list(executor._processes)
        # The pipes by which loky and we would notice its death stay open in whatever it forked, so a handle on the
        # process itself is needed.
        self._handle = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else None
        self._close_handle = None if self._handle is None else weakref.finalize(self, os.close, self._handle)
        _end_at_exit(self)

    def waited_for(self) -> list[Any]:
        """Return what becomes readable when the worker says something or dies."""
        return [self._connection] if self._handle is None else [self._connection, self._handle]

    def define(self, step: Step) -> int:
        """Send the worker a step as it was compiled, unless it has it, and return the step's key for orders.

        :raises ExecutionError: the step cannot be sent
        """
        if self._keys.forgotten_count != self._forgotten:
            self._forget_what_is_gone()
        step = step.compiled or step
        key = self._keys.key(step)
        if key not in self._known:
            packed = packed_step(step)
            if len(self._known) >= DEFINITIONS_MAX:
                self._forget(next(iter(self._known)))
            self.send(Define(key, packed))
        # The last used is the last to be forgotten: all orders of a batch are defined before the batch is sent.
        self._known.pop(key, None)
        self._known[key] = None
        return key

    def _forget_what_is_gone(self) -> None:
        gone, self._forgotten = self._keys.forgotten_since(self._forgotten)
        for key in gone:
            if key in self._known:
                self._forget(key)

    def _forget(self, key: int) -> None:
        del self._known[key]
        self.send(Forget(key))

    def send(self, message: object) -> None:
        """Send a message. A dead worker is no error here: ``hear`` notices it."""
        with suppress(OSError):
            self._connection.send(pickle.dumps(message), self._handle)

    def hear(self) -> Any:
        """Return the worker's next message, ``None`` when none has come.

        :raises EOFError: the worker is dead, and everything that it sent has been returned
        """
        try:
            said = self._connection.receive()
        except OSError as error:
            raise EOFError from error
        if said is not None:
            return _read(said)
        # Not asked by exit status, which loky may have collected already.
        has_ended = self._handle is not None and multiprocessing.connection.wait([self._handle], 0)
        if has_ended and not self._connection.has_more():
            raise EOFError
        return None

    @property
    def has_ended(self) -> bool:
        """Whether a worker that has nothing to do died."""
        return bool(multiprocessing.connection.wait(self.waited_for(), 0))

    def how_it_died(self) -> str:
        """Return one line for the record. Call it after ``EOFError``."""
        status = self._exit_status()
        if status is None:  # not there yet, or collected by loky
            with suppress(Exception):
                return worker_death(exit_in(str(self._serving.exception(_LAST_WORDS_SECONDS))))
            return worker_death(None)
        if status.si_code == os.CLD_EXITED:
            return worker_death(f"EXIT({status.si_status})")
        return worker_death(f"{_signal_name(status.si_status)}(-{status.si_status})")

    def end(self) -> None:
        """End the process at once, with the processes it started; ``hear`` raises ``EOFError`` then.

        May be called from any thread. Waits for loky: milliseconds, more after a fork.
        """
        with self._ending, suppress(Exception):
            self._executor.shutdown(wait=True, kill_workers=True)

    def kill(self) -> None:
        """``end`` the process, and close what was open for it."""
        self.end()
        if self._close_handle is not None:
            with suppress(OSError):
                self._close_handle()
            self._handle = None
        self._connection.close()
        _living.pop(self.pid, None)

    def _exit_status(self) -> os.waitid_result | None:
        if self._handle is None:
            return None
        with suppress(OSError):
            return os.waitid(os.P_PIDFD, self._handle, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return None


def _read(said: bytearray) -> Any:
    """Return the message. Only outcomes hold values of the user's, which perhaps only the worker can read."""
    try:
        return pickle.loads(said)
    except Exception as error:
        unread = ExecutionError(f"what the worker process told of the step cannot be read here: {error_text(error)}")
        return Done(StepOutcome(failure=AttemptFailure.of(unread, repeatable=False)), 0.0)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal"
