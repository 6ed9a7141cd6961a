"""Points in time and their units: epoch nanoseconds inside, whole microseconds on entry.

The storage and every comparison use integers, because a float of epoch size is only exact to about 0.2 microseconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

Moment = str | datetime | float | int
"""ISO 8601 text (UTC when it names no zone), an aware datetime, or epoch seconds."""

FOREVER = 1 << 100
"""A deadline, in nanoseconds, that no clock reaches."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment_ns(moment: Moment) -> int:
    """Return the epoch nanoseconds of a moment, to the microsecond.

    Raises:
        ValueError: text that is not ISO 8601, a datetime without a zone, or a number that is not finite.
        TypeError: any other type.
    """
    if isinstance(moment, str):
        try:
            parsed = datetime.fromisoformat(moment)
        except ValueError:
            raise ValueError(f"'{moment}' is no moment: expected ISO 8601, such as '2026-01-01T00:00:00Z'") from None
        moment = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, got the naive datetime {moment.isoformat()}")
        return (moment - _EPOCH) // _MICROSECOND * 1_000
    if isinstance(moment, bool) or not isinstance(moment, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a moment is ISO 8601 text, a datetime or epoch seconds, got {type(moment).__name__}")
    if not math.isfinite(moment):
        raise ValueError(f"a moment is finite, got {moment}")
    return moment * 1_000_000_000 if isinstance(moment, int) else round(moment * 1_000_000) * 1_000


def length_ns(seconds: float) -> int:
    """Return the nanoseconds of a length or deadline in seconds, to the nearest microsecond; infinity is ``FOREVER``.

    Raises ``ValueError`` for NaN.
    """
    try:
        return round(seconds * 1_000_000) * 1_000
    except OverflowError:
        return FOREVER if seconds > 0 else -FOREVER


def whole_microsecond(nanos: int) -> int:
    """Return the first whole microsecond not before ``nanos``, so that no sleeper wakes before its deadline."""
    return -(-nanos // 1_000) * 1_000


def seconds_of(nanos: int) -> float:
    """Return seconds, to the microsecond, which a float of epoch size can still tell apart."""
    return (nanos // 1_000) / 1_000_000


def datetime_of(nanos: int) -> datetime:
    """Return the aware UTC datetime of epoch nanoseconds, to the microsecond."""
    return _EPOCH + timedelta(microseconds=nanos // 1_000)


def text_of(nanos: int) -> str:
    """Return the ISO 8601 text of epoch nanoseconds, for messages."""
    return datetime_of(nanos).isoformat().replace("+00:00", "Z")
