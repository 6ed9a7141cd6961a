"""The threads of runs that go on when their graph has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable


class LeftBehind:
    """A count of those threads. What they stand on is taken down when the last of them is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._then: Callable[[], None] | None = None

    def expect(self) -> None:
        """Count one more thread that is left to itself."""
        with self._lock:
            self._count += 1

    def done(self) -> None:
        """Count such a thread no longer. It calls this as the last thing that it does for its run."""
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
