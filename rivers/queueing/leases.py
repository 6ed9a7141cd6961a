"""When a lease or a launch is over, and when the reading of the clock is no ground to say so.

A lease says that its owner was alive a moment ago; it lasts ``period`` and is renewed every third of it. Whoever was
asleep (a suspended machine, a stalled loop) or had its clock moved cannot tell a dead owner from one that has not had
its turn yet, so it reclaims nothing until every living owner has had a whole period to renew.

Calendar times are epoch nanoseconds and so are their differences; monotonic readings are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rivers.durations import NANOS_PER_SECOND, format_duration
from rivers.records import RunRecord

RENEWALS_PER_PERIOD: Final = 3

RUN_LEASE_NS: Final = 15 * 60 * NANOS_PER_SECOND
"""How long the lease of a run lasts. It is renewed every five minutes, so that leases cost an idle system next to
nothing, in a simulated month as well as on a machine."""

ORPHANED: Final = "the process that executed this run has died or was killed; the run did not finish"
"""The error of a run whose owner is dead."""


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """What one wake-up leaves for the next to be compared with.

    ``expected_at`` is the monotonic moment of the planned wake-up, ``trusted_from`` the one from which expiries are
    believed; ``now`` and ``monotonic`` are the readings of the last wake-up.
    """

    now: int
    monotonic: float
    expected_at: float
    trusted_from: float

    def expecting(self, seconds: float) -> ClockWatch:
        """Return this watch with the next wake-up planned that many seconds after the last."""
        return replace(self, expected_at=self.monotonic + seconds)

    def trusts(self) -> bool:
        """Whether leases and launches that look over may be reclaimed at this wake-up."""
        return self.monotonic >= self.trusted_from


def observe(watch: ClockWatch | None, *, now: int, monotonic: float, period: int) -> ClockWatch:
    """Return the watch after waking up; ``watch`` is ``None`` before the first time.

    A wake-up that is late by more than a third of the lease period, or a calendar that moved by more than that against
    the monotonic clock, starts one lease period without reclaiming. Less than that a renewal every third absorbs.
    """
    if watch is None:
        return ClockWatch(now, monotonic, monotonic, monotonic)
    tolerated = period / RENEWALS_PER_PERIOD / NANOS_PER_SECOND
    late = monotonic - watch.expected_at
    stepped = abs((now - watch.now) / NANOS_PER_SECOND - (monotonic - watch.monotonic))
    doubtful = late > tolerated or stepped > tolerated
    trusted_from = monotonic + period / NANOS_PER_SECOND if doubtful else watch.trusted_from
    return ClockWatch(now, monotonic, monotonic, trusted_from)


def stale_launches(
    not_started: Iterable[RunRecord], watch: ClockWatch, start_timeout: int, *, since: int = 0
) -> list[RunRecord]:
    """Return the ``NotStarted`` runs whose time to start is over, by (deadline, id); see :func:`start_deadline`."""
    if not watch.trusts():
        return []
    deadlines = ((start_deadline(run, start_timeout, since=since), run.run_id, run) for run in not_started)
    return [run for deadline, _, run in sorted(deadlines, key=lambda each: each[:2]) if deadline <= watch.now]


def start_deadline(run: RunRecord, start_timeout: int, *, since: int = 0) -> int:
    """Return when a ``NotStarted`` run must have started. A run that never queued is counted from its creation.

    :param since: when the system started. It launched again what had been admitted before, and gives it a whole
        ``start_timeout`` from then: while nothing runs, no launch can be late.
    """
    return max(run.start_time if run.admitted_at is None else run.admitted_at, since) + start_timeout


def stale_launch_text(start_timeout: int) -> str:
    """Return the error of a run that did not start in time."""
    return f"run did not start within {format_duration(start_timeout)} of its admission"


def seconds_to_next_wake(watch: ClockWatch, deadlines: Sequence[int], interval: int) -> float:
    """Return how long to sleep: until the earliest deadline still ahead, the end of distrust, or for ``interval``.

    Deadlines that have passed ask for no wake-up, since this one has dealt with them or must not yet.
    """
    waits = [interval / NANOS_PER_SECOND]
    waits += [(deadline - watch.now) / NANOS_PER_SECOND for deadline in deadlines if deadline > watch.now]
    if not watch.trusts():
        waits.append(watch.trusted_from - watch.monotonic)
    return min(waits)
