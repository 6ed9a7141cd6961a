"""The run's end of the connection to a worker process, on which no call waits for a worker that has died.

What a worker forks keeps the other end of the connection open. When the worker dies in the middle of a message, its
rest never comes, and no end of the connection either; nor does anybody read what is sent. So a part is kept until the
whole is there, and whoever sends looks at the worker as well. The worker's end is a ``Connection`` that sends and
receives bytes, whose format this is: the size, four bytes or twelve, and the message.
"""

from __future__ import annotations

import os
import select
import struct
from multiprocessing.connection import Connection
from typing import Any, Final

_SIZE: Final = struct.Struct("!i")
_LARGE: Final = -1
_LARGE_SIZE: Final = struct.Struct("!Q")
_READ_MAX: Final = 1 << 20


class WorkerConnection:
    """Takes over ``connection``. Used by one thread at a time."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._part = bytearray()
        self._size_format: struct.Struct | None = _SIZE
        self._wanted: int = _SIZE.size
        os.set_blocking(connection.fileno(), False)

    def fileno(self) -> int:
        """For a wait: readable when something has come, or the other end is closed."""
        return self._connection.fileno()

    def receive(self) -> bytearray | None:
        """The next message, ``None`` when none is there as a whole. ``EOFError`` when no more can come.

        :raises OSError: the connection is broken
        """
        while self._read_wanted():
            part, self._part = self._part, bytearray()
            if self._size_format is None:
                self._size_format, self._wanted = _SIZE, _SIZE.size
                return part
            size: int = self._size_format.unpack(part)[0]
            is_large = self._size_format is _SIZE and size == _LARGE
            self._size_format, self._wanted = (_LARGE_SIZE, _LARGE_SIZE.size) if is_large else (None, size)
        return None

    def has_more(self) -> bool:
        """Whether there is something to read, be it the end."""
        return self._connection.poll()

    def send(self, message: bytes, worker: int | None) -> None:
        """Send it, unless the process with the handle ``worker`` ends meanwhile.

        :raises OSError: the other end is closed
        """
        size = len(message)
        head = _SIZE.pack(size) if size <= 0x7FFFFFFF else _SIZE.pack(_LARGE) + _LARGE_SIZE.pack(size)
        rest = memoryview(head + message)
        while rest:
            try:
                rest = rest[os.write(self.fileno(), rest) :]
            except BlockingIOError:
                if not self._wait_until_writable(worker):
                    return

    def close(self) -> None:
        """Let the worker see the end."""
        self._connection.close()

    def _read_wanted(self) -> bool:
        """Read on, and no more than what is wanted, so that a message that waits is always seen from outside."""
        while (missing := self._wanted - len(self._part)) > 0:
            try:
                read = os.read(self.fileno(), min(missing, _READ_MAX))
            except BlockingIOError:
                return False
            if not read:
                raise EOFError
            self._part += read
        return True

    def _wait_until_writable(self, worker: int | None) -> bool:
        waiting = select.poll()
        waiting.register(self.fileno(), select.POLLOUT)
        if worker is not None:
            waiting.register(worker, select.POLLIN)
        return any(descriptor == self.fileno() for descriptor, _ in waiting.poll())
