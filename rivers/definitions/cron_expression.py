"""Whether a cron expression and its time zone can be used. When it fires is known by ``rivers.scheduling.cron``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from rivers.exceptions import ScheduleDefinitionError

# An R field draws a random number each time the expression is read, so two readings of one schedule would differ.
_RANDOM_ITEM = re.compile(r"r(\(.*\))?(/.*)?", re.IGNORECASE)

# Before the first year that croniter's year field can hold, so that a schedule of past years only is still valid.
_VALIDATION_START = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
_YEARS_AHEAD = 131


def validate_cron(expr: str, timezone: str | None = None) -> None:
    """Check a cron expression of 5, 6 (seconds first) or 7 (year last) fields, or an alias such as ``@daily``.

    :raises TypeError: when either argument is not a string
    :raises ScheduleDefinitionError: when the expression is empty, malformed, random (``R``) or can never fire
        (``0 0 30 2 *``), or when no time zone has that name
    """
    if not isinstance(expr, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"cron_schedule must be a str, got {type(expr).__name__}")
    if timezone is not None and not isinstance(timezone, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"timezone must be a str, got {type(timezone).__name__}")
    if not expr:
        raise ScheduleDefinitionError("cron_schedule cannot be empty")
    fault = _cron_fault(expr)
    if fault is not None:
        raise ScheduleDefinitionError(f'invalid cron_schedule "{expr}": {fault}')
    if timezone is not None and not _is_known_timezone(timezone):
        raise ScheduleDefinitionError(
            f'invalid timezone "{timezone}": expected an IANA name such as "UTC" or "Europe/Amsterdam"'
        )


@lru_cache(maxsize=4096)
def _cron_fault(expr: str) -> str | None:
    """What is wrong with the expression, ``None`` when nothing is."""
    from croniter import croniter
    from croniter.croniter import CroniterBadDateError

    for field in expr.split():
        if any(_RANDOM_ITEM.fullmatch(item) for item in field.split(",")):
            return f"the random field {field!r} would fire at other times after each start"
    try:
        times = croniter(expr, _VALIDATION_START, second_at_beginning=True, max_years_between_matches=_YEARS_AHEAD)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        return str(error)
    try:
        times.get_next(datetime)
    except CroniterBadDateError:
        return "it never fires"
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def _is_known_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the time zone database, such as "Europe"
        return False
    return True
