"""The time that attempts have, on the clock of the run, and what happens when it is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rivers.execution.dispatch.calls import CallLane
from rivers.execution.dispatch.lane import Try

STOP_GRACE_SECONDS: Final = 5.0
"""How long a step that was asked to end may take to do so: after the run was cancelled, and a coroutine also after its
timeout. Then its worker is killed; what executes on a thread or as a coroutine is abandoned."""

IMPORT_SECONDS: Final = 60.0
"""How long a worker may take to start and to import what a step with a timeout refers to, which is not the step's
time."""


class Deadlines:
    """Ends attempts by ``give_up`` when their time is up; ``after`` has something done when seconds have passed."""

    def __init__(
        self,
        after: Callable[[float, tuple[int, ...], Callable[[], object]], None],
        give_up: Callable[[Try, BaseException], None],
    ) -> None:
        self._after = after
        self._give_up = give_up

    def await_import(self, tried: Try) -> None:
        """An attempt was sent to a worker, which will say when it begins."""
        if tried.step.timeout is not None:
            self._after(IMPORT_SECONDS, tried.order, lambda: self._give_up_import(tried))

    def begin(self, tried: Try) -> None:
        """The time of an attempt begins, unless it has before."""
        timeout = tried.step.timeout
        if timeout is not None and not tried.is_timed:
            tried.is_timed = True
            self._after(timeout, tried.order, lambda: self._time_out(tried))

    def _give_up_import(self, tried: Try) -> None:
        if not tried.over and not tried.is_timed:
            fault = f"step '{tried.step.name}' did not begin: its worker process was not ready for it within"
            self._give_up(tried, TimeoutError(f"{fault} {IMPORT_SECONDS:g} s"))

    def _time_out(self, tried: Try) -> None:
        if tried.over:
            return
        lane, step = tried.lane, tried.step
        fault = f"step '{step.name}' did not end within {step.timeout:g} s"
        if not isinstance(lane, CallLane) or lane.ending is None:
            self._give_up(tried, TimeoutError(fault))
        elif not lane.is_stopped:
            tried.fault = TimeoutError(fault)
            lane.stop()
            late = f"{fault}, and not within {STOP_GRACE_SECONDS:g} s after it was cancelled"
            self._after(STOP_GRACE_SECONDS, tried.order, lambda: self._stop_waiting_for(tried, TimeoutError(late)))

    def _stop_waiting_for(self, tried: Try, error: BaseException) -> None:
        if not tried.over:
            self._give_up(tried, error)
