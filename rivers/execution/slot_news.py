"""Hears of slots that others give back, so that a run that waits for them need not only ask again and again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from rivers.clock.interrupt import Interrupt
from rivers.records import Change
from rivers.storage import Storage


class SlotNews:
    """Listens to a store while somebody waits for pools. ``interrupt`` is set by what it hears."""

    def __init__(self, storage: Storage) -> None:
        self.interrupt = Interrupt()
        self._storage = storage
        self._pools: Collection[str] = ()
        self._leave: Callable[[], None] | None = None

    def follow(self, pools: Collection[str]) -> bool:
        """Listen for these pools, for none any more when there are none.

        :returns: whether it begins to listen: what was given back before, it has not heard
        """
        self._pools = pools
        if pools and self._leave is None:
            self._leave = self._storage.subscribe(self._hear)
            return True
        if not pools and self._leave is not None:
            self._leave()
            self._leave = None
            self.interrupt.take()
        return False

    def take(self) -> bool:
        """Whether there was news since the last time."""
        return self.interrupt.take()

    def _hear(self, changes: Sequence[Change]) -> None:
        if any(change.kind == "pool" and change.subject in self._pools for change in changes):
            self.interrupt.set()
