"""The worker processes of one repository, kept warm from run to run."""

from __future__ import annotations

import threading
from typing import Final

from rivers.execution.pace import Pace
from rivers.execution.worker_process import StepKeys, WorkerProcess

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
