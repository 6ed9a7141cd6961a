"""Hears of slots that others give back, so that a run that waits for them need not only ask again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from rivers.clock.interrupt import Interrupt
from rivers.storage import Storage
from rivers.storage.changes import Change, PoolLimitChanged, SlotsFreed


class SlotNews:
    """Listens to a store while somebody waits for pools. ``interrupt`` is set by what it hears."""

    def __init__(self, storage: Storage) -> None:
        self.interrupt = Interrupt()
        self._storage = storage
        self._pools: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._heard: frozenset[str] = frozenset()
        self._leave: Callable[[], None] | None = None

    def follow(self, pools: frozenset[str]) -> frozenset[str]:
        """Listen for these pools, for none any more when there are none.

        :returns: those that it begins to listen for: what was given back of them before, it has not heard
        """
        begun, self._pools = pools - self._pools, pools
        if pools and self._leave is None:
            self._leave = self._storage.subscribe(self._hear)
        if not pools and self._leave is not None:
            self._leave()
            self._leave = None
            self.take()
        return begun

    def take(self) -> frozenset[str]:
        """The pools of which there was news since the last time."""
        self.interrupt.take()  # first, so that what is heard meanwhile wakes once too often, and not never
        with self._lock:
            heard, self._heard = self._heard, frozenset()
        return heard

    def _hear(self, changes: Sequence[Change]) -> None:
        news = self._pools.intersection(
            change.pool_key for change in changes if isinstance(change, SlotsFreed | PoolLimitChanged)
        )
        if news:
            with self._lock:
                self._heard |= news
            self.interrupt.set()
