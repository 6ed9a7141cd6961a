"""Lengths of time as text, as seconds and as integer nanoseconds.

This module owns the grammar of duration strings (``"1h30m"``). It knows nothing of clocks or of points in time.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from fractions import Fraction

NANOS_PER_SECOND = 1_000_000_000
_NANOS_MAX = 2**63 - 1  # the storage engine wraps silently beyond this

_SECOND = NANOS_PER_SECOND
_DAY = 86_400 * _SECOND
# A month is 30.44 days and a year 365.25 days, as in the reference API's parser (humantime): lengths, not dates.
_UNITS: dict[str, int] = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    **dict.fromkeys(("s", "sec", "second", "seconds"), _SECOND),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600 * _SECOND),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * _DAY),
    **dict.fromkeys(("M", "month", "months"), 2_630_016 * _SECOND),
    **dict.fromkeys(("y", "year", "years"), 31_557_600 * _SECOND),
}
_WRITTEN = (("d", _DAY), *((unit, _UNITS[unit]) for unit in ("h", "m", "s", "ms", "us", "ns")))

_GROUP = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)\s*")
_EXAMPLES = 'Examples: "30s", "5m", "1h30m", "250ms"'


def parse_duration(text: str, parameter: str) -> int:
    """Read a duration string and return nanoseconds, rounded to the nearest.

    The text is one or more ``<number><unit>`` groups, spaces allowed between the parts; a bare number is an error
    except ``0``. ``M`` is a month of 30.44 days, ``y`` a year of 365.25. ``parameter`` is the name that errors give.

    Raises:
        TypeError: ``text`` is not a string.
        ValueError: the text is not a duration, or is longer than 292 years.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{parameter} must be a duration string such as '30s', got {type(text).__name__}")
    if text.strip() == "0":
        return 0
    if not text.strip():
        raise _invalid(text, parameter, "it is empty")
    total = Fraction(0)
    position = 0
    while position < len(text):
        group = _GROUP.match(text, position)
        if group is None:
            raise _invalid(text, parameter, f"a number is expected at position {position + 1}")
        unit = group["unit"]
        if not unit:
            raise _invalid(text, parameter, f"the number {group['number']} has no unit")
        if unit not in _UNITS:
            raise _invalid(text, parameter, f"{unit!r} is not a unit (ns, us, ms, s, m, h, d, w, M, y)")
        total += Fraction(group["number"]) * _UNITS[unit]
        position = group.end()
    nanos = round(total)
    if nanos > _NANOS_MAX:
        raise _invalid(text, parameter, "it is longer than 292 years")
    return nanos


def _invalid(text: str, parameter: str, reason: str) -> ValueError:
    return ValueError(f"invalid duration for '{parameter}': \"{text}\" — {reason}. {_EXAMPLES}")


def format_duration(nanos: int) -> str:
    """Write nanoseconds as the shortest sum of days and smaller units; ``parse_duration`` reads it back exactly.

    Zero is ``"0s"``. Raises ``ValueError`` when negative.
    """
    if nanos < 0:
        raise ValueError(f"a duration is not negative, got {nanos} ns")
    groups: list[str] = []
    for unit, size in _WRITTEN:
        count, nanos = divmod(nanos, size)
        if count:
            groups.append(f"{count}{unit}")
    return "".join(groups) or "0s"


def to_ns(value: str | int | float | timedelta, parameter: str) -> int:
    """Return the nanoseconds of a duration string, a number of seconds or a ``timedelta``; floats to the microsecond.

    Raises:
        TypeError: any other type (``bool`` included).
        ValueError: not a duration, negative, or not finite.
    """
    if isinstance(value, str):
        return parse_duration(value, parameter)
    if isinstance(value, timedelta):
        nanos = value // timedelta(microseconds=1) * 1_000
    elif isinstance(value, bool) or not isinstance(value, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
        kind = type(value).__name__
        raise TypeError(f"{parameter} must be a duration string, seconds or a timedelta, got {kind}")
    elif isinstance(value, int):
        nanos = value * NANOS_PER_SECOND
    elif not math.isfinite(value):
        raise ValueError(f"{parameter} must be finite, got {value}")
    else:
        nanos = round(value * 1_000_000) * 1_000
    if nanos < 0:
        raise ValueError(f"{parameter} must not be negative, got {value}")
    return nanos
