"""The text of a time-window key: a ``strftime`` format that can be read back.

rivers has directives of its own (``directives``), so that a key does not depend on the locale or the C library of the
host.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from rivers.durations import NANOS_PER_SECOND
from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.directives import COMPOSITES, DIRECTIVES, MONTHS, WEEKDAYS, Directive
from rivers.partitions.naive_time import DAY_NANOS, to_datetime, to_nanos

_EARLIEST_YEAR: Final = 1900  # the same as Python's strptime
_DIRECTIVE: Final = re.compile(r"%([-_0]?)(\.?[369]?f|.?)", re.DOTALL)
_TELLING: Final = ("Y", "m", "d", "H", "M", "S")
_YEAR_FIRST: Final = re.compile(r"(\d{4})" + r"(?:[-/. T:]?(\d{1,2}))?" * 5)
_UNITS: Final = {3: DAY_NANOS, 4: 3600 * NANOS_PER_SECOND, 5: 60 * NANOS_PER_SECOND, 6: NANOS_PER_SECOND}


class KeyFormat:
    """A format, ready to write and read keys.

    :raises PartitionDefinitionError: for an unknown directive
    """

    def __init__(self, fmt: str) -> None:
        self.fmt = fmt
        self._template, self._directives, strict, loose = _compiled(fmt)
        self._pattern: Final = re.compile(strict, re.DOTALL)
        self._loose_pattern: Final = re.compile(loose, re.DOTALL | re.IGNORECASE)
        self._names: Final = tuple(each.name for each in self._directives)
        attributes = [each.attribute for each in self._directives if each.attribute is not None]
        self._read_attributes: Callable[[datetime], Any] | None = None
        if attributes and len(attributes) == len(self._directives):
            self._read_attributes = attrgetter(*attributes)
        self._is_plain: Final = len(set(self._names)) == len(self._names) and set(self._names) <= set(_TELLING)
        self._constructor_order: Final = tuple(
            self._names.index(name) for name in _TELLING[: len(self._names)] if name in self._names
        )

    def render(self, nanos: int) -> str:
        """Return the key of the window that starts then."""
        moment = to_datetime(nanos)
        if self._read_attributes is not None:
            return self._template % self._read_attributes(moment)
        return self._template % tuple(each.read(moment, nanos % NANOS_PER_SECOND) for each in self._directives)

    def parse(self, text: str) -> int | None:
        """Return the moment that a key names, ``None`` for text of another form. Missing fields are the earliest."""
        return self._moment(self._pattern.fullmatch(text))

    def parse_exactly(self, text: str) -> int | None:
        """Parse as :meth:`parse` does, but return ``None`` unless the moment is written exactly so."""
        nanos = self.parse(text)
        return nanos if nanos is not None and self.render(nanos) == text else None

    def parse_loosely(self, text: str) -> int | None:
        """Parse as :meth:`parse` does, with numbers of any width, or any date written from its year on."""
        meant = self._moment(self._loose_pattern.fullmatch(text.strip()))
        return _written_from_the_year_on(text.strip()) if meant is None else meant

    def tells_apart(self, unit: int) -> bool:
        """Return whether all moments that are whole numbers of ``unit`` plainly have keys of their own.

        ``False`` proves nothing: such a format is checked on windows.
        """
        names = set(self._names)
        if not self._is_plain or any(each.is_padded_otherwise for each in self._directives):
            return False
        return any(unit % length == 0 and names >= set(_TELLING[:count]) for count, length in _UNITS.items())

    def _moment(self, match: re.Match[str] | None) -> int | None:
        if match is None:
            return None
        try:
            if self._is_plain and len(self._constructor_order) == len(self._names) >= 3:
                groups = match.groups()
                return to_nanos(datetime(*(int(groups[place]) for place in self._constructor_order)))  # pyright: ignore[reportArgumentType]
            return _moment_of(dict(zip(self._names, match.groups(), strict=True)))
        except (ValueError, OverflowError):
            return None


@lru_cache(maxsize=1024)
def key_format(fmt: str) -> KeyFormat:
    """Return the format, which is read once. :raises PartitionDefinitionError: for an unknown directive"""
    return KeyFormat(fmt)


def _written_from_the_year_on(text: str) -> int | None:
    """Return the moment that begins a text, ``None`` for another form. A day past the month's end is its last."""
    found = _YEAR_FIRST.match(text)
    if found is None or found[1] == "0000":
        return None
    year, month, day, hour, minute, second = (int(each or 0) for each in found.groups())
    month = min(max(month, 1), 12)
    day = min(max(day, 1), monthrange(year, month)[1])
    return to_nanos(datetime(year, month, day, min(hour, 23), min(minute, 59), min(second, 59)))


