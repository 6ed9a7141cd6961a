"""A steady beat: the one implementation of ``every`` for all clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from rivers.clock.moments import length_ns, seconds_of
from rivers.clock.protocol import Clock
from rivers.durations import to_ns


class Beat:
    """The iterator of ``Clock.every``. It checks its arguments at once; the beat starts at the first ``anext``.

    This is no async generator: trio warns of a generator that is left before its end.
    """

    def __init__(self, clock: Clock, period: float | str | timedelta, first: Literal["now", "after"]) -> None:
        if first not in ("now", "after"):
            raise ValueError(f"first must be 'now' or 'after', got {first!r}")
        self._period_ns = to_ns(period, "period") // 1_000 * 1_000
        if self._period_ns <= 0:
            raise ValueError(f"every() period must be at least one microsecond, got {period!r}")
        self._clock = clock
        self._next = 0 if first == "now" else 1
        self._started: tuple[int, float] | None = None

    def __aiter__(self) -> Beat:
        return self

    async def __anext__(self) -> float:
        # The wait is monotonic and each stamp is start + k * period: no error adds up, and a step of the system clock
        # neither delays a beat nor fires one twice.
        clock, period_ns = self._clock, self._period_ns
        if self._started is None:
            self._started = (clock.now_ns(), clock.monotonic())
        else:
            self._next = max(self._next, length_ns(clock.monotonic() - self._started[1]) // period_ns) + 1
        started_ns, origin = self._started
        passed_ns = length_ns(clock.monotonic() - origin)
        if self._next * period_ns > passed_ns:
            await clock.sleep(seconds_of(self._next * period_ns - passed_ns))
        return seconds_of(started_ns + self._next * period_ns)
