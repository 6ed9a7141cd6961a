"""What other threads tell a run's thread, which waits for it together with the connections of its workers."""

from __future__ import annotations

import os
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue with a file descriptor that is readable while something is in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[T] = []
        self._reader, self._writer = os.pipe()
        self._open = True

    def put(self, item: T) -> bool:
        """Add ``item``, from any thread; ``False`` when the inbox is closed."""
        with self._lock:
            if not self._open:
                return False
            self._items.append(item)
            if len(self._items) == 1:
                os.write(self._writer, b"\0")
            return True

    def take(self) -> list[T]:
        """Everything that is in it, in order of arrival."""
        with self._lock:
            items, self._items = self._items, []
            if items:
                os.read(self._reader, 1)
            return items

    def fileno(self) -> int:
        """For a wait."""
        return self._reader

    def close(self) -> list[T]:
        """Accept nothing more; returns what nobody has taken."""
        with self._lock:
            items, self._items = self._items, []
            if self._open:
                self._open = False
                os.close(self._reader)
                os.close(self._writer)
            return items
