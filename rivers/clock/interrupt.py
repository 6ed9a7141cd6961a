"""A signal that ends the wait of a thread on the clock before its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Interrupt:
    """A signal for one thread at a time. It stays set until it is taken, and ends every wait until then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._wake: Callable[[], object] | None = None

    @property
    def is_set(self) -> bool:
        """Whether the signal is set and has not been taken."""
        return self._is_set

    def set(self) -> None:
        """Wake the thread that waits with this signal, now or later."""
        with self._lock:
            self._is_set = True
            wake = self._wake
        if wake is not None:
            wake()

    def take(self) -> bool:
        """Clear the signal and return whether it was set."""
        with self._lock:
            was, self._is_set = self._is_set, False
            return was

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Generator[bool]:
        """Have ``wake`` called when the signal is set in the block; for clocks. Yields whether it is set already."""
        with self._lock:
            self._wake = wake
            is_set = self._is_set
        try:
            yield is_set
        finally:
            with self._lock:
                self._wake = None
