"""The time of a run in a worker process. The worker asks its parent for it over their one connection."""

from __future__ import annotations

import pickle
import threading
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Final

from rivers.clock import datetime_of
from rivers.exceptions import ExecutionError, RunCanceled
from rivers.execution.workers.messages import AskTime, Sleep, Stop

_ENDED: Final = (
    "the step that this context belongs to has ended, so its worker process has nobody to ask for the time; "
    "let a step wait for the threads that it starts"
)


class WorkerTime:
    """A ``StepTime`` until ``end``. Threads of the user's take turns, so one at a time reads the connection."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self.stopped = False
        self._woken = False
        self._is_over = False

    def datetime(self) -> datetime:
        with self._lock:
            if self._is_over:
                raise ExecutionError(_ENDED)
            answer = self._ask(AskTime())
        return datetime_of(answer.now_ns)

    def sleep_blocking(self, seconds: float) -> None:
        with self._lock:
            if self._is_over:
                raise RunCanceled(_ENDED)
            if not self.stopped:
                self._ask(Sleep(seconds), Stop)
                self._woken = True
        if self.stopped:
            raise RunCanceled("the run was cancelled")

    def send(self, message: bytes) -> None:
        """Send what needs no answer, even while a thread waits for one."""
        with self._sending:
            self._connection.send_bytes(message)

    def cancelled(self) -> bool:
        with self._lock:
            if not self._is_over:
                self._look()
        return self.stopped or self._is_over

    def is_last(self) -> bool:
        """Return whether the remaining orders are not to begin."""
        with self._lock:
            if not self._woken:  # otherwise the next message is another order already
                self._look()
        return self.stopped or self._woken

    def end(self) -> None:
        """Refuse questions from now on: a thread that the step left running would read the next order otherwise.

        Waits for a thread that waits on the clock.
        """
        with self._lock:
            self._is_over = True

    def _look(self) -> None:
        while not self.stopped and self._connection.poll():
            self._take()

    def _ask(self, question: AskTime | Sleep, *ended_by: type) -> Any:
        self.send(pickle.dumps(question))
        while True:
            answer = self._take()
            if not isinstance(answer, Stop) or Stop in ended_by:
                return answer

    def _take(self) -> Any:
        """Return the next message. A ``Stop`` is kept in mind."""
        message = pickle.loads(self._connection.recv_bytes())
        if isinstance(message, Stop):
            self.stopped = True
        return message
