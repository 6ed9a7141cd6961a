"""Copies of two things that each step or run asks the store for: the runs that were asked to stop, and registered keys.

Only a store that belongs to one process may be remembered like this.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Set
from contextlib import contextmanager

from rivers.partitions.dynamic import KeysInOrder


class StopRequests:
    """The runs that have not ended and were asked to stop. They are read when first needed, and follow every change.

    Only ``known`` may be read without the lock of the engine.
    """

    def __init__(self) -> None:
        self._asked: set[str] | None = None

    @property
    def known(self) -> Set[str] | None:
        """The runs that were asked to stop, ``None`` when they have to be read."""
        return self._asked

    def learn(self, read: Callable[[], Iterable[str]]) -> Set[str]:
        """Return the runs that were asked to stop, from ``read`` when they have to be read."""
        if self._asked is None:
            self._asked = set(read())
        return self._asked

    @contextmanager
    def changing(self) -> Generator[set[str]]:
        """Yield the set to a block that writes flags and then changes the set to match.

        When the block fails, what the store has is unknown, and the flags are read again.
        """
        try:
            yield set() if self._asked is None else self._asked
        except BaseException:
            self._asked = None
            raise

    def forget(self, run_ids: Iterable[str]) -> None:
        """Drop runs that have ended."""
        if self._asked:
            self._asked.difference_update(run_ids)


class RegisteredKeys:
    """The keys of dynamic definitions. They are read when first asked for, and follow every write.

    The lock of the engine guards them.
    """

    def __init__(self) -> None:
        self._read: dict[str, KeysInOrder] = {}

    def of(self, name: str, read: Callable[[str], Iterable[str]]) -> KeysInOrder:
        """Return the keys of a definition, from ``read`` when they are not known."""
        keys = self._read.get(name)
        if keys is None:
            keys = self._read[name] = KeysInOrder(read(name))
        return keys

    @contextmanager
    def changing(self, name: str, *, added: Iterable[str] = (), removed: Iterable[str] = ()) -> Generator[None]:
        """Change the keys of a definition when the block has written that change.

        When the block fails, what the store has is unknown, and the keys are read again.
        """
        before = self._read.pop(name, None)
        yield
        if before is not None:
            self._read[name] = KeysInOrder(before.union(added).difference(removed))
