"""Worker processes, one to a slot, so that a crash or a kill ends its own work only.

A slot is a loky executor with a single worker. Slots start when they are needed, stay warm, and are replaced when their
worker died or was killed. Work beyond the number of slots waits its turn, first come first served.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Protocol, TypeVar, cast

from loky.process_executor import (  # pyright: ignore[reportMissingTypeStubs]
    ProcessPoolExecutor,  # pyright: ignore[reportMissingTypeStubs]
    ShutdownExecutorError,
    TerminatedWorkerError,
)

from rivers.execution.attempts.capture import capturing
from rivers.execution.attempts.failure_records import WorkerDied, exit_in, worker_death
from rivers.execution.workers.parent_watch import lifeline, settle_in


class LoneWorker(ProcessPoolExecutor):
    """One worker process, which starts with the first task and waits for more as long as it takes."""

    def __init__(self, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
        super().__init__(max_workers=1, timeout=None, initializer=initializer, initargs=initargs)  # pyright: ignore[reportUnknownMemberType]

    def _adjust_process_count(self) -> None:
        """Loky's hook that starts the process; what waits for its end begins after it."""
        with capturing():  # loky flushes the standard streams, which may be closed, on a full disk, or not there
            super()._adjust_process_count()  # pyright: ignore[reportUnknownMemberType]
        for process in cast("dict[int, Any]", cast("Any", self)._processes).values():
            _wait_for_the_process(process)


def _wait_for_the_process(process: Any) -> None:
    if not hasattr(os, "pidfd_open") or process.sentinel != process._popen.sentinel:
        return
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:  # an old kernel: the pipe is what there is
        return
    process._sentinel = handle
    weakref.finalize(process, os.close, handle)


T = TypeVar("T")

_Work = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class _Slot(Protocol):
    """What is used of a loky executor."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future[Any]: ...

    def shutdown(self, wait: bool, kill_workers: bool) -> None: ...


def _new_slot() -> _Slot:
    """A slot without a worker yet: the first task starts the process. It has no idle timeout, so it stays warm."""
    return cast("_Slot", LoneWorker(settle_in, (os.getpid(), lifeline())))


class SubprocessSlots:
    """Runs functions in worker processes. All methods may be called from any thread.

    Functions and arguments travel as loky sends them: by reference where they can be imported, else by value.
    """

    def __init__(self, slots_max: int) -> None:
        self._slots_max = slots_max
        self._lock = threading.Lock()
        self._idle: list[_Slot] = []
        self._busy: dict[Future[Any], _Slot] = {}
        self._waiting: deque[_Work] = deque()
        self._reapers: list[threading.Thread] = []
        self._closed = False

    def submit(self, fn: Callable[..., T], /, *args: Any) -> Future[T]:
        """Run ``fn(*args)`` in a worker. Cancelling the future kills the worker that runs it.

        The future fails with :class:`WorkerDied` when the worker ended by itself, with what pickle raises when
        something cannot travel, else with what ``fn`` raised. Submitting after ``close`` raises RuntimeError.
        """
        outer: Future[T] = Future()
        outer.add_done_callback(self._forget_cancelled)
        with self._lock:
            if self._closed:
                raise RuntimeError("the worker processes have been shut down")
            self._waiting.append((outer, fn, args))
        self._start_waiting()
        return outer

    def close(self) -> None:
        """Kill every worker; what is running or waiting fails with ``CancelledError``. Returns when they are gone."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = list(self._waiting), deque()
            busy, idle = list(self._busy), self._idle
            self._idle = []
        for outer, _, _ in waiting:
            outer.cancel()
        for outer in busy:
            outer.cancel()
        for slot in idle:
            self._reap(slot)
        with self._lock:
            reapers, self._reapers = self._reapers, []
        for reaper in reapers:
            reaper.join()

    def _start_waiting(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or (not self._idle and len(self._busy) >= self._slots_max):
                    return
                outer, fn, args = self._waiting.popleft()
                if outer.cancelled():
                    continue
                slot = self._idle.pop() if self._idle else _new_slot()
                self._busy[outer] = slot
            try:
                inner = slot.submit(fn, *args)
            except Exception as error:
                self._refused((outer, fn, args), error)
            else:
                inner.add_done_callback(lambda ended, outer=outer: self._ended(outer, ended))

    def _refused(self, work: _Work, error: Exception) -> None:
        """The slot took nothing. A worker that had died while it was idle is replaced, and the work is first again."""
        outer = work[0]
        with self._lock:
            slot = self._busy.pop(outer, None)
            again = slot is not None and isinstance(error, TerminatedWorkerError) and not self._closed
            if again:
                self._waiting.appendleft(work)
        if slot is None:
            return  # cancelled meanwhile, and the slot with it
        self._reap(slot)
        if not again:
            with suppress(InvalidStateError):  # cancelled meanwhile
                outer.set_exception(error)

    def _ended(self, outer: Future[Any], inner: Future[Any]) -> None:
        """Hand the outcome over and give the slot back. On the executor's own thread."""
        error = None if inner.cancelled() else inner.exception()
        died = isinstance(error, TerminatedWorkerError)
        with self._lock:
            slot = self._busy.pop(outer, None)
            reuse = slot is not None and not died and not inner.cancelled() and not self._closed
            if slot is not None and reuse:
                self._idle.append(slot)
        if slot is not None and not reuse:
            self._reap(slot)
        with suppress(InvalidStateError):  # cancelled while it was ending
            if died:
                outer.set_exception(WorkerDied(worker_death(exit_in(str(error)))))
            elif inner.cancelled() or isinstance(error, ShutdownExecutorError):
                outer.cancel()
            elif error is not None:
                outer.set_exception(error)
            else:
                outer.set_result(inner.result())
        self._start_waiting()

    def _forget_cancelled(self, outer: Future[Any]) -> None:
        if not outer.cancelled():
            return
        with self._lock:
            slot = self._busy.pop(outer, None)
        if slot is not None:
            self._reap(slot)
            self._start_waiting()

    def _reap(self, slot: _Slot) -> None:
        """Kill the slot's worker. It takes milliseconds and waits for the executor's thread: never on the caller's."""
        reaper = threading.Thread(
            target=slot.shutdown, kwargs={"wait": True, "kill_workers": True}, name="rivers-worker-reaper", daemon=True
        )
        with self._lock:
            self._reapers = [thread for thread in self._reapers if thread.is_alive()]
            self._reapers.append(reaper)
        reaper.start()
