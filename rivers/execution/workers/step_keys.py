"""Numbers by which steps are called between a run and its workers, and which of them nobody needs any more."""

from __future__ import annotations

import itertools
import threading
import weakref
from typing import Final

from rivers.execution.steps.compiled_steps import Step

DEFINITIONS_MAX: Final = 20_000
"""How many steps a worker may know at one time."""


class StepKeys:
    """Numbers for steps: the same for the same object as long as there is one.

    A step that was compiled for one run, since that changes resources or metadata, goes with the run, and with it what
    workers know of it. All methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._keys: dict[int, tuple[weakref.ref[Step], int]] = {}
        self._lock = threading.Lock()
        # Appended to wherever a step goes, which may be in the middle of anything: so no lock is taken for that.
        self._forgotten: list[int] = []
        self._dropped = 0

    def key(self, step: Step) -> int:
        """The number of this very object."""
        identity = id(step)
        with self._lock:
            known = self._keys.get(identity)
            if known is not None and known[0]() is step:
                return known[1]
            number = next(self._numbers)
            gone = weakref.ref(step, lambda reference: self._forget(identity, reference, number))
            self._keys[identity] = gone, number
            self._shorten()
            return number

    @property
    def forgotten_count(self) -> int:
        """How many numbers nobody will ask for again."""
        return self._dropped + len(self._forgotten)

    def forgotten_since(self, count: int) -> tuple[list[int], int]:
        """Those after the first ``count``, and how many they are now. The oldest are left out when they are many more
        than a worker may know."""
        with self._lock:
            gone = self._forgotten[max(0, count - self._dropped) :]
            return gone, max(count, self._dropped) + len(gone)

    def _forget(self, identity: int, reference: weakref.ref[Step], number: int) -> None:
        known = self._keys.get(identity)
        if known is not None and known[0] is reference:  # and not of a later step at the same place
            self._keys.pop(identity, None)
        self._forgotten.append(number)

    def _shorten(self) -> None:
        surplus = len(self._forgotten) - DEFINITIONS_MAX
        if surplus > DEFINITIONS_MAX:
            del self._forgotten[:surplus]
            self._dropped += surplus
