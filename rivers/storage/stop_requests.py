"""Which runs of one process were asked to stop, as the flags in its store say: each step of a run asks for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Set
from contextlib import contextmanager

from rivers.partitions.dynamic import KeysInOrder


class StopRequests:
    """The flags of runs that have not ended, read when they are first needed and following every change from then on.

    All but looking at what is ``known`` is for the holder of the engine's lock, which alone changes the rows of the
    store.
    """

    def __init__(self) -> None:
        self._asked: set[str] | None = None

    @property
    def known(self) -> Set[str] | None:
        """The runs that were asked to stop; ``None`` when they have to be read."""
        return self._asked

    def learn(self, read: Callable[[], Iterable[str]]) -> Set[str]:
        """The same; ``read`` gives them if they have to be read."""
        if self._asked is None:
            self._asked = set(read())
        return self._asked

    @contextmanager
    def changing(self) -> Generator[set[str]]:
        """The block writes flags, and then changes the set likewise. When it fails, nobody knows what the store has:
        the flags are read again."""
        try:
            yield set() if self._asked is None else self._asked
        except BaseException:
            self._asked = None
            raise

    def forget(self, run_ids: Iterable[str]) -> None:
        """These have ended."""
        if self._asked:
            self._asked.difference_update(run_ids)


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
