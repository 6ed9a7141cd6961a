"""The declaration of a schedule: when, which job, and the function that may decide otherwise.

``validate_cron`` is the check of its cron expression and time zone, which users may call as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from rivers.cron.expressions import cron_fault
from rivers.definitions.argument_checks import require_optional_text, require_text, require_text_mapping
from rivers.exceptions import ScheduleDefinitionError
from rivers.records import EvalMode, ScheduleStatus


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
        raise ScheduleDefinitionError(f'invalid cron_schedule "{expr}": {fault}', value=expr)
    if timezone is not None and not _is_known_timezone(timezone):
        raise ScheduleDefinitionError(
            f'invalid timezone "{timezone}": expected an IANA name such as "UTC" or "Europe/Amsterdam"', value=timezone
        )


@lru_cache(maxsize=1024)
def _is_known_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the time zone database, such as "Europe"
        return False
    return True


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Schedule:
    """A trigger that launches a job at the times of a cron expression. It can be used as a decorator.

    Without a function each tick asks for one run of ``job_name``. ``tags`` are added to every run that it launches.
    ``eval_timeout`` is a duration such as ``"30s"``, read when the automation graph starts.

    :raises ScheduleDefinitionError: for a bad cron expression or time zone, or an empty ``job_name``
    """

    name: str
    cron_schedule: str
    job_name: str
    evaluation_fn: Callable[..., Any] | None
    default_status: ScheduleStatus
    timezone: str | None
    tags: dict[str, str] | None
    description: str | None
    eval_mode: EvalMode
    eval_timeout: str | None

    def __init__(
        self,
        func: Callable[..., Any] | None = None,
        *,
        cron_schedule: str,
        job_name: str,
        name: str | None = None,
        evaluation_fn: Callable[..., Any] | None = None,
        default_status: ScheduleStatus = ScheduleStatus.Stopped,
        timezone: str | None = None,
        tags: dict[str, str] | None = None,
        description: str | None = None,
        eval_mode: EvalMode = EvalMode.Auto,
        eval_timeout: str | None = None,
    ) -> None:
        if func is not None and evaluation_fn is not None:
            raise TypeError("Schedule takes its function either positionally or as evaluation_fn, not both")
        function = func if func is not None else evaluation_fn
        validate_cron(cron_schedule, timezone)
        require_text("job_name", job_name)
        if not job_name:
            raise ScheduleDefinitionError("job_name cannot be empty")
        require_optional_text("name", name)
        require_optional_text("description", description)
        require_optional_text("eval_timeout", eval_timeout)
        require_text_mapping("tags", tags)
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(
            name=_name_of(name, function, job_name),
            cron_schedule=cron_schedule,
            job_name=job_name,
            evaluation_fn=function,
            default_status=ScheduleStatus(default_status),
            timezone=timezone,
            tags=None if tags is None else dict(tags),
            description=description,
            eval_mode=EvalMode(eval_mode),
            eval_timeout=eval_timeout,
            _given_name=name,
        )

    def __call__(self, func: Callable[..., Any]) -> Schedule:
        """Return a new schedule with ``func`` attached and everything else copied."""
        return replace(self, evaluation_fn=func, name=vars(self)["_given_name"])

    def __repr__(self) -> str:
        return f"Schedule(name={self.name!r}, cron={self.cron_schedule!r}, job={self.job_name!r})"


def _name_of(given: str | None, function: Callable[..., Any] | None, job_name: str) -> str:
    if given is not None:
        return given
    return f"{job_name}_schedule" if function is None else function.__name__