def _compiled(fmt: str) -> tuple[str, Sequence[Directive], str, str]:
    """Return the ``%`` template, the directives that fill it, and the patterns that read it strictly and loosely."""
    template, strict, loose = "", "", ""
    directives: list[Directive] = []
    expanded = _DIRECTIVE.sub(lambda found: COMPOSITES.get(found[0], found[0]), fmt)
    place = 0
    for found in _DIRECTIVE.finditer(expanded):
        literal = expanded[place : found.start()]
        place = found.end()
        directive = None
        if found[0] in {"%%", "%n", "%t"}:
            literal += {"%%": "%", "%n": "\n", "%t": "\t"}[found[0]]
        else:
            directive = DIRECTIVES.get(found[2])
            if directive is None or (found[1] and not directive.is_number):
                raise PartitionDefinitionError(f"fmt {fmt!r}: unknown directive {found[0]!r}")
            directive = directive.padded(found[1])
        template += literal.replace("%", "%%")
        strict += re.escape(literal)
        loose += re.escape(literal)
        if directive is not None:
            directives.append(directive)
            template += directive.template
            strict += f"({directive.pattern})"
            loose += f"({directive.loose_pattern})"
    rest = expanded[place:]
    return template + rest.replace("%", "%%"), directives, strict + re.escape(rest), loose + re.escape(rest)


def _moment_of(fields: Mapping[str, str]) -> int:
    """Return the earliest moment with these fields. :raises ValueError: when there is none"""
    nanos = int(fields["fraction"].lstrip(".").ljust(9, "0")) if "fraction" in fields else 0
    if "s" in fields:
        return int(fields["s"]) * NANOS_PER_SECOND + nanos
    time = timedelta(hours=_hour_of(fields), minutes=int(fields.get("M", 0)), seconds=int(fields.get("S", 0)))
    return to_nanos(datetime.combine(_date_of(fields), datetime.min.time()) + time) + nanos


def _hour_of(fields: Mapping[str, str]) -> int:
    if "H" in fields:
        hour = int(fields["H"])
        if hour > 23:
            raise ValueError(hour)
        return hour
    afternoon = 12 if fields.get("p", "").lower() == "pm" else 0
    return int(fields.get("I", 12)) % 12 + afternoon


def _date_of(fields: Mapping[str, str]) -> date:
    year = _year_of(fields, "Y", "y")
    weekday = _weekday_of(fields)
    iso_year = _year_of(fields, "G", "g")
    if iso_year is not None or ("V" in fields and "m" not in fields):
        named = iso_year if iso_year is not None else year
        return date.fromisocalendar(_EARLIEST_YEAR if named is None else named, int(fields.get("V", 1)), weekday or 1)
    year = _EARLIEST_YEAR if year is None else year
    first = date(year, 1, 1)
    if "j" in fields:
        return first + timedelta(days=int(fields["j"]) - 1)
    for name, week_start in (("W", 1), ("U", 7)):
        if name in fields:
            # Week 1 begins with the first such weekday; the days before it are week 0.
            week_one = first + timedelta(days=(week_start - first.isoweekday()) % 7)
            monday = week_one + timedelta(weeks=int(fields[name]) - 1)
            day = monday if weekday is None else monday + timedelta(days=(weekday - week_start) % 7)
            return max(day, first)
    month = _month_of(fields)
    return date(year, month, int(fields.get("d", 1)))


def _year_of(fields: Mapping[str, str], full: str, short: str) -> int | None:
    if full in fields:
        return int(fields[full])
    if short in fields:
        number = int(fields[short])
        return number + (1900 if number >= 69 else 2000)
    return None


def _month_of(fields: Mapping[str, str]) -> int:
    if "m" in fields:
        return int(fields["m"])
    return next((place + 1 for place, name in enumerate(MONTHS) if name[:3] == fields.get("b", "")[:3].title()), 1)


def _weekday_of(fields: Mapping[str, str]) -> int | None:
    if "u" in fields:
        return int(fields["u"])
    if "w" in fields:
        return int(fields["w"]) or 7
    return next((place + 1 for place, name in enumerate(WEEKDAYS) if name[:3] == fields.get("a", "")[:3].title()), None)
