"""Formats of time-window keys, written and read back."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.directives import DIRECTIVES
from rivers.partitions.grids import HOUR_NANOS, MINUTE_NANOS
from rivers.partitions.key_formats import KeyFormat, key_format
from rivers.partitions.naive_time import DAY_NANOS, to_nanos

MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59))
ALIKE_IN_STRFTIME = "YmdHMSfyjGVUWuwIpbBaAeklDFRT"  # glibc, in the C locale, which Python runs in unless told otherwise


@pytest.mark.parametrize("code", ALIKE_IN_STRFTIME)
@given(moment=MOMENTS)
def test_a_directive_writes_what_strftime_writes(code: str, moment: datetime) -> None:
    assert KeyFormat(f"<%{code}>").render(to_nanos(moment)) == moment.strftime(f"<%{code}>")


@pytest.mark.parametrize(
    "fmt",
    [
        *("%Y-%m-%d %H:%M:%S.%f", "%Y%m%d%H%M%S%.6f", "%m/%d/%Y %I:%M:%S %p %f", "%d %B %Y %H.%M.%S%.f", "%s.%f"),
        *("%Y-%j %T%.9f", "%G-W%V-%u %T %6f", "%a %-d %b %Y %k:%M:%S %f", "%Y %U %w %T%.f", "%Y %W %A %T%.f", "%c%.f"),
        *("%v %r %f", "%F%n%R%t%S%%%f", "%Y-%_m-%e %l %P %M:%S%.f", "%F %X %f"),
    ],
)
@given(moment=MOMENTS)
def test_a_full_format_leads_back_to_the_moment(fmt: str, moment: datetime) -> None:
    written = key_format(fmt).render(to_nanos(moment))
    assert key_format(fmt).parse(written) == to_nanos(moment), written
    assert key_format(fmt).parse_exactly(written) == to_nanos(moment)


@given(moment=st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)))
def test_two_digits_stand_for_the_years_1969_to_2068(moment: datetime) -> None:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    assert key_format("%D").parse(key_format("%D").render(to_nanos(moment))) == to_nanos(midnight)


@pytest.mark.rule("partitions 3.2.9")
@pytest.mark.parametrize(
    ("fmt", "text", "moment"),
    [
        ("%Y-%m", "2024-03", datetime(2024, 3, 1)),
        ("%Y", "2024", datetime(2024, 1, 1)),
        ("%m-%d", "03-04", datetime(1900, 3, 4)),
        ("%H", "07", datetime(1900, 1, 1, 7)),
        ("%B %Y", "May 2024", datetime(2024, 5, 1)),
        ("%G-W%V", "2025-W01", datetime(2024, 12, 30)),
        ("%g-W%V", "25-W01", datetime(2024, 12, 30)),
        ("%Y-W%V", "2025-W02", datetime(2025, 1, 6)),
        ("%Y-%W", "2024-00", datetime(2024, 1, 1)),
        ("%Y-%U", "2024-01", datetime(2024, 1, 7)),
        ("", "", datetime(1900, 1, 1)),
        ("all", "all", datetime(1900, 1, 1)),
    ],
)
def test_missing_fields_count_as_the_earliest(fmt: str, text: str, moment: datetime) -> None:
    assert key_format(fmt).parse(text) == to_nanos(moment)


@pytest.mark.parametrize(
    ("fmt", "text"),
    [
        ("%Y-%m-%d", "2024-1-2"),
        ("%Y-%m-%d", "2024-02-30"),
        ("%Y-%m-%d", "0000-01-01"),
        ("%Y-%m-%d", "2024-01-02 "),
        ("%Y-%m-%d", "2024-01-02\n"),
        ("%Y-%m-%dT%H:00", "2024-01-01T24:00"),
        ("%H %d", "24 01"),
        ("%B %Y", "Mai 2024"),
        ("%G-W%V", "2024-W53"),
        ("%Y", "x"),
    ],
)
def test_text_of_another_form_names_no_moment(fmt: str, text: str) -> None:
    assert key_format(fmt).parse(text) is None


@pytest.mark.rule("partitions 3.3.4")
def test_only_the_exact_writing_is_a_key() -> None:
    assert key_format("%Y-%m-%d").parse_exactly("２０２４-01-02") is None
    assert key_format("%a %F").parse_exactly("Mon 2024-01-02") is None
    assert key_format("%a %F").parse_exactly("Tue 2024-01-02") is not None


def test_what_was_meant_is_read_loosely() -> None:
    meant = to_nanos(datetime(2024, 1, 2))
    assert key_format("%Y-%m-%d").parse_loosely(" 2024-1-2") == meant
    assert key_format("%d %B %Y").parse_loosely("2 january 2024") == meant
    assert key_format("%Y-%m-%d").parse_loosely("yesterday") is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-02-29T13:30", datetime(2024, 2, 29, 13, 30)),
        ("2024-02-29 13:30:59.5", datetime(2024, 2, 29, 13, 30, 59)),
        ("2024-02-29T13:30:00Z", datetime(2024, 2, 29, 13, 30)),
        ("20240229", datetime(2024, 2, 29)),
        ("2024/2", datetime(2024, 2, 1)),
        ("2023-02-30", datetime(2023, 2, 28)),
        ("2024-13-01", datetime(2024, 12, 1)),
        ("2024-01-01T24:60", datetime(2024, 1, 1, 23, 59)),
    ],
)
@pytest.mark.parametrize("fmt", ["%Y-%m-%dT%H:00", "%m/%d/%Y"])
def test_a_date_that_begins_with_its_year_is_meant_in_any_format(fmt: str, text: str, meant: datetime) -> None:
    assert key_format(fmt).parse_loosely(text) == to_nanos(meant)


@pytest.mark.parametrize("text", ["", "0000-01-01", "29-02", "today 2024", "202"])
def test_other_text_means_no_moment(text: str) -> None:
    assert key_format("%Y-%m-%d").parse_loosely(text) is None


@pytest.mark.rule("partitions 3.2.10")
@pytest.mark.parametrize("fmt", ["%Q", "%", "%Y-%", "%-F", "%z", "%Z", "%E", "%2f", "%-B"])
def test_an_unknown_directive_is_named(fmt: str) -> None:
    with pytest.raises(PartitionDefinitionError, match=re.escape(f"fmt {fmt!r}: unknown directive")):
        KeyFormat(fmt)


def test_fractions_of_a_second_have_the_digits_that_are_asked_for() -> None:
    half, odd = to_nanos(datetime(2024, 1, 1)) + 500_000_000, to_nanos(datetime(2024, 1, 1)) + 7
    assert [KeyFormat(f"%{code}").render(half) for code in ("f", "3f", "6f", "9f", ".3f", ".f")] == [
        *("500000", "500", "500000", "500000000", ".500", ".500")
    ]
    assert KeyFormat("%.9f").render(odd) == KeyFormat("%.f").render(odd) == ".000000007"
    assert KeyFormat("%.f").render(to_nanos(datetime(2024, 1, 1))) == ""


@pytest.mark.parametrize(
    ("fmt", "unit", "told"),
    [
        ("%Y-%m-%d", DAY_NANOS, True),
        ("%d.%m.%Y", DAY_NANOS, True),
        ("%Y-%m-%dT%H:00", HOUR_NANOS, True),
        ("%Y-%m-%dT%H:%M:%S", HOUR_NANOS, True),
        ("%Y-%m-%dT%H:%M", MINUTE_NANOS, True),
        ("%Y-%m-%d", HOUR_NANOS, False),
        ("%Y-%m", DAY_NANOS, False),
        ("%y%m%d", DAY_NANOS, False),
        ("%Y%-m%-d", DAY_NANOS, False),
        ("%Y-%m-%dT%H:%M:%S", 1, False),
    ],
)
def test_plain_formats_are_seen_to_tell_moments_apart(fmt: str, unit: int, told: bool) -> None:
    assert KeyFormat(fmt).tells_apart(unit) is told


@given(
    fmt=st.lists(st.sampled_from(["%Y", "%m", "%d", "%H", "%M", "%S", "-", "T", "x1"]), max_size=8).map("".join),
    number=st.integers(0, 30_000),
    unit=st.sampled_from([DAY_NANOS, HOUR_NANOS, MINUTE_NANOS]),
)
def test_what_is_seen_to_tell_moments_apart_does(fmt: str, number: int, unit: int) -> None:
    written = KeyFormat(fmt)
    if written.tells_apart(unit):
        assert written.parse(written.render(number * unit)) == number * unit


def test_every_directive_is_tried_here() -> None:
    tried = set(ALIKE_IN_STRFTIME) | set("ghPs") | {"3f", "6f", "9f", ".3f", ".6f", ".9f", ".f"}
    assert set(DIRECTIVES) <= tried
    assert KeyFormat("%h %g").render(0) == "Jan 70"
