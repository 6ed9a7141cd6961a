"""Which scheduled time fires now, which ones were missed, and why.

Owns the rule that nothing is replayed: of the times that have passed, at most the newest fires, and only if the trigger
is free. The daemon asks

* once at its start, with ``starting=True``;
* whenever the next time has come and the trigger is free;
* with ``in_flight=True`` at the instant an evaluation has ended and its tick is stored, for the times that passed
  meanwhile. Not sooner: the checkpoint would pass the time under evaluation, and a crash would lose that time's tick;
* with ``abandoned=True`` whenever the next time has come while a timed-out evaluation, whose tick is stored, runs on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rivers.scheduling.cron import CronTimes, MissedRange
from rivers.wording import utc_text

NOT_RUNNING: Final = "the daemon was not running"
STILL_RUNNING: Final = "the previous evaluation was still running"
ABANDONED: Final = "previous evaluation timed out and is still running"
FELL_BEHIND: Final = "a later time was due as well"


@dataclass(frozen=True, slots=True)
class Due:
    """What the passing of time asks of one schedule. All times are epoch nanoseconds.

    ``fire`` is the time to evaluate now, ``missed`` the earlier times that will have no evaluation and ``reason`` why.
    ``failed`` says that the missed times are recorded as a failure and not as skipped. ``next`` is the first time after
    now that has not been dealt with; ``None`` when the schedule has no more times.
    """

    fire: int | None
    missed: MissedRange | None
    reason: str | None
    failed: bool
    next: int | None


def decide_due(
    times: CronTimes,
    checkpoint: int | None,
    now: int,
    *,
    starting: bool = False,
    in_flight: bool = False,
    abandoned: bool = False,
) -> Due:
    """Deal with the times in ``checkpoint < t <= now``. A trigger without a checkpoint has missed nothing."""
    first = times.after(now if checkpoint is None else checkpoint)
    if first is None or first > now:
        return Due(None, None, None, False, first)
    passed, next_time = _passed(times, first, now)
    if starting:
        return Due(None, passed, NOT_RUNNING, False, next_time)
    if abandoned:
        return Due(None, passed, ABANDONED, True, next_time)
    if in_flight:
        return Due(None, passed, STILL_RUNNING, False, next_time)
    if passed.count == 1:
        return Due(passed.last, None, None, False, next_time)
    older = times.span(first - 1, passed.last - 1)
    return Due(passed.last, older, FELL_BEHIND, False, next_time)


def _passed(times: CronTimes, first: int, now: int) -> tuple[MissedRange, int | None]:
    """Return the times from ``first`` to now, and the next one. Mostly ``first`` is alone and nothing is counted."""
    second = times.after(first)
    if second is None or second > now:
        return MissedRange(first, first, 1), second
    return times.span(first - 1, now) or MissedRange(first, first, 1), times.after(now)


def missed_text(missed: MissedRange, reason: str) -> str:
    """Return the sentence of a tick for missed times: how many, from when to when, and why."""
    if missed.count == 1:
        return f"missed the scheduled time {utc_text(missed.last)}: {reason}"
    return f"missed {missed.count} scheduled times from {utc_text(missed.first)} to {utc_text(missed.last)}: {reason}"
