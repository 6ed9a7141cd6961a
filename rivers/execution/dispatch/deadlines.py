"""The time that attempts have, on the clock of the run, and what happens when it is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rivers.execution.dispatch.lane import StepAttempt

STOP_GRACE_SECONDS: Final = 5.0
"""How long a step that was asked to end may take to do so: after the run was cancelled, and a coroutine also after its
timeout. Then its worker is killed; what executes on a thread or as a coroutine is abandoned."""

IMPORT_SECONDS: Final = 60.0
"""How long a worker may take to start and to import what a step with a timeout refers to. That is not the step's
time."""


class Deadlines:
    """Ends attempts by ``give_up`` when their time is up; ``after`` has something done when seconds have passed."""

    def __init__(
        self,
        after: Callable[[float, tuple[int, ...], Callable[[], object]], None],
        give_up: Callable[[StepAttempt, BaseException], None],
    ) -> None:
        self._after = after
        self._give_up = give_up

    def await_import(self, attempt: StepAttempt) -> None:
        """Give a worker the time to import what an attempt refers to. It will say when the attempt's own begins."""
        if attempt.step.timeout is not None:
            self._after(IMPORT_SECONDS, attempt.order, lambda: self._give_up_import(attempt))

    def begin(self, attempt: StepAttempt) -> None:
        """Count the time of an attempt from now on, unless it is counted already."""
        timeout = attempt.step.timeout
        if timeout is not None and not attempt.is_timed:
            attempt.is_timed = True
            self._after(timeout, attempt.order, lambda: self._time_out(attempt))

    def _give_up_import(self, attempt: StepAttempt) -> None:
        if not attempt.has_ended and not attempt.is_timed:
            fault = f"step '{attempt.step.name}' did not begin: its worker process was not ready for it within"
            self._give_up(attempt, TimeoutError(f"{fault} {IMPORT_SECONDS:g} s"))

    def _time_out(self, attempt: StepAttempt) -> None:
        if attempt.has_ended:
            return
        lane, step = attempt.lane, attempt.step
        fault = f"step '{step.name}' did not end within {step.timeout:g} s"
        if lane is None or not lane.cleans_up:
            self._give_up(attempt, TimeoutError(fault))
        elif not lane.is_stopped:
            lane.stop(TimeoutError(fault))
            late = f"{fault}, and not within {STOP_GRACE_SECONDS:g} s after it was cancelled"
            self._after(STOP_GRACE_SECONDS, attempt.order, lambda: self._stop_waiting_for(attempt, TimeoutError(late)))

    def _stop_waiting_for(self, attempt: StepAttempt, error: BaseException) -> None:
        if not attempt.has_ended:
            self._give_up(attempt, error)
