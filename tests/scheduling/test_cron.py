"""When schedules fire: tables for the days the clock changes, and croniter itself as the judge of all others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from rivers.scheduling.cron import CronTimes, MissedRange

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
AMSTERDAM, NEW_YORK, LORD_HOWE, APIA = "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"


def ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def local(moment: int, zone: str) -> str:
    """Local time with its offset, without the year: ``03-29T02:30+02:00``."""
    return datetime.fromtimestamp(moment // SECOND, ZoneInfo(zone)).isoformat(timespec="minutes")[5:]


def walk(times: CronTimes, low: int, high: int) -> Iterator[int]:
    moment: int | None = low
    while (moment := times.after(moment)) is not None and moment <= high:
        yield moment


# zone, expression, from, what follows
CLOCK_CHANGES = [
    # The gap in Amsterdam: 02:00 to 03:00 does not exist.
    (AMSTERDAM, "0 * * * *", "2026-03-29T00:59", "03-29T01:00+01:00 03-29T03:00+02:00 03-29T04:00+02:00"),
    (AMSTERDAM, "5 * * * *", "2026-03-29T00:59", "03-29T01:05+01:00 03-29T03:05+02:00 03-29T04:05+02:00"),
    (AMSTERDAM, "30 2 * * *", "2026-03-28T00:00", "03-28T02:30+01:00 03-29T03:00+02:00 03-30T02:30+02:00"),
    (AMSTERDAM, "0 30 2 * * *", "2026-03-28T00:00", "03-28T02:30+01:00 03-29T03:00+02:00 03-30T02:30+02:00"),
    (AMSTERDAM, "15 30 2 * * *", "2026-03-28T12:00", "03-29T03:00+02:00 03-30T02:30+02:00"),
    (AMSTERDAM, "*/15 * * * *", "2026-03-29T01:44", "03-29T01:45+01:00 03-29T03:00+02:00"),
    (AMSTERDAM, "*/15 2 * * *", "2026-03-29T00:00", "03-29T03:00+02:00 03-30T02:00+02:00 03-30T02:15+02:00"),
    (AMSTERDAM, "30 2,3 * * *", "2026-03-29T00:00", "03-29T03:00+02:00 03-29T03:30+02:00 03-30T02:30+02:00"),
    (AMSTERDAM, "0 2,3 * * *", "2026-03-29T00:00", "03-29T03:00+02:00 03-30T02:00+02:00"),
    (AMSTERDAM, "30 */2 * * *", "2026-03-29T00:59", "03-29T03:00+02:00 03-29T04:30+02:00"),
    # The overlap in Amsterdam: 02:00 to 03:00 comes twice.
    (AMSTERDAM, "0 * * * *", "2026-10-25T01:59", "10-25T02:00+02:00 10-25T02:00+01:00 10-25T03:00+01:00"),
    (AMSTERDAM, "30 2 * * *", "2026-10-24T12:00", "10-25T02:30+02:00 10-26T02:30+01:00"),
    (AMSTERDAM, "30 2-4 * * *", "2026-10-25T01:00", "10-25T02:30+02:00 10-25T03:30+01:00 10-25T04:30+01:00"),
    (AMSTERDAM, "0 */2 * * *", "2026-10-25T01:00", "10-25T02:00+02:00 10-25T02:00+01:00 10-25T04:00+01:00"),
    (AMSTERDAM, "*/30 * * * *", "2026-10-25T02:29", "10-25T02:30+02:00 10-25T02:00+01:00 10-25T02:30+01:00"),
    # New York changes at other hours.
    (NEW_YORK, "30 2 * * *", "2026-03-07T00:00", "03-07T02:30-05:00 03-08T03:00-04:00 03-09T02:30-04:00"),
    (NEW_YORK, "30 1 * * *", "2026-10-31T12:00", "11-01T01:30-04:00 11-02T01:30-05:00"),
    (NEW_YORK, "30 2 * * *", "2026-10-31T12:00", "11-01T02:30-05:00 11-02T02:30-05:00"),
    (NEW_YORK, "30 * * * *", "2026-11-01T00:31", "11-01T01:30-04:00 11-01T01:30-05:00 11-01T02:30-05:00"),
    # Half an hour on Lord Howe: 02:00 to 02:30 does not exist, 01:30 to 02:00 comes twice.
    (LORD_HOWE, "15 2 * * *", "2026-10-03T12:00", "10-04T02:30+11:00 10-05T02:15+11:00"),
    (LORD_HOWE, "45 2 * * *", "2026-10-03T12:00", "10-04T02:45+11:00 10-05T02:45+11:00"),
    (LORD_HOWE, "15 * * * *", "2026-10-04T00:59", "10-04T01:15+10:30 10-04T03:15+11:00"),
    (LORD_HOWE, "45 1 * * *", "2026-04-04T12:00", "04-05T01:45+11:00 04-06T01:45+10:30"),
    (LORD_HOWE, "15 1 * * *", "2026-04-04T12:00", "04-05T01:15+11:00 04-06T01:15+10:30"),
    (LORD_HOWE, "45 * * * *", "2026-04-05T01:00", "04-05T01:45+11:00 04-05T01:45+10:30 04-05T02:45+10:30"),
    # A whole day, the 30th, is missing in Apia.
    (APIA, "0 12 * * *", "2011-12-29T00:00", "12-29T12:00-10:00 12-31T00:00+14:00 12-31T12:00+14:00"),
    (APIA, "0 12 30 * *", "2011-12-01T00:00", "12-31T00:00+14:00 01-30T12:00+14:00"),
    (APIA, "0 * * * *", "2011-12-29T22:30", "12-29T23:00-10:00 12-31T00:00+14:00 12-31T01:00+14:00"),
    # Midnight itself is missing, or comes twice.
    ("America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00", "11-04T01:00-02:00 11-05T00:00-02:00"),
    ("America/Havana", "0 0 * * *", "2026-10-31T12:00", "11-01T00:00-04:00 11-02T00:00-05:00"),
    ("America/St_Johns", "0 0 * * *", "2010-11-06T12:00", "11-07T00:00-02:30 11-08T00:00-03:30"),
]


@pytest.mark.parametrize(("zone", "expression", "start", "expected"), CLOCK_CHANGES)
def test_the_days_on_which_the_clock_changes(zone: str, expression: str, start: str, expected: str) -> None:
    times = CronTimes(expression, zone)
    moment = ns(start, zone)
    found: list[str] = []
    for _ in expected.split():
        following = times.after(moment)
        assert following is not None
        moment = following
        found.append(local(moment, zone))
    assert found == expected.split()


def test_six_fields_begin_with_seconds_and_a_seventh_is_the_year() -> None:
    assert CronTimes("30 15 8 * * *").after(ns("2026-01-01T00:00")) == ns("2026-01-01T08:15:30")
    assert CronTimes("30 15 8 2 3 * 2028").after(ns("2026-01-01T00:00")) == ns("2028-03-02T08:15:30")


def test_a_finite_schedule_is_exhausted_after_its_last_time() -> None:
    times = CronTimes("0 0 0 1 1 * 2027")
    assert times.after(ns("2026-06-01T00:00")) == ns("2027-01-01T00:00")
    assert times.after(ns("2027-01-01T00:00")) is None


def test_the_next_time_is_strictly_later_also_within_a_second() -> None:
    times = CronTimes("* * * * * *")
    boundary = ns("2026-01-01T00:00:05")
    assert times.after(boundary - 1) == boundary
    assert times.after(boundary) == boundary + SECOND
    assert times.after(boundary + 1) == boundary + SECOND


def test_a_window_is_open_below_and_closed_above() -> None:
    times = CronTimes("* * * * *")
    noon = ns("2026-01-01T12:00")
    minute = 60 * SECOND
    assert times.span(noon, noon + minute) == MissedRange(noon + minute, noon + minute, 1)
    assert times.span(noon - 1, noon) == MissedRange(noon, noon, 1)
    assert times.span(noon, noon + minute - 1) is None
    assert times.span(noon, noon) is None
    assert times.span(noon, noon - minute) is None


def test_asking_out_of_order_does_not_disturb_the_answers() -> None:
    times = CronTimes("0 3 * * *", AMSTERDAM)
    late, early = ns("2030-06-01T00:00"), ns("2026-06-01T00:00")
    assert times.after(late) == ns("2030-06-01T01:00")
    assert times.after(early) == ns("2026-06-01T01:00")
    assert times.after(late) == ns("2030-06-01T01:00")


def test_a_year_of_a_per_second_schedule_is_counted_not_walked() -> None:
    times = CronTimes("* * * * * *", AMSTERDAM)
    low = ns("2026-01-01T00:00")
    span = times.span(low, low + 365 * DAY)
    assert span == MissedRange(low + SECOND, low + 365 * DAY, 365 * 86_400)


def test_a_named_hour_each_second_fires_in_one_pass_of_the_overlap_and_once_for_the_gap() -> None:
    times = CronTimes("* * 2 * * *", AMSTERDAM)
    low = ns("2026-10-24T12:00")
    span = times.span(low, low + DAY)
    assert span is not None
    assert span.count == 3600
    gap = times.span(ns("2026-03-28T12:00"), ns("2026-03-29T12:00"))
    assert gap == MissedRange(ns("2026-03-29T01:00"), ns("2026-03-29T01:00"), 1)


def croniter_times(expression: str, zone: str, low: int, high: int) -> list[int]:
    """croniter's answer in epoch seconds, without the second pass of named hours (the one rule that is ours)."""
    start = datetime.fromtimestamp(low, UTC).astimezone(ZoneInfo(zone))
    times = croniter(expression, start, second_at_beginning=len(expression.split()) > 5)
    hour = expression.split()[1 if len(expression.split()) == 5 else 2]
    named = "*" not in hour and "/" not in hour
    found: list[int] = []
    while True:
        try:
            moment = times.get_next(datetime)
        except ValueError:
            return found
        if moment.timestamp() > high:
            return found
        if not (named and moment.fold):
            found.append(int(moment.timestamp()))


