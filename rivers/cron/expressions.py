"""The check that a cron expression can be used. ``wall_times`` knows what a valid one means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

# An R field draws a random number each time the expression is read, so two readings of one schedule would differ.
_RANDOM_ITEM = re.compile(r"r(\(.*\))?(/.*)?", re.IGNORECASE)

# Before the first year that croniter's year field can hold, so that a schedule of past years only is still valid.
_VALIDATION_START = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
_YEARS_AHEAD = 131


@lru_cache(maxsize=4096)
def cron_fault(expr: str) -> str | None:
    """Return what is wrong with an expression of 5, 6 (seconds first) or 7 (year last) fields, or an alias such as
    ``@daily``.

    ``None`` when nothing is. An expression that can never fire (``0 0 30 2 *``), or that fires at random, is wrong.
    """
    from croniter import croniter
    from croniter.croniter import CroniterBadDateError

    for field in expr.split():
        if any(_RANDOM_ITEM.fullmatch(item) for item in field.split(",")):
            return f"the random field {field!r} would fire at other times after each start"
    try:
        times = croniter(expr, _VALIDATION_START, second_at_beginning=True, max_years_between_matches=_YEARS_AHEAD)
        times.get_next(datetime)
    except CroniterBadDateError:
        return "it never fires"
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        return str(error)
    return None
