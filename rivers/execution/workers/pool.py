"""Worker processes that are kept warm from one use to the next, and how many steps they are sent at a time."""

from __future__ import annotations

import threading
from typing import Final

from rivers.execution.workers.process import StepKeys, WorkerProcess

BATCH_SECONDS: Final = 0.02
"""What a batch should take, in real time: long against a round trip, short against the work a dead worker loses."""

BATCH_MAX: Final = 64
START_SECONDS: Final = 0.2
"""What a new worker takes to be ready, in real time."""

_WEIGHT_OF_LONGER: Final = 0.2
_WEIGHT_OF_SHORTER: Final = 0.5
"""The first steps in a worker take longer than those that follow, so a shorter one says more about the next."""

_REAP_SECONDS: Final = 5.0
"""How long ``close`` waits, in real time, for each worker that is ending."""


class Pace:
    """The recent length of a step in a worker, as advice: a race between threads that update it does no harm."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        """Real time; ``None`` until a step has been timed."""

    def observe(self, seconds: float) -> None:
        """Take the length of one more step into account."""
        if self.seconds is None:
            self.seconds = seconds
        else:
            weight = _WEIGHT_OF_SHORTER if seconds < self.seconds else _WEIGHT_OF_LONGER
            self.seconds += weight * (seconds - self.seconds)

    def batch(self, remaining: int, workers: int) -> int:
        """Return how many of the ``remaining`` steps the next of ``workers`` workers is sent.

        One while nothing is known. Later half of an equal share, so that the workers end together, but no more than
        fit in ``BATCH_SECONDS``.
        """
        if self.seconds is None:
            return 1
        by_time = int(BATCH_SECONDS / max(self.seconds, 1e-6))
        fair = -(-remaining // (2 * max(1, workers)))
        return max(1, min(BATCH_MAX, by_time, fair))

    def deserves_a_new_worker(self, remaining: int, workers: int) -> bool:
        """Return whether the ``workers`` there are would be busy for longer than a new one takes to start."""
        return workers == 0 or self.seconds is None or remaining * self.seconds / workers > START_SECONDS


class WorkerPool:
    """Lends workers. Whoever needs one more gets one, and never waits until somebody else's is free.

    All methods may be called from any thread. The pool can be used again after ``close``, with new workers.
    """

    def __init__(self) -> None:
        self.pace = Pace()
        """How long steps took in workers of this pool."""
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._keys = StepKeys()
        self._reapers: list[threading.Thread] = []
        self._is_closed = False

    @property
    def idle_count(self) -> int:
        """The number of workers that nobody has."""
        return len(self._idle)

    def lend(self) -> WorkerProcess:
        """Return a worker: the idle one that was used last, else a new one. Those that died while idle are replaced.

        :raises ExecutionError: no process can be started
        """
        while (worker := self._last_idle()) is not None:
            if not worker.has_ended:
                return worker
            self.discard(worker)
        return WorkerProcess(self._keys)

    def _last_idle(self) -> WorkerProcess | None:
        with self._lock:
            self._is_closed = False
            return self._idle.pop() if self._idle else None

    def take_back(self, worker: WorkerProcess, keep: int) -> None:
        """Take back a worker that has nothing left to do. It ends when ``keep`` are idle, or after ``close``."""
        with self._lock:
            if len(self._idle) < keep and not self._is_closed:
                self._idle.append(worker)
                return
        self.discard(worker)

    def discard(self, worker: WorkerProcess) -> None:
        """Kill a worker. That takes milliseconds, so it happens on a thread of its own."""
        reaper = threading.Thread(target=worker.kill, name="rivers-worker-reaper", daemon=True)
        with self._lock:
            self._reapers = [thread for thread in self._reapers if thread.is_alive()]
            self._reapers.append(reaper)
        reaper.start()

    def close(self) -> None:
        """End every idle worker and wait for all that are ending. Lent workers end when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            self.discard(worker)
        with self._lock:
            reapers, self._reapers = self._reapers, []
        for reaper in reapers:
            reaper.join(_REAP_SECONDS)
