"""Points in time and their rounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rivers.clock.moments import FOREVER, datetime_of, length_ns, moment_ns, seconds_of, text_of, whole_microsecond

NEW_YEAR = 1_767_225_600
AMSTERDAM = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01",
        "2026-01-01T01:00:00+01:00",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 1, tzinfo=AMSTERDAM),
        NEW_YEAR,
        float(NEW_YEAR),
    ],
)
def test_a_moment_may_be_said_in_several_ways(moment: str | datetime | float) -> None:
    assert moment_ns(moment) == NEW_YEAR * 10**9


def test_fractions_keep_their_microseconds() -> None:
    assert moment_ns(NEW_YEAR + 0.123456) == NEW_YEAR * 10**9 + 123_456_000
    assert moment_ns("2026-01-01T00:00:00.123456Z") == NEW_YEAR * 10**9 + 123_456_000
    assert seconds_of(NEW_YEAR * 10**9 + 123_456_000) == NEW_YEAR + 0.123456


@pytest.mark.parametrize("moment", ["tomorrow", datetime(2026, 1, 1), float("nan"), float("inf")])
def test_what_names_no_moment_is_a_value_error(moment: str | datetime | float) -> None:
    with pytest.raises(ValueError):
        moment_ns(moment)


@pytest.mark.parametrize("moment", [None, True, b"2026", timedelta(1)])
def test_other_types_are_no_moments(moment: object) -> None:
    with pytest.raises(TypeError, match="moment"):
        moment_ns(moment)


def test_lengths_are_rounded_to_whole_microseconds() -> None:
    assert length_ns(0.1 + 0.2) == 300_000_000
    assert length_ns(1.4e-6) == 1_000
    assert length_ns(4e-7) == 0
    assert length_ns(-2.5) == -2_500_000_000
    assert length_ns(float("inf")) == FOREVER
    with pytest.raises(ValueError):
        length_ns(float("nan"))


def test_an_exact_deadline_is_never_rounded_to_before_itself() -> None:
    assert [whole_microsecond(ns) for ns in (0, 1, 999, 1000, 1001)] == [0, 1000, 1000, 1000, 2000]


def test_moments_are_told_in_utc() -> None:
    assert datetime_of(NEW_YEAR * 10**9) == datetime(2026, 1, 1, tzinfo=UTC)
    assert text_of(NEW_YEAR * 10**9 + 500_000_000) == "2026-01-01T00:00:00.500000Z"


def test_text_that_is_no_moment_is_quoted_with_an_example() -> None:
    with pytest.raises(ValueError, match="'tomorrow' is no moment: expected ISO 8601, such as '2026-01-01T00:00:00Z'"):
        moment_ns("tomorrow")
