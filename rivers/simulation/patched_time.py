"""Simulated time in the standard library, exactly while user code that was promised it has the turn.

The whole process has one patch. A thread that sleeps on the clock takes it off, so that no other code meets it, and
puts it on again with the new time when it wakes. Threads of one run may do so at the same time, and a thread that was
given up may leave its block while another sleeps.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rivers.clock import Clock, Interrupt, SimClock

if TYPE_CHECKING:
    import time_machine


class _Telling:
    """One block that was promised simulated time; blocks nest when a step calls ``materialize()``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._travel: time_machine.travel | None = None
        self._is_left = False

    def put_on(self) -> None:
        """Patch the standard library, unless the block has been left."""
        import time_machine

        with _lock:
            if self._is_left:
                return
            self._travel = time_machine.travel(self._clock.datetime(), tick=False)
            self._travel.start()
            _here.append(self)

    def take_off(self) -> None:
        """Undo the patch until it is put on again."""
        with _lock:
            travel, self._travel = self._travel, None
            if travel is not None:
                _here.remove(self)
                travel.stop()

    def leave(self) -> None:
        """Undo the patch for good."""
        self._is_left = True
        self.take_off()


_lock: Final = threading.Lock()
_here: list[_Telling] = []
"""The blocks of the thread that has the turn, outermost first."""


@contextmanager
def telling(clock: Clock) -> Generator[None]:
    """Open a block in which ``time.time()`` and ``datetime.now()`` tell the time of ``clock``."""
    block = _Telling(clock)
    block.put_on()
    try:
        yield
    finally:
        block.leave()


class PatchingClock(SimClock):
    """A ``SimClock`` for code that runs in :func:`telling` blocks."""

    def sleep_blocking(self, seconds: float, *, interrupt: Interrupt | None = None) -> None:
        blocks = list(_here)
        for block in reversed(blocks):
            block.take_off()
        super().sleep_blocking(seconds, interrupt=interrupt)
        # Not after a kill: then other threads run beside this one, which only has to end.
        for block in blocks:
            block.put_on()
