"""Which runs of one process were asked to stop, as the flags in its store say: each step of a run asks for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Set
from contextlib import contextmanager


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
