"""The threads of runs that go on when their graph has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable


class LeftBehind:
    """Counts those threads, and lets what they stand on be taken down when the last of them is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._then: Callable[[], None] | None = None

    def expect(self) -> None:
        """One more thread is left to itself."""
        with self._lock:
            self._count += 1

    def done(self) -> None:
        """From such a thread, as the last thing it does for its run."""
        with self._lock:
            self._count -= 1
            then = self._then if self._count == 0 else None
        if then is not None:
            then()

    def afterwards(self, then: Callable[[], None]) -> None:
        """Call ``then`` once no thread is left: now, or from the last of them. Nothing is left behind after this."""
        with self._lock:
            if self._count:
                self._then = then
                return
        then()
