"""The contexts of the functions of schedules and sensors, and the time of this machine for contexts made by hand."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Generic, cast

from rivers.definitions.config import ConfigT


def _wall_datetime(epoch_seconds: Callable[[], float] = time.time) -> datetime:
    return datetime.fromtimestamp(epoch_seconds(), UTC)


@dataclass(frozen=True, slots=True)
class FixedMoment:
    """A clock that stands still, for a context that has been sent to another process. Picklable."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


WALL_NOW: Callable[[], datetime] = _wall_datetime
"""Returns the aware UTC datetime of this machine."""

WALL_SLEEP: Callable[[float], None] = time.sleep
"""Waits that many seconds of this machine's time."""


class _TickContext:
    """The common part of both contexts: the clock, and the way to another process."""

    def now(self) -> datetime:
        """Return the aware UTC time of the clock that the evaluation is on."""
        return (vars(self)["_now"] or WALL_NOW)()

    def __reduce__(self) -> tuple[Any, ...]:
        # The clock's callable does not cross a process boundary; the moment that it returns does.
        clock: Callable[[], datetime] | None = vars(self)["_now"]
        values = tuple(getattr(self, each.name) for each in fields(cast("Any", self)))
        return _restore, (type(self), values, None if clock is None else FixedMoment(clock()))


@dataclass(frozen=True, init=False, eq=False)
class ScheduleEvaluationContext(_TickContext, Generic[ConfigT]):
    """One tick of a schedule.

    ``scheduled_execution_time`` is the cron time in UTC, RFC 3339 with whole seconds. ``config`` is an instance of the
    model that the annotation is subscripted with, else ``None``.
    """

    scheduled_execution_time: str
    schedule_name: str
    config: ConfigT

    def __init__(
        self,
        scheduled_execution_time: str,
        schedule_name: str,
        config: ConfigT | None = None,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        vars(self).update(
            scheduled_execution_time=scheduled_execution_time,
            schedule_name=schedule_name,
            config=cast("ConfigT", config),
            _now=now,
        )

    @property
    def log(self) -> logging.Logger:
        """The logger ``rivers.schedules.<name>``, level DEBUG."""
        return _debug_logger(f"rivers.schedules.{self.schedule_name}")


@dataclass(frozen=True, init=False, eq=False)
class SensorEvaluationContext(_TickContext, Generic[ConfigT]):
    """One tick of a sensor.

    ``cursor`` is what the newest tick left behind, and ``last_tick_time`` its Unix time in seconds; both are ``None``
    for the first tick. ``config`` is as for a schedule.
    """

    sensor_name: str
    cursor: str | None
    last_tick_time: float | None
    config: ConfigT

    def __init__(
        self,
        sensor_name: str,
        cursor: str | None = None,
        last_tick_time: float | None = None,
        config: ConfigT | None = None,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        vars(self).update(
            sensor_name=sensor_name,
            cursor=cursor,
            last_tick_time=last_tick_time,
            config=cast("ConfigT", config),
            _now=now,
        )

    @property
    def log(self) -> logging.Logger:
        """The logger ``rivers.sensors.<name>``, level DEBUG."""
        return _debug_logger(f"rivers.sensors.{self.sensor_name}")


def _debug_logger(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    if logger.level != logging.DEBUG:
        logger.setLevel(logging.DEBUG)
    return logger


def _restore(kind: Callable[..., Any], values: tuple[Any, ...], now: FixedMoment | None) -> Any:
    return kind(*values, now=now)
