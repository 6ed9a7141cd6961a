"""The keys of dynamic partitions that one process has read from its store, so that a run need not read all for one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager

from rivers.partitions.keys_in_order import KeysInOrder


class RegisteredKeys:
    """What a definition has is read when it is first asked for, and follows every write from then on.

    Whoever uses it holds the lock of the engine, which alone changes the rows of the store.
    """

    def __init__(self) -> None:
        self._read: dict[str, KeysInOrder] = {}

    def of(self, name: str, read: Callable[[str], Iterable[str]]) -> KeysInOrder:
        """The keys of a definition; ``read`` gives them when they are not known yet."""
        keys = self._read.get(name)
        if keys is None:
            keys = self._read[name] = KeysInOrder(read(name))
        return keys

    @contextmanager
    def changing(self, name: str, *, added: Iterable[str] = (), removed: Iterable[str] = ()) -> Generator[None]:
        """The block writes this change. When it fails, nobody knows what the store has: it is read again."""
        before = self._read.pop(name, None)
        yield
        if before is not None:
            self._read[name] = KeysInOrder(before.union(added).difference(removed))
