"""A queued run as the one who submitted it sees it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from rivers.clock import Clock
from rivers.execution.runs.environment import running_in
from rivers.execution.runs.results import RunResult, result_from_events
from rivers.records import TERMINAL_STATUSES
from rivers.storage import Storage
from rivers.storage.changes import Change, RunEnded

LOOK_SECONDS: Final = 1.0


class RunHandle:
    """A run that was submitted to the queue."""

    def __init__(self, run_id: str, storage: Storage, clock: Clock) -> None:
        self._run_id = run_id
        self._storage = storage
        self._clock = clock

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run_id

    @property
    def status(self) -> str:
        """The status that storage has now."""
        record = self._storage.get_run(self._run_id)
        return "Queued" if record is None else record.status

    def wait(self, timeout: float | None = None) -> RunResult:
        """Wait until the run has ended; ``timeout`` in seconds.

        The caller's thread sleeps until the store reports the end of the run. Inside an evaluation or a step the wait
        is on the clock, one second at a time, since that thread must let simulated time pass.

        :raises TimeoutError: when it has not ended in time
        """
        if running_in.get() is None:
            self._wait_for_the_store(timeout)
        else:
            self._wait_on_the_clock(timeout)
        return result_from_events(self._run_id, self.status, self._storage.get_events_for_run(self._run_id))

    def cancel(self) -> None:
        """Cancel the run. Does nothing to a run that has ended."""
        self._storage.cancel_run(self._run_id, self._clock.now_ns())

    def _wait_for_the_store(self, timeout: float | None) -> None:
        ended = threading.Event()

        def look(changes: Sequence[Change]) -> None:
            if any(isinstance(change, RunEnded) and change.run_id == self._run_id for change in changes):
                ended.set()

        unsubscribe = self._storage.subscribe(look)
        try:
            if not self._has_ended() and not ended.wait(timeout):
                raise TimeoutError(f"run {self._run_id} has not ended within {timeout} s")
        finally:
            unsubscribe()

    def _wait_on_the_clock(self, timeout: float | None) -> None:
        end = None if timeout is None else self._clock.monotonic() + timeout
        while not self._has_ended():
            left = LOOK_SECONDS if end is None else end - self._clock.monotonic()
            if left <= 0:
                raise TimeoutError(f"run {self._run_id} has not ended within {timeout} s")
            self._clock.sleep_blocking(min(left, LOOK_SECONDS))

    def _has_ended(self) -> bool:
        return self.status in TERMINAL_STATUSES

    def __repr__(self) -> str:
        return f"RunHandle(run_id={self._run_id!r})"
