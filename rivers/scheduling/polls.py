"""When sensors are polled: the first poll at the start, each next one an interval after the previous tick finished.

Owns the agenda of the polls; does not evaluate anything. Moments are readings of a monotonic clock in seconds, given by
the caller.
"""

from __future__ import annotations

from typing import Final

from rivers.durations import NANOS_PER_SECOND, parse_duration

DEFAULT_INTERVAL_NS: Final = 30 * NANOS_PER_SECOND
SHORTEST_INTERVAL_NS: Final = 1_000_000


def interval_ns(minimum_interval: str | None) -> int:
    """Return the nanoseconds between two polls. Text that is no duration, which a sensor may declare, means 30 s.

    Never less than 1 ms: an interval of zero would keep a simulated instant from ending.
    """
    if minimum_interval is None:
        return DEFAULT_INTERVAL_NS
    try:
        return max(SHORTEST_INTERVAL_NS, parse_duration(minimum_interval, "minimum_interval"))
    except ValueError:
        return DEFAULT_INTERVAL_NS


def timeout_ns(eval_timeout: str | None) -> int | None:
    """Return how many nanoseconds an evaluation may take. ``None``, also for text that is no duration, is no limit."""
    if eval_timeout is None:
        return None
    try:
        return parse_duration(eval_timeout, "eval_timeout")
    except ValueError:
        return None


def next_poll_at(finished_at: float, interval: int) -> float:
    """Return when to poll again after a tick that finished at ``finished_at``. The interval is in nanoseconds."""
    return finished_at + interval / NANOS_PER_SECOND
