"""The base of ``Storage``: an engine, a session on it, a clock and a source of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rivers.storage.engine import Engine

if TYPE_CHECKING:
    from rivers.clock import Clock
    from rivers.ids import IdSource

PAGE_ROWS = 200
"""How many rows a long read takes at a time: a call holds the GIL, and 200 rows take some milliseconds."""


class Session:
    """The base of the classes that are mixed into ``Storage``, so that a call costs no delegation."""

    def __init__(self, engine: Engine, clock: Clock | None = None, ids: IdSource | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self.session: str = engine.new_session()
        """The writer behind this handle, and the owner of the leases that it takes."""

    @property
    def clock(self) -> Clock:
        """The clock of this handle, a ``WallClock`` unless ``bound`` was given another."""
        if self._clock is None:
            from rivers.clock import WallClock

            self._clock = WallClock()
        return self._clock

    @property
    def ids(self) -> IdSource:
        """The id source of this handle, random unless ``bound`` was given another."""
        if self._ids is None:
            from rivers.ids import RandomIds

            self._ids = RandomIds()
        return self._ids
