"""Daemon threads that are kept for the next job, and the seat that tells a thread whose work it does.

Our own threads and not anyio's: its limiter is shared with user code, and its workers hold up the exit of the
interpreter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

IDLE_SECONDS = 10.0
"""A thread without a job for so long (real time) ends."""


class Seat:
    """One piece of work on one thread: who runs it, and the gate it waits at while it sleeps on the clock."""

    __slots__ = ("gate", "generation", "killed", "owner", "rank", "thread_id", "work")

    def __init__(self, owner: object, generation: int, rank: int, work: Any = None) -> None:
        self.owner = owner
        self.generation = generation
        self.rank = rank
        self.work = work  # None: a thread of the user's own
        self.killed = False
        self.thread_id: int | None = None
        self.gate = threading.Lock()
        self.gate.acquire()


class _Local(threading.local):
    seat: Seat | None = None


_local = _Local()


def seat_here(owner: object) -> Seat | None:
    """The seat of the calling thread, when ``owner`` gave it one."""
    seat = _local.seat
    return seat if seat is not None and seat.owner is owner else None


def sit(seat: Seat | None) -> Seat | None:
    """Take a seat (or stand up) on the calling thread; returns the seat it had."""
    before = _local.seat
    _local.seat = seat
    if seat is not None:
        seat.thread_id = threading.get_ident()
    return before


class _Worker:
    def __init__(self, cache: ThreadCache) -> None:
        self._cache = cache
        self._gate = threading.Lock()
        self._gate.acquire()
        self._job: tuple[Callable[[], Any], Callable[[Any], None]] | None = None
        threading.Thread(target=self._serve, name="rivers worker", daemon=True).start()

    def give(self, work: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        self._job = (work, deliver)
        self._gate.release()

    def _serve(self) -> None:
        while True:
            if not self._gate.acquire(timeout=IDLE_SECONDS):
                if self._cache.retire(self):
                    return
                self._gate.acquire()  # a job was given at that very moment
            job = self._job
            if job is None:
                return
            self._job = None
            work, deliver = job
            outcome = work()
            # Idle before the delivery, which may ask for the next thread: it shall find this one.
            self._cache.keep(self)
            deliver(outcome)
            del job, work, deliver, outcome  # an idle thread must not keep the user's objects alive


class ThreadCache:
    """Hands jobs to idle daemon threads, the most recently used first, and starts one when none is idle."""

    def __init__(self) -> None:
        self._idle: dict[_Worker, None] = {}
        os.register_at_fork(after_in_child=self._idle.clear)

    def run(self, work: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Call ``deliver(work())`` on a thread. Neither may raise. Raises ``RuntimeError`` when no thread can start."""
        try:
            worker, _ = self._idle.popitem()
        except KeyError:
            worker = _Worker(self)
        worker.give(work, deliver)

    def keep(self, worker: _Worker) -> None:
        """Called by a worker that is free again."""
        self._idle[worker] = None

    def retire(self, worker: _Worker) -> bool:
        """Called by a worker that waited long enough; ``False`` when it has just been given a job."""
        try:
            del self._idle[worker]
        except KeyError:
            return False
        return True


THREADS = ThreadCache()
