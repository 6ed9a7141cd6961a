"""Stretches of even local time, against the zone itself."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.scheduling.zones import DAY, stretches, year_of, year_start

ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_utc_is_one_stretch_however_long() -> None:
    (only,) = stretches("UTC", second("2020-01-01T00:00Z"), second("2026-01-01T00:00Z"))
    assert (only.offset, only.offset_before) == (0, 0)
    assert only.end == second("2026-01-01T00:00Z") + 1


def test_a_spring_change_begins_a_stretch_at_its_exact_second() -> None:
    winter, summer = stretches("Europe/Amsterdam", second("2026-03-01T00:00Z"), second("2026-04-01T00:00Z"))
    assert winter.end == summer.start == second("2026-03-29T01:00Z")
    assert (winter.offset, summer.offset_before, summer.offset) == (3600, 3600, 7200)


def test_half_an_hour_on_lord_howe() -> None:
    _, summer = stretches("Australia/Lord_Howe", second("2026-10-01T00:00Z"), second("2026-10-10T00:00Z"))
    assert (summer.offset_before, summer.offset) == (37_800, 39_600)


def test_a_whole_day_is_skipped_in_apia() -> None:
    _, later = stretches("Pacific/Apia", second("2011-12-25T00:00Z"), second("2012-01-05T00:00Z"))
    assert later.offset - later.offset_before == DAY
    assert later.start == second("2011-12-30T10:00Z")


def test_a_window_inside_a_repeated_hour_still_sees_the_change_that_repeats_it() -> None:
    inside = second("2026-10-25T01:30Z")
    first, *_ = [part for part in stretches("Europe/Amsterdam", inside, inside + 60) if part.end > inside]
    assert first.start == second("2026-10-25T01:00Z")
    assert first.offset < first.offset_before


def test_a_change_at_the_last_second_is_a_stretch_of_its_own() -> None:
    change = second("2026-03-29T01:00Z")
    *_, last = stretches("Europe/Amsterdam", change - DAY, change)
    assert (last.start, last.end) == (change, change + 1)


@pytest.mark.parametrize(("text", "year"), [("1969-12-31T23:59:59Z", 1969), ("1970-01-01T00:00:00Z", 1970)])
def test_years_on_both_sides_of_the_epoch(text: str, year: int) -> None:
    assert year_of(second(text)) == year
    assert year_start(year) <= second(text) < year_start(year + 1)


@given(
    zone=st.sampled_from(ZONES),
    start=st.integers(second("1975-01-01T00:00Z"), second("2060-01-01T00:00Z")),
    length=st.integers(1, 800 * DAY),
    at=st.floats(0, 1),
)
def test_stretches_join_without_gaps_and_tell_the_offset_of_every_second(
    zone: str, start: int, length: int, at: float
) -> None:
    parts = list(stretches(zone, start, start + length))
    assert parts[0].start <= start
    assert parts[-1].end == start + length + 1
    assert all(one.end == two.start and one.offset == two.offset_before for one, two in pairwise(parts))
    moment = start + int(length * at)
    (holder,) = [part for part in parts if part.start <= moment < part.end]
    offset = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert holder.offset == offset.total_seconds()