minutes = st.sampled_from(["0", "30", "5,35", "*/15", "*/7", "45-59", "*"])
hours = st.sampled_from(["*", "*/2", "*/3", "0", "1", "2", "3", "1-3", "2,3", "0,1,2", "23", "12", "9-17"])
month_days = st.sampled_from(["*", "*", "*", "1", "25-31", "13", "L", "15W", "*/2", "1,L"])
months = st.sampled_from(["*", "*", "*", "3,4,10,11,12", "MAR", "OCT"])
week_days = st.sampled_from(["*", "*", "*", "SUN", "1-5", "7", "5#2", "L5"])


@given(
    expression=st.tuples(minutes, hours, month_days, months, week_days).map(" ".join),
    zone=st.sampled_from(["UTC", AMSTERDAM, NEW_YORK, LORD_HOWE, APIA, "America/Sao_Paulo", "America/St_Johns"]),
    start=st.sampled_from(
        ["2026-03-01", "2026-03-27", "2026-04-03", "2026-10-02", "2026-10-23", "2026-10-30", "2011-12-27", "2018-11-01"]
    ),
    hours_later=st.integers(0, 72),
    length_hours=st.integers(1, 96),
)
def test_every_time_is_the_one_croniter_gives(
    expression: str, zone: str, start: str, hours_later: int, length_hours: int
) -> None:
    low = ns(f"{start}T00:30") // SECOND + hours_later * 3600
    high = low + length_hours * 3600
    expected = croniter_times(expression, zone, low, high)
    times = CronTimes(expression, zone)
    assert [moment // SECOND for moment in walk(times, low * SECOND, high * SECOND)] == expected
    span = times.span(low * SECOND, high * SECOND)
    if not expected:
        assert span is None
    else:
        assert span == MissedRange(expected[0] * SECOND, expected[-1] * SECOND, len(expected))


@given(
    expression=st.sampled_from(["* * * * * *", "*/10 * * * * *", "* * 2 * * *", "0 30 1 * * *", "0 0 */6 * * *"]),
    zone=st.sampled_from([AMSTERDAM, NEW_YORK, LORD_HOWE]),
    low=st.integers(ns("2026-01-01T00:00") // SECOND, ns("2026-12-01T00:00") // SECOND),
    cuts=st.lists(st.integers(0, 20 * 86_400), min_size=2, max_size=5),
)
def test_adjoining_windows_add_up_to_the_whole(expression: str, zone: str, low: int, cuts: list[int]) -> None:
    times = CronTimes(expression, zone)
    edges = sorted((low + cut) * SECOND for cut in cuts)
    parts = [span for one, two in pairwise(edges) if (span := times.span(one, two))]
    whole = times.span(edges[0], edges[-1])
    if whole is None:
        assert not parts
    else:
        assert whole == MissedRange(parts[0].first, parts[-1].last, sum(part.count for part in parts))


@given(
    expression=st.sampled_from(["*/20 * * * *", "30 2 * * *", "15 1 * * *", "0 */3 * * *"]),
    zone=st.sampled_from([AMSTERDAM, NEW_YORK, LORD_HOWE, "UTC"]),
    questions=st.lists(
        st.integers(0, 12 * 86_400).map(lambda offset: ns("2026-10-20T00:00") + offset * SECOND)
        | st.integers(0, 12 * 86_400).map(lambda offset: ns("2026-12-28T00:00") + offset * SECOND)
        | st.integers(0, 12 * 86_400).map(lambda offset: ns("2026-03-25T00:00") + offset * SECOND),
        max_size=12,
    ),
)
def test_what_was_asked_before_never_changes_an_answer(expression: str, zone: str, questions: list[int]) -> None:
    asked_before = CronTimes(expression, zone)
    for question in questions:
        assert asked_before.after(question) == CronTimes(expression, zone).after(question)
