"""What a schedule or sensor function is told about the tick it decides."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
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
"""The aware UTC datetime of this machine."""

WALL_SLEEP: Callable[[float], None] = time.sleep
"""Waits that many seconds of this machine's time."""


@dataclass(frozen=True, init=False, eq=False)
class ScheduleEvaluationContext(Generic[ConfigT]):
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

    def now(self) -> datetime:
        """The aware UTC time of the clock this runs on."""
        return _time_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), (self.scheduled_execution_time, self.schedule_name, self.config), _sent_at(self))


@dataclass(frozen=True, init=False, eq=False)
class SensorEvaluationContext(Generic[ConfigT]):
    """One tick of a sensor.

    ``cursor`` is what the newest tick left behind, ``last_tick_time`` its Unix time in seconds; both are ``None`` for
    the first tick. ``config`` is as for a schedule.
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

    def now(self) -> datetime:
        """The aware UTC time of the clock this runs on."""
        return _time_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        primitives = (self.sensor_name, self.cursor, self.last_tick_time, self.config)
        return _restore, (type(self), primitives, _sent_at(self))


def _debug_logger(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    if logger.level != logging.DEBUG:
        logger.setLevel(logging.DEBUG)
    return logger


def _clock_of(context: object) -> Callable[[], datetime] | None:
    return vars(context)["_now"]


def _time_of(context: object) -> datetime:
    return (_clock_of(context) or WALL_NOW)()


def _sent_at(context: object) -> FixedMoment | None:
    """The clock's callable does not cross a process boundary; the moment it tells does."""
    now = _clock_of(context)
    return None if now is None else FixedMoment(now())


def _restore(kind: Callable[..., Any], primitives: tuple[Any, ...], now: FixedMoment | None) -> Any:
    return kind(*primitives, now=now)
