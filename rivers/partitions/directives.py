"""The directives of a key format: what each writes, and the text it reads.

They are those of ``strftime`` with English names and a fixed width, and chrono's fractions of a second (``%.3f``,
``%9f``). Directives of a time zone are left out, as the timeline has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

_SECOND: Final = timedelta(seconds=1)
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

COMPOSITES: Final = {
    "%D": "%m/%d/%y",
    "%F": "%Y-%m-%d",
    "%R": "%H:%M",
    "%T": "%H:%M:%S",
    "%X": "%H:%M:%S",
    "%c": "%a %b %e %H:%M:%S %Y",
    "%r": "%I:%M:%S %p",
    "%v": "%e-%b-%Y",
    "%x": "%m/%d/%y",
}


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive. ``name`` is the field that it reads.

    ``read`` returns what to write of a moment and its fraction of a second in nanoseconds.

    ``attribute`` is that of a ``datetime`` which is written as it is.
    """

    name: str
    template: str
    pattern: str
    loose_pattern: str
    read: Callable[[datetime, int], Any]
    attribute: str | None = None
    width: int = 0
    is_padded_otherwise: bool = False

    @property
    def is_number(self) -> bool:
        """Whether a flag can change its padding."""
        return self.width > 0

    def padded(self, flag: str) -> Directive:
        """Return the directive padded as the flag says: ``-`` not at all, ``_`` with spaces, ``0`` with zeros."""
        if flag == "-":
            return replace(self, template="%d", pattern=rf"\d{{1,{self.width}}}", is_padded_otherwise=True)
        if flag == "_":
            pattern = rf"(?=.{{{self.width}}}) *\d{{1,{self.width}}}"
            return replace(self, template=f"%{self.width}d", pattern=pattern, is_padded_otherwise=True)
        if flag == "0":
            return replace(self, template=f"%0{self.width}d", pattern=rf"\d{{{self.width}}}")
        return self


def _number(name: str, width: int, read: Callable[[datetime, int], int], attribute: str | None = None) -> Directive:
    return Directive(name, f"%0{width}d", rf"\d{{{width}}}", rf"\d{{1,{width}}}", read, attribute, width)


def _text(name: str, choices: tuple[str, ...], read: Callable[[datetime, int], str]) -> Directive:
    pattern = "|".join(choices)
    return Directive(name, "%s", pattern, pattern, read)


def _fraction(digits: int, prefix: str) -> Directive:
    def read(moment: datetime, nanos: int) -> int:
        return nanos // 10 ** (9 - digits)

    pattern = rf"{'[.]' if prefix else ''}\d{{{digits}}}"
    return Directive("fraction", f"{prefix}%0{digits}d", pattern, pattern, read)


def _shortest_fraction(moment: datetime, nanos: int) -> str:
    digits = next((digits for digits in (3, 6) if nanos % 10 ** (9 - digits) == 0), 9)
    return f".{nanos // 10 ** (9 - digits):0{digits}d}" if nanos else ""


def _hour_of_half_day(moment: datetime, nanos: int) -> int:
    return moment.hour % 12 or 12


def _week_from(weekday: int) -> Callable[[datetime, int], int]:
    """Return the week of the year, when weeks begin with that weekday (Monday is 0)."""
    return lambda moment, nanos: (moment.timetuple().tm_yday + 6 - (moment.weekday() - weekday) % 7) // 7


DIRECTIVES: Final = {
    "Y": _number("Y", 4, lambda moment, nanos: moment.year, "year"),
    "m": _number("m", 2, lambda moment, nanos: moment.month, "month"),
    "d": _number("d", 2, lambda moment, nanos: moment.day, "day"),
    "e": _number("d", 2, lambda moment, nanos: moment.day, "day").padded("_"),
    "H": _number("H", 2, lambda moment, nanos: moment.hour, "hour"),
    "k": _number("H", 2, lambda moment, nanos: moment.hour, "hour").padded("_"),
    "I": _number("I", 2, _hour_of_half_day),
    "l": _number("I", 2, _hour_of_half_day).padded("_"),
    "M": _number("M", 2, lambda moment, nanos: moment.minute, "minute"),
    "S": _number("S", 2, lambda moment, nanos: moment.second, "second"),
    "y": _number("y", 2, lambda moment, nanos: moment.year % 100),
    "j": _number("j", 3, lambda moment, nanos: moment.timetuple().tm_yday),
    "G": _number("G", 4, lambda moment, nanos: moment.isocalendar().year),
    "g": _number("g", 2, lambda moment, nanos: moment.isocalendar().year % 100),
    "V": _number("V", 2, lambda moment, nanos: moment.isocalendar().week),
    "U": _number("U", 2, _week_from(6)),
    "W": _number("W", 2, _week_from(0)),
    "u": _number("u", 1, lambda moment, nanos: moment.isoweekday()),
    "w": _number("w", 1, lambda moment, nanos: moment.isoweekday() % 7),
    "b": _text("b", tuple(name[:3] for name in MONTHS), lambda moment, nanos: MONTHS[moment.month - 1][:3]),
    "h": _text("b", tuple(name[:3] for name in MONTHS), lambda moment, nanos: MONTHS[moment.month - 1][:3]),
    "B": _text("b", MONTHS, lambda moment, nanos: MONTHS[moment.month - 1]),
    "a": _text("a", tuple(name[:3] for name in WEEKDAYS), lambda moment, nanos: WEEKDAYS[moment.weekday()][:3]),
    "A": _text("a", WEEKDAYS, lambda moment, nanos: WEEKDAYS[moment.weekday()]),
    "p": _text("p", ("AM", "PM"), lambda moment, nanos: "PM" if moment.hour >= 12 else "AM"),
    "P": _text("p", ("am", "pm"), lambda moment, nanos: "pm" if moment.hour >= 12 else "am"),
    "s": Directive("s", "%d", r"-?\d+", r"-?\d+", lambda moment, nanos: (moment - datetime(1970, 1, 1)) // _SECOND),
    "f": _fraction(6, ""),
    "3f": _fraction(3, ""),
    "6f": _fraction(6, ""),
    "9f": _fraction(9, ""),
    ".3f": _fraction(3, "."),
    ".6f": _fraction(6, "."),
    ".9f": _fraction(9, "."),
    ".f": Directive("fraction", "%s", r"(?:[.]\d+)?", r"(?:[.]\d+)?", _shortest_fraction),
}
