"""Moments on the naive timeline, as nanoseconds since 1970-01-01 00:00:00 on a clock that never jumps.

They are integers, because a ``datetime`` ends at the microsecond and an interval does not. They are not epoch times:
nothing here knows a time zone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from rivers.durations import NANOS_PER_SECOND

DAY_NANOS: Final = 86_400 * NANOS_PER_SECOND
_EPOCH: Final = datetime(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_nanos(moment: datetime) -> int:
    """Return the nanoseconds of a naive ``datetime``. :raises TypeError: for an aware one, and for anything else"""
    try:
        return (moment - _EPOCH) // _MICROSECOND * 1000
    except TypeError:
        raise TypeError(f"a moment of partitions must be a naive datetime, got {moment!r}") from None


def to_datetime(nanos: int) -> datetime:
    """Return the naive ``datetime``, cut to the microsecond. :raises OverflowError: outside the years 1 to 9999"""
    seconds, rest = divmod(nanos, NANOS_PER_SECOND)
    return _EPOCH + timedelta(0, seconds, rest // 1000)


def to_text(nanos: int) -> str:
    """Return the moment for messages, with as many digits as it needs."""
    text, fraction = str(to_datetime(nanos).replace(microsecond=0)), nanos % NANOS_PER_SECOND
    return f"{text}.{fraction:09d}".rstrip("0") if fraction else text
