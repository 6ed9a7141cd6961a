"""The worker processes of one repository, kept warm from run to run."""

from __future__ import annotations

import threading
from typing import Final

from rivers.execution.workers.process import StepKeys, WorkerProcess

BATCH_SECONDS: Final = 0.02
"""What a batch should take, in real time: long against a round trip, short against what a dead worker would undo."""

BATCH_MAX: Final = 64
START_SECONDS: Final = 0.2
"""What a new worker takes to be ready."""

_WEIGHT_OF_LONGER: Final = 0.2
_WEIGHT_OF_SHORTER: Final = 0.5
"""The first steps in a worker take longer than those that follow, so a shorter one tells more."""


class Pace:
    """The recent length of a step in a worker. Advice only: a race between threads that update it does no harm."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        """``None`` until a step has been timed."""

    def observe(self, seconds: float) -> None:
        """A step took so long."""
        if self.seconds is None:
            self.seconds = seconds
        else:
            weight = _WEIGHT_OF_SHORTER if seconds < self.seconds else _WEIGHT_OF_LONGER
            self.seconds += weight * (seconds - self.seconds)

    def batch(self, remaining: int, workers: int) -> int:
        """How many of the ``remaining`` steps the next of so many workers gets.

        One while nothing is known. Later a fair half, so that the workers end together, and no more than fit in
        ``BATCH_SECONDS``.
        """
        if self.seconds is None:
            return 1
        by_time = int(BATCH_SECONDS / max(self.seconds, 1e-6))
        fair = -(-remaining // (2 * max(1, workers)))
        return max(1, min(BATCH_MAX, by_time, fair))

    def deserves_a_new_worker(self, remaining: int, workers: int) -> bool:
        """Whether the workers there are would be busy for longer than a new one takes to start."""
        return workers == 0 or self.seconds is None or remaining * self.seconds / workers > START_SECONDS


_REAP_SECONDS: Final = 5.0


class WorkerPool:
    """Lends workers to runs. A run that needs one more gets one: none ever waits for another run's to be free.

    All methods may be called from any thread. Usable again after ``close``, with new workers.
    """

    def __init__(self) -> None:
        self.pace = Pace()
        """How long steps took here, which decides how many are sent at a time."""
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._keys = StepKeys()
        self._reapers: list[threading.Thread] = []
        self._is_closed = False

    @property
    def idle_count(self) -> int:
        """Workers that wait for a run."""
        return len(self._idle)

    def lend(self) -> WorkerProcess:
        """A worker, the one that was used last if any is idle. One that died while it was idle is nobody's failure."""
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
        """A worker with nothing left to do; it ends when ``keep`` are idle already, or nobody will ask again."""
        with self._lock:
            if len(self._idle) < keep and not self._is_closed:
                self._idle.append(worker)
                return
        self.discard(worker)

    def discard(self, worker: WorkerProcess) -> None:
        """Kill a worker, on a thread of its own since that takes milliseconds."""
        reaper = threading.Thread(target=worker.kill, name="rivers-worker-reaper", daemon=True)
        with self._lock:
            self._reapers = [thread for thread in self._reapers if thread.is_alive()]
            self._reapers.append(reaper)
        reaper.start()

    def close(self) -> None:
        """End every idle worker, and wait for those that are ending. Those that are lent end when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            self.discard(worker)
        with self._lock:
            reapers, self._reapers = self._reapers, []
        for reaper in reapers:
            reaper.join(_REAP_SECONDS)
