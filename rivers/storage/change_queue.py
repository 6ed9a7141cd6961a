"""Telling subscribers what has been committed: in commit order, outside the storage lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from rivers.storage.changes import Change

Subscriber = Callable[[Sequence[Change]], None]

_log = logging.getLogger("rivers.storage")


class ChangeQueue:
    """The queue between commits and subscribers.

    ``put`` is called under the storage lock, so that the queue is in commit order. ``deliver`` is called by the thread
    that committed, once it holds that lock no more.
    """

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._queue: deque[Sequence[Change]] = deque()
        self._delivering = threading.Lock()
        self._deliverer: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody listens; a writer builds no change when nobody does."""
        return bool(self._subscribers)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` after each commit. Returns the function that ends it, harmless when called twice."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def put(self, changes: Sequence[Change]) -> None:
        """Queue the changes of one commit."""
        if changes and self._subscribers:
            self._queue.append(changes)

    def deliver(self) -> None:
        """Hand out all that is queued. An exception of a subscriber is logged; a ``BaseException`` goes through."""
        me = threading.get_ident()
        if not self._queue or self._deliverer == me:
            # A subscriber that writes to storage: the loop below, which called it, hands out that commit as well,
            # after this one has reached every other subscriber.
            return
        with self._delivering:
            self._deliverer = me
            try:
                while self._queue:
                    self._hand_out(self._queue.popleft())
            finally:
                self._deliverer = None

    def _hand_out(self, changes: Sequence[Change]) -> None:
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(changes)
            except Exception:
                _log.exception("a subscriber of the store failed; the commit it was told about stands")
