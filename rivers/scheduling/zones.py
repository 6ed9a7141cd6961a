"""The offset changes of a time zone, as stretches of UTC in which local time runs evenly.

Owns the knowledge that a zone's local time jumps; knows nothing of cron. Works in whole seconds since the epoch.
Changes are found by probing the zone once a day of a year, so two changes within one day of which the second undoes the
first are not seen; no zone has had such a pair since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
OVERLAP_MAX: Final = 2 * DAY  # the longest jump is one day: a crossing of the date line


@dataclass(frozen=True, slots=True)
class Stretch:
    """UTC seconds ``start`` (included) to ``end`` (not included), in which local time is UTC plus ``offset``.

    ``offset_before`` is the offset that held until ``start``; equal to ``offset`` when nothing changed there.
    """

    start: int
    end: int
    offset: int
    offset_before: int


def year_of(second: int) -> int:
    """Return the UTC year that the second lies in."""
    return (_EPOCH + timedelta(seconds=second)).year


def year_start(year: int) -> int:
    """Return the first second of the UTC year."""
    return int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())


def stretches(zone: str, after: int, until: int) -> Iterator[Stretch]:
    """The stretches that hold the seconds ``after < t <= until``, in order.

    The first one begins earlier than ``after`` by more than the longest jump, so that a second which lies inside a
    repeated hour is seen together with the change that repeats it.
    """
    start = after - OVERLAP_MAX
    offset = before = _offset(zone, start)
    for year in range(year_of(start), year_of(until) + 1):
        for moment, new_offset in _changes(zone, year):
            if moment <= start:
                continue
            if moment > until:
                break
            yield Stretch(start, moment, offset, before)
            start, before, offset = moment, offset, new_offset
    yield Stretch(start, until + 1, offset, before)


def _offset(zone: str, second: int) -> int:
    moment = (_EPOCH + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return ``(second, offset from then on)`` of every change in the UTC year."""
    found: list[tuple[int, int]] = []
    low = year_start(year) - 1
    end = low + DAY * 366
    offset = _offset(zone, low)
    while low < end:
        high = low + DAY
        new_offset = _offset(zone, high)
        if new_offset != offset:
            found.append((_moment_of_change(zone, low, high, offset), new_offset))
        low, offset = high, new_offset
    return tuple((moment, after) for moment, after in found if year_of(moment) == year)


def _moment_of_change(zone: str, low: int, high: int, offset: int) -> int:
    """Return the first second in ``low < t <= high`` at which ``offset`` no longer holds."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
