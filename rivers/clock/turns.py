"""The turn to run off the loop of a SimClock: one piece of work at a time has it, in order of key.

While a turn is out the loop has nothing runnable, and what the thread posts is held back until the turn returns. So
loop and threads alternate strictly, which is what makes the order of all effects the same on every machine.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

from rivers.clock.loops import LoopPort
from rivers.clock.work import Work

Call = tuple[Callable[..., object], tuple[Any, ...]]

LISTEN_SECONDS = 0.0005
"""How long the loop's thread itself listens for the turn before it parks (real time).

Handing a turn over between two locks costs a fraction of a trip through the loop's selector. The loop has nothing
else to run meanwhile; a thread that calls into the loop and waits for the answer is delayed by this much.
"""


class Turns:
    """The queue for the turn, its holder, and the calls held back meanwhile."""

    def __init__(self) -> None:
        self.holder: Work[Any] | None = None  # Invariant: changed on the loop's thread only, under the lock
        self.count = 0  # of all that was handed out, begun or held back: it shows whether anything has happened
        self._queue: list[tuple[Any, int, Work[Any]]] = []
        self._sequence = itertools.count()
        self._held: list[Call] = []
        self._lock = threading.Lock()
        self._listening = False
        self._heard: Call | None = None
        self._bell = threading.Lock()
        self._bell.acquire()

    def ask(self, work: Work[Any]) -> None:
        """Queue for the turn."""
        heapq.heappush(self._queue, (work.order, next(self._sequence), work))

    def waiting(self) -> list[Work[Any]]:
        """Return the work that has asked and not begun, in order."""
        return [work for _, _, work in sorted(self._queue, key=lambda entry: entry[:2]) if not work.withdrawn]

    def next(self) -> Work[Any] | None:
        """Take the first piece of work from the queue; ``None`` when none waits."""
        while self._queue:
            _, _, work = heapq.heappop(self._queue)
            if not work.withdrawn:
                return work
        return None

    def hand_to(self, work: Work[Any], begin: Callable[[], None]) -> None:
        """Give the turn to ``work``, let it go on by ``begin``, and listen a moment for its return."""
        with self._lock:
            self.holder = work
            self._listening = True
        self.count += 1
        try:
            begin()
            self._bell.acquire(timeout=LISTEN_SECONDS)
        finally:  # however the wait ended, Ctrl-C included, a ring must not be left for the next holder
            self._stop_listening()

    def _stop_listening(self) -> None:
        with self._lock:
            self._listening = False
            call, self._heard = self._heard, None
        if call is None:
            return
        self._bell.acquire(blocking=False)  # it may have rung after the wait
        # A fresh context, as on the other way back: the driver's own must not leak into what is woken.
        Context().run(call[0], *call[1])

    def hand_back(self, port: LoopPort, fn: Callable[..., object], *args: Any) -> None:
        """Run ``fn(*args)``, which calls ``end``, on the loop. For the thread with the turn. May raise ``LoopGone``."""
        with self._lock:
            if self._listening:
                self._listening = False
                self._heard = (fn, args)
                self._bell.release()
                return
        port.call(fn, *args)

    def end(self, work: Work[Any]) -> list[Call]:
        """Take the turn back, if ``work`` has it. Returns the calls held back, in order, for the caller to run."""
        with self._lock:
            if self.holder is not work:
                return []
            self.holder = None
            held, self._held = self._held, []
            return held

    def post(self, port: LoopPort, fn: Callable[..., object], *args: Any) -> None:
        """Hold a call back while the turn is out; otherwise pass it to the loop. Raises ``LoopGone``."""
        with self._lock:
            self.count += 1
            if self.holder is not None:
                self._held.append((fn, args))
                return
        port.call(fn, *args)

    def clear(self) -> None:
        """Forget the queue, because the loop of its tasks has ended. A turn stays out until its thread returns."""
        self._queue.clear()
