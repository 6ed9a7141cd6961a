"""The way of a frame to the engine: in this process, through the extension of the SDK.

No other module imports ``surrealdb``.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any, Final, Protocol

from rivers.exceptions import StorageError
from rivers.storage.wire import request

NAMESPACE: Final = "rivers"
DATABASE: Final = "main"
FOLDER_SCHEME: Final = "surrealkv://"
_SYNC_VARIABLE: Final = "SURREAL_SYNC_DATA"
_FILES_WITH_HEADER: Final = ("manifest/*.manifest", "clog/*.clog")

_sync_of_this_process: list[str] = []


class Connection(Protocol):
    """A way to the engine. Not thread-safe: the caller holds a lock."""

    @property
    def answers_inline(self) -> bool:
        """Whether the engine is in this process, so that a call takes microseconds and an event loop may make it."""
        ...

    def execute(self, frame: bytes) -> bytes:
        """Return the reply to one request frame."""
        ...

    def reopen(self) -> None:
        """Close the engine and open it again, which repairs what a failed write has left behind.

        :raises StorageError: the engine cannot be opened now; ``execute`` raises until a later call succeeds.
        """
        ...

    def close(self) -> None:
        """Release everything. Calling it twice is harmless."""
        ...


def choose_sync(synced: bool | None) -> None:
    """Settle whether commits are synced to disk, before the engine reads the setting.

    The engine reads it once in a process, so the first store decides for all others.

    :param synced: ``None`` takes what has been settled, else the environment, else ``True``.
    :raises StorageError: another store of this process has settled on the opposite.
    """
    settled = _sync_of_this_process[0] if _sync_of_this_process else None
    unsaid = settled or os.environ.get(_SYNC_VARIABLE, "true")
    wanted = unsaid if synced is None else str(synced).lower()
    if settled is None:
        os.environ[_SYNC_VARIABLE] = wanted
        _sync_of_this_process.append(wanted)
    elif settled != wanted:
        raise StorageError(
            f"failed to open the store with {_SYNC_VARIABLE}={wanted}: this process has opened one with {settled}, "
            "and the engine reads that setting once a process"
        )


def _opened(url: str) -> Any:
    from surrealdb import Surreal

    try:
        if url.startswith(FOLDER_SCHEME):
            _remove_unwritten(Path(url.removeprefix(FOLDER_SCHEME)))
        sdk: Any = Surreal(url)
        sdk._db.execute(request("use", [NAMESPACE, DATABASE]))
    except (RuntimeError, ValueError, OSError) as error:
        raise StorageError(f"failed to open {url.removeprefix(FOLDER_SCHEME)}: {error}{_way_out(url)}") from error
    return sdk._db


def _remove_unwritten(folder: Path) -> None:
    """Remove files without a header, which a kill leaves. They hold nothing, and keep the engine from opening."""
    for pattern in _FILES_WITH_HEADER:
        for file in folder.glob(pattern):
            if file.stat().st_size == 0:
                file.unlink()


def _way_out(url: str) -> str:
    if not url.startswith(FOLDER_SCHEME):
        return ""
    return "\n  if its files are damaged or not those of rivers, put a copy back or name another folder"


class EmbeddedConnection:
    """The engine in this process, on memory or on a folder. Calls run inline and hold the GIL."""

    answers_inline = True

    def __init__(self, url: str, *, synced: bool | None = None) -> None:
        choose_sync(synced)
        self._url = url
        self._process = os.getpid()
        self._database: Any = _opened(url)

    def execute(self, frame: bytes) -> bytes:
        """Return the reply to one request frame.

        :raises StorageError: the frame cannot be parsed, the store is closed, or this is a forked child, which must
            not touch the handle of its parent.
        """
        self._refuse_fork()
        if self._database is None:
            raise StorageError("the store is closed")
        try:
            return self._database.execute(frame)
        except (RuntimeError, ValueError, BufferError) as error:
            raise StorageError(str(error)) from error

    def reopen(self) -> None:
        """See ``Connection``. What was only in memory is lost."""
        self._refuse_fork()
        self.close()
        self._database = _opened(self._url)

    def _refuse_fork(self) -> None:
        if os.getpid() != self._process:
            raise StorageError("this store was opened before the process forked; open it in the process that uses it")

    def close(self) -> None:
        """Close the engine. A forked child leaves the engine of its parent alone."""
        database, self._database = self._database, None
        if os.getpid() != self._process:
            # Even dropping the handle hangs, since that waits for threads that the child does not have. One reference
            # too many keeps the handle when the interpreter ends and drops everything else.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(database))
        elif database is not None:
            database.close()
