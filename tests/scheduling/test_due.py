"""Which time fires and which were missed."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.scheduling.cron import CronTimes, MissedRange
from rivers.scheduling.due import ABANDONED, FELL_BEHIND, NOT_RUNNING, STILL_RUNNING, decide_due, missed_text

MINUTE = 60 * 1_000_000_000
NOON = int(datetime.fromisoformat("2026-01-01T12:00:00Z").timestamp()) * 1_000_000_000
EVERY_MINUTE = CronTimes("* * * * *")


def span(first: int, last: int) -> MissedRange:
    """From minute ``first`` to minute ``last`` after noon, both included."""
    return MissedRange(NOON + first * MINUTE, NOON + last * MINUTE, last - first + 1)


# checkpoint and now in minutes after noon, flags, then: fires at, missed, reason, failed
CASES = [
    (0, 0, {}, None, None, None, False),
    (0, 0.5, {}, None, None, None, False),
    (0, 1, {}, 1, None, None, False),
    (0, 1.5, {}, 1, None, None, False),
    (0, 4, {}, 4, span(1, 3), FELL_BEHIND, False),
    (0, 2.5, {}, 2, span(1, 1), FELL_BEHIND, False),
    (0, 0, {"starting": True}, None, None, None, False),
    (0, 1, {"starting": True}, None, span(1, 1), NOT_RUNNING, False),
    (1, 1, {"starting": True}, None, None, None, False),
    (0, 3.5, {"starting": True}, None, span(1, 3), NOT_RUNNING, False),
    (0, 0.5, {"in_flight": True}, None, None, None, False),
    (0, 1, {"in_flight": True}, None, span(1, 1), STILL_RUNNING, False),
    (0, 5, {"in_flight": True}, None, span(1, 5), STILL_RUNNING, False),
    (0, 2, {"abandoned": True}, None, span(1, 2), ABANDONED, True),
    (2, 1, {}, None, None, None, False),  # the clock was set back: nothing fires twice
]


@pytest.mark.parametrize(("checkpoint", "now", "flags", "fires", "missed", "reason", "failed"), CASES)
def test_what_the_passing_of_time_asks_for(
    checkpoint: int,
    now: float,
    flags: dict[str, bool],
    fires: int | None,
    missed: MissedRange | None,
    reason: str | None,
    failed: bool,
) -> None:
    moment = NOON + int(now * MINUTE)
    due = decide_due(EVERY_MINUTE, NOON + checkpoint * MINUTE, moment, **flags)
    assert due.fire == (None if fires is None else NOON + fires * MINUTE)
    assert (due.missed, due.reason, due.failed) == (missed, reason, failed)
    assert due.next == NOON + (max(int(now), checkpoint) + 1) * MINUTE


def test_a_trigger_without_a_checkpoint_has_missed_nothing() -> None:
    due = decide_due(EVERY_MINUTE, None, NOON, starting=True)
    assert (due.fire, due.missed, due.next) == (None, None, NOON + MINUTE)


def test_a_finite_schedule_has_no_next_time_after_its_last() -> None:
    times = CronTimes("0 0 12 1 1 * 2026")
    due = decide_due(times, NOON - MINUTE, NOON)
    assert (due.fire, due.next) == (NOON, None)


@given(
    moments=st.lists(st.integers(0, 20 * MINUTE), min_size=1, max_size=12),
    busy=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_every_time_is_dealt_with_exactly_once_whatever_the_order_of_wakes(
    moments: list[int], busy: list[bool]
) -> None:
    checkpoint = NOON
    dealt: list[int] = []
    for moment, in_flight in zip(moments, busy, strict=False):
        due = decide_due(EVERY_MINUTE, checkpoint, NOON + moment, in_flight=in_flight)
        if due.missed is not None:
            dealt += range(due.missed.first, due.missed.last + 1, MINUTE)
            assert len(range(due.missed.first, due.missed.last + 1, MINUTE)) == due.missed.count
            checkpoint = max(checkpoint, due.missed.last)
        if due.fire is not None:
            dealt.append(due.fire)
            checkpoint = max(checkpoint, due.fire)
    assert dealt == list(range(NOON + MINUTE, NOON + max(moments) + 1, MINUTE))


def test_texts_give_moments_in_utc_to_the_second() -> None:
    assert missed_text(span(1, 1), NOT_RUNNING) == (
        "missed the scheduled time 2026-01-01T12:01:00Z: the daemon was not running"
    )
    assert missed_text(span(1, 3), STILL_RUNNING) == (
        "missed 3 scheduled times from 2026-01-01T12:01:00Z to 2026-01-01T12:03:00Z: "
        "the previous evaluation was still running"
    )
