"""The parent's end of the connection to a worker process, on which no call waits for a worker that has died.

Whatever a worker forks keeps the other end of the connection open. When the worker dies in the middle of a message, the
rest of it never comes, nor does the end of the connection, and nobody reads what is sent. So a part is kept until the
whole message is there, and whoever sends watches the worker as well. The worker's end is a ``Connection`` that sends
and receives bytes in its own format: the size, in four bytes or twelve, and the message.
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
    """The end that takes over ``connection``. Used by one thread at a time."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._part = bytearray()
        self._size_format: struct.Struct | None = _SIZE
        self._wanted: int = _SIZE.size
        os.set_blocking(connection.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor to wait on. It is readable when something has come, or the other end is closed."""
        return self._connection.fileno()

    def receive(self) -> bytearray | None:
        """Return the next message, ``None`` when no whole one is there.

        :raises EOFError: no more can come
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
        """Return whether there is something to read, be it the end."""
        return self._connection.poll()

    def send(self, message: bytes, worker: int | None) -> None:
        """Send a message, unless the process with the handle ``worker`` ends meanwhile.

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
        """Close this end, so that the worker sees the end of the connection."""
        self._connection.close()

    def _read_wanted(self) -> bool:
        """Read on, but not beyond what is wanted: the next message must stay visible to whoever waits for it.

        Return whether all that is wanted is there.
        """
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
