"""Keys by which a run and its workers refer to steps, and the keys that nobody needs any more."""

from __future__ import annotations

import itertools
import threading
import weakref
from typing import Final

from rivers.execution.steps.compiled_steps import Step

DEFINITIONS_MAX: Final = 20_000
"""How many steps a worker may know at one time."""


class StepKeys:
    """Keys of steps. A step object has one key as long as it lives.

    A run that changes resources or metadata has steps compiled for it alone. These go with the run, and workers forget
    them. All methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._keys: dict[int, tuple[weakref.ref[Step], int]] = {}
        self._lock = threading.Lock()
        # Appended to when a step is collected, which may be in the middle of anything, so no lock is taken for it.
        self._forgotten: list[int] = []
        self._dropped = 0

    def key(self, step: Step) -> int:
        """Return the key of this very object."""
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
        """The number of keys that nobody will ask for again."""
        return self._dropped + len(self._forgotten)

    def forgotten_since(self, count: int) -> tuple[list[int], int]:
        """Return the forgotten keys after the first ``count``, and their number now.

        The oldest are left out when there are many more than a worker may know.
        """
        with self._lock:
            gone = self._forgotten[max(0, count - self._dropped) :]
            return gone, max(count, self._dropped) + len(gone)

    def _forget(self, identity: int, reference: weakref.ref[Step], number: int) -> None:
        known = self._keys.get(identity)
        if known is not None and known[0] is reference:  # a later step may have the same identity
            self._keys.pop(identity, None)
        self._forgotten.append(number)

    def _shorten(self) -> None:
        surplus = len(self._forgotten) - DEFINITIONS_MAX
        if surplus > DEFINITIONS_MAX:
            del self._forgotten[:surplus]
            self._dropped += surplus
