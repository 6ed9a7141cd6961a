"""The notes of one instant: what began and what ended in it, settled in order of the plan and not of arrival.

On a wall clock an instant is over at once, so everything is settled when it comes, and what comes together in order of
arrival. On a simulated clock it lasts until nothing is left that could add to it, so that the trace does not depend on
which process was faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_BEGIN: Final = 0
_END: Final = 1

Note = Callable[[], object]


class Instant:
    """Notes by the place of their tries in the batch."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._notes: list[tuple[float, tuple[int, int], int, Note]] = []

    def began(self, order: tuple[int, int], note: Note) -> None:
        """Something began."""
        self._add(order, _BEGIN, note)

    def ended(self, order: tuple[int, int], note: Note) -> None:
        """Something ended."""
        self._add(order, _END, note)

    @property
    def is_empty(self) -> bool:
        """Whether everything that came was carried out."""
        return not self._notes

    def is_over(self, quiet: bool) -> bool:
        """Whether there are notes and nothing can be added to their instant."""
        return bool(self._notes) and (quiet or self._monotonic() > self._notes[0][0])

    def settle(self) -> None:
        """Carry the notes out."""
        notes, self._notes = self._notes, []
        for *_, note in sorted(notes, key=lambda entry: entry[:3]):
            note()

    def _add(self, order: tuple[int, int], kind: int, note: Note) -> None:
        self._notes.append((self._monotonic(), order, kind, note))
