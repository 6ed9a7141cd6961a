"""The only way to SurrealDB: the connection, the lock, the sessions that may write, and transactions that check every
statement.

The engine knows no table. Every ``Storage`` on the same store shares it, and it lives as long as one of them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from rivers.exceptions import Superseded
from rivers.records import StorageType
from rivers.storage.change_queue import ChangeQueue
from rivers.storage.connection import Connection
from rivers.storage.faults import Broken, Conflict
from rivers.storage.groups import OpenGroups
from rivers.storage.stop_requests import RegisteredKeys, StopRequests
from rivers.storage.wire import query_request, results

CONFLICT_ATTEMPTS_MAX: Final = 8
_BOOT_BITS: Final = 32

Rewrite = Callable[[Sequence[str]], Sequence[str]]


class Engine:
    """One store. ``with engine:`` holds its lock; subscribers are told when the outermost block has released it."""

    def __init__(self, kind: StorageType, connection: Connection, release: Callable[[], None] | None = None) -> None:
        self.kind: Final = kind
        self.answers_inline: Final = connection.answers_inline
        self.changes: Final = ChangeQueue()
        self.rewrite: Rewrite | None = None
        """Rewrites the statements of each transaction before it runs, to plant a fault. ``None`` in production."""
        self.boot = 1
        """How many times the store has been opened, this time included. Sessions and numbers are unique by it."""
        self.groups: Final = OpenGroups()
        self.stop_requests: Final = StopRequests()
        self.registered_keys: Final = RegisteredKeys()
        self.bound_definitions: Final = weakref.WeakSet[object]()
        """The definitions that have registered their pools on this store, in this process."""
        self._connection = connection
        self._broken = False
        self._lock = threading.RLock()
        self._depth = 0
        self._number_last = 0
        self._session_last = 0
        self._live: dict[str, None] = {}
        self._superseded: dict[str, None] = {}
        self.close: Final = weakref.finalize(self, _close, connection, release)
        """Close the connection and free the folder. Idempotent; also called when the engine is collected."""

    def __enter__(self) -> Engine:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._depth -= 1
        outermost = self._depth == 0
        self._lock.release()
        if outermost:
            self.changes.deliver()

    @property
    def is_open(self) -> bool:
        """Whether ``close`` has not been called yet."""
        return self.close.alive

    def new_session(self) -> str:
        """Return a session that no other handle of this store, in this process or before it, has had."""
        with self:
            self._session_last += 1
            session = f"{self.boot}.{self._session_last}"
            self._live[session] = None
            return session

    def supersede(self, session: str) -> None:
        """Refuse every later write of ``session``, and drop the events that it has recorded but not written."""
        with self:
            self._live.pop(session, None)
            self._superseded[session] = None
            self.groups.drop(session)

    def live_sessions(self) -> frozenset[str]:
        """Return the sessions of this process that may write."""
        with self:
            return frozenset(self._live)

    def refuse_superseded(self, session: str) -> None:
        """Raise :class:`Superseded` when ``session`` may no longer write. Call this under the lock."""
        if session in self._superseded:
            message = f"session {session} has been replaced by a newer graph; nothing was written"
            raise Superseded(message, kind="session", name=session)

    def next_number(self) -> int:
        """Return a number greater than every earlier one of this store, for keys that follow the order of writing."""
        self._number_last += 1
        return (self.boot << _BOOT_BITS) + self._number_last

    def query(self, sql: str, **variables: Any) -> list[Any]:
        """Return the result of every statement of a script that only reads.

        :raises StorageError: a statement failed.
        """
        frame = query_request(sql, variables)
        with self._lock:
            return self._execute(frame)

    def transact(self, session: str, statements: Sequence[str], variables: Mapping[str, Any]) -> list[Any]:
        """Run ``statements`` as one transaction, all of them or none. Return the result of each.

        :raises Superseded: ``session`` may no longer write.
        :raises StorageError: a statement failed; ``faults`` has the kinds that callers tell apart.
        """
        self.refuse_superseded(session)
        if self.rewrite is not None:
            statements = self.rewrite(statements)
        frame = query_request(f"BEGIN;{';'.join(statements)};COMMIT;", variables)
        for attempt in range(1, CONFLICT_ATTEMPTS_MAX + 1):
            try:
                return self._execute(frame)
            except Conflict:
                if attempt == CONFLICT_ATTEMPTS_MAX:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _execute(self, frame: bytes) -> list[Any]:
        if self._broken and self.is_open:
            self._connection.reopen()
            self._broken = False
        try:
            return results(self._connection.execute(frame))
        except Broken:
            self._broken = True
            raise


def _close(connection: Connection, release: Callable[[], None] | None) -> None:
    try:
        connection.close()
    finally:
        if release is not None:
            release()
