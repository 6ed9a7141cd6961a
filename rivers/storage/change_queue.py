"""Delivery of what was committed to the subscribers of a store: in commit order, outside the storage lock."""

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

    ``put`` is called under the storage lock, so that the queue is in commit order. The thread that committed calls
    ``deliver`` once it has released that lock.
    """

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._queue: deque[Sequence[Change]] = deque()
        self._delivering = threading.Lock()
        self._deliverer: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is a subscriber. Without one, a writer builds no change."""
        return bool(self._subscribers)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` after each commit. Return the function that ends this; calling it twice is harmless."""
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
        """Deliver everything in the queue. An exception of a subscriber is logged; a ``BaseException`` is raised."""
        me = threading.get_ident()
        if not self._queue or self._deliverer == me:
            # A subscriber has written to the store. The loop below, which called it, delivers that commit too, after
            # this one has reached every subscriber.
            return
        with self._delivering:
            self._deliverer = me
            try:
                while self._queue:
                    self._deliver_one(self._queue.popleft())
            finally:
                self._deliverer = None

    def _deliver_one(self, changes: Sequence[Change]) -> None:
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(changes)
            except Exception:
                _log.exception("a subscriber of the store failed; the commit it was told about stands")
