"""Moments on the naive timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.partitions.naive_time import to_datetime, to_nanos, to_text


@given(moment=st.datetimes())
def test_a_datetime_leads_through_nanoseconds_back_to_itself(moment: datetime) -> None:
    assert to_datetime(to_nanos(moment)) == moment


@given(first=st.datetimes(), second=st.datetimes())
def test_order_is_kept(first: datetime, second: datetime) -> None:
    assert (first < second) == (to_nanos(first) < to_nanos(second))


def test_an_aware_moment_has_no_place_on_it() -> None:
    for moment in (datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1), "2024-01-01", None):
        with pytest.raises(TypeError, match="must be a naive datetime, got"):
            to_nanos(moment)


def test_text_has_the_digits_it_needs() -> None:
    midnight = to_nanos(datetime(2024, 1, 1))
    assert to_text(midnight) == "2024-01-01 00:00:00"
    assert to_text(midnight + 500_000_000) == "2024-01-01 00:00:00.5"
    assert to_text(midnight + 1) == "2024-01-01 00:00:00.000000001"
