"""Daemon threads that are kept for the next job, and the seat that says whose work a thread does.

The threads are not those of anyio: its limiter is shared with user code, and its workers hold up the exit of the
interpreter.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_log = logging.getLogger("rivers.clock")

IDLE_SECONDS = 10.0
"""A thread without a job for so long (real time) ends."""


class Seat:
    """One piece of work on one thread: who runs it, and the gate it waits at while it sleeps on the clock."""

    __slots__ = ("gate", "generation", "killed", "owner", "rank", "thread_id", "wait", "work")

    def __init__(self, owner: object, generation: int, rank: int, work: Any = None) -> None:
        self.owner = owner
        self.generation = generation
        self.rank = rank
        self.work = work  # None: a thread of the user's own
        self.killed = False
        self.wait: object = None  # the wait that it is in, when that may be interrupted
        self.thread_id: int | None = None
        self.gate = threading.Lock()
        self.gate.acquire()


class _Local(threading.local):
    seat: Seat | None = None


_local = _Local()


def seat_here(owner: object) -> Seat | None:
    """Return the seat of the calling thread, when ``owner`` gave it one."""
    seat = _local.seat
    return seat if seat is not None and seat.owner is owner else None


def sit(seat: Seat | None) -> Seat | None:
    """Give the calling thread a seat, or none, and return the seat that it had."""
    before = _local.seat
    _local.seat = seat
    if seat is not None:
        seat.thread_id = threading.get_ident()
    return before


Job = tuple[Callable[[], Any], Callable[[Any], None]]
"""Work, and who is given its outcome. Neither may raise."""


class _Worker:
    def __init__(self, cache: ThreadCache) -> None:
        self._cache = cache
        self.gate = threading.Lock()
        self.gate.acquire()
        threading.Thread(target=self._serve, name="rivers worker", daemon=True).start()

    def _serve(self) -> None:
        while True:
            job = self._cache.arrive(self)
            while job is not None:
                work, deliver = job
                outcome = work()
                # The thread is free before the delivery, which may ask for a thread and should find this one.
                job = self._cache.next_job(self)
                try:
                    deliver(outcome)
                except BaseException:
                    # This thread may have been called again already: if it ended here, none would come for the rest.
                    _log.exception("the outcome of a job could not be handed over")
                del work, deliver, outcome  # an idle thread must not keep the user's objects alive
            if not self.gate.acquire(timeout=IDLE_SECONDS):
                if self._cache.retire(self):
                    return
                self.gate.acquire()  # it was called at that very moment


class ThreadCache:
    """Daemon threads that run jobs, the most recently used first; a new one starts when none is idle.

    One thread is called at a time, and calls the next when it finds more jobs than the one that it takes. So a hundred
    short jobs are run by a few threads instead of a hundred that fight for the interpreter, and a job that blocks
    holds up no other: the next thread is on its way already.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()  # the other threads, and what they hold, stayed with the parent
        self._jobs: deque[Job] = deque()
        self._idle: dict[_Worker, None] = {}
        self._coming = False  # whether a thread has been called and has not looked at the jobs yet

    def run(self, work: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Call ``deliver(work())`` on a thread. Neither may raise. Raises ``RuntimeError`` when no thread can start."""
        job = (work, deliver)
        with self._lock:
            self._jobs.append(job)
        try:
            self._call_one()
        except RuntimeError:
            with self._lock:
                if job not in self._jobs:
                    return  # a thread that runs already has taken it
                self._jobs.remove(job)
            raise

    def _call_one(self) -> None:
        with self._lock:
            if self._coming or not self._jobs:
                return
            self._coming = True
            worker = self._idle.popitem()[0] if self._idle else None
        if worker is not None:
            worker.gate.release()
            return
        try:
            _Worker(self)
        except RuntimeError:
            with self._lock:
                self._coming = False
            raise

    def arrive(self, worker: _Worker) -> Job | None:
        """Return the first job for a thread that was called; ``None``, and it is idle, when others took them all."""
        with self._lock:
            self._coming = False
        return self.next_job(worker)

    def next_job(self, worker: _Worker) -> Job | None:
        """Return the next job for a thread that is free; ``None``, and the thread is idle, when there is none."""
        with self._lock:
            if not self._jobs:
                self._idle[worker] = None
                return None
            job = self._jobs.popleft()
        with suppress(RuntimeError):  # no further thread can start: those that run take the jobs
            self._call_one()
        return job

    def retire(self, worker: _Worker) -> bool:
        """Let a thread that waited long enough end; ``False`` when it has just been called."""
        with self._lock:
            return self._idle.pop(worker, self) is None


THREADS = ThreadCache()
