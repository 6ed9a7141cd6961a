"""Whether a cron expression and its time zone can be used. When it fires is known by ``rivers.scheduling.cron``."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from rivers.cron.expressions import cron_fault
from rivers.exceptions import ScheduleDefinitionError


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
    fault = cron_fault(expr)
    if fault is not None:
        raise ScheduleDefinitionError(f'invalid cron_schedule "{expr}": {fault}')
    if timezone is not None and not _is_known_timezone(timezone):
        raise ScheduleDefinitionError(
            f'invalid timezone "{timezone}": expected an IANA name such as "UTC" or "Europe/Amsterdam"'
        )


@lru_cache(maxsize=1024)
def _is_known_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the time zone database, such as "Europe"
        return False
    return True
