"""SIGINT and SIGTERM: the first signal asks for a clean stop, the second one ends the process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Handles both signals inside its ``with`` block. For the main thread only.

    The second signal needs neither the loop nor a lock, so that it also ends a process whose loop hangs.
    """

    def __init__(self) -> None:
        self.asked = False
        self._wake: Callable[[], None] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in STOP_SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def when_asked(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` when the first signal comes, from its handler, or now if it has come already."""
        self._wake = wake
        if self.asked:
            wake()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            os._exit(128 + number)
        self.asked = True
        if self._wake is not None:
            self._wake()
