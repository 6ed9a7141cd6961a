"""A steady beat: the one implementation of ``every`` for all clocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

from rivers.clock.moments import length_ns, seconds_of
from rivers.clock.protocol import Clock
from rivers.durations import to_ns


def beat(clock: Clock, period: float | str | timedelta, first: Literal["now", "after"]) -> AsyncIterator[float]:
    """See ``Clock.every``. Checks its arguments at once, not at the first ``anext``."""
    if first not in ("now", "after"):
        raise ValueError(f"first must be 'now' or 'after', got {first!r}")
    period_ns = to_ns(period, "period") // 1_000 * 1_000
    if period_ns <= 0:
        raise ValueError(f"every() period must be at least one microsecond, got {period!r}")
    return _beats(clock, period_ns, 0 if first == "now" else 1)


async def _beats(clock: Clock, period_ns: int, beat: int) -> AsyncIterator[float]:
    # The length of the wait is monotonic and each stamp is start + k * period: no error adds up, and a step of the
    # system clock neither delays a beat nor fires one twice.
    started_ns = clock.now_ns()
    origin = clock.monotonic()
    while True:
        passed_ns = length_ns(clock.monotonic() - origin)
        if beat * period_ns > passed_ns:
            await clock.sleep(seconds_of(beat * period_ns - passed_ns))
        yield seconds_of(started_ns + beat * period_ns)
        beat = max(beat, length_ns(clock.monotonic() - origin) // period_ns) + 1
