"""The standard library telling simulated time, exactly while user code that was promised it has the turn.

The patch is one for the whole process. A thread that sleeps on the clock takes it off, so that nobody else meets it,
and on waking puts it on again at the moment that it has become.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rivers.clock import Clock, SimClock

if TYPE_CHECKING:
    import time_machine


class _Telling:
    """One block that was promised simulated time; blocks nest when a step calls ``materialize()``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._travel: time_machine.travel | None = None

    def begin(self) -> None:
        import time_machine

        self._travel = time_machine.travel(self._clock.datetime(), tick=False)
        self._travel.start()
        _here.append(self)

    def end(self) -> None:
        travel, self._travel = self._travel, None
        if travel is not None:
            _here.remove(self)
            travel.stop()


_here: list[_Telling] = []
"""The blocks of the thread that has the turn, outermost first."""


@contextmanager
def telling(clock: Clock) -> Generator[None]:
    """A block in which ``time.time()`` and ``datetime.now()`` tell the time of ``clock``."""
    block = _Telling(clock)
    block.begin()
    try:
        yield
    finally:
        block.end()


class PatchingClock(SimClock):
    """A ``SimClock`` for code that runs in :func:`telling` blocks."""

    def sleep_blocking(self, seconds: float) -> None:
        blocks = list(_here)
        for block in reversed(blocks):
            block.end()
        super().sleep_blocking(seconds)
        # Not when it was killed: then others run beside this thread, which shall only end.
        for block in blocks:
            block.begin()
