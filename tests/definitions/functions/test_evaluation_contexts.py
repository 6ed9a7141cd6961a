"""The contexts of the functions of schedules and sensors."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext, SensorEvaluationContext

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_schedule_context_holds_what_it_was_given() -> None:
    context = ScheduleEvaluationContext[Any]("2026-01-01T00:00:00Z", "nightly")
    assert (context.scheduled_execution_time, context.schedule_name, context.config) == (
        "2026-01-01T00:00:00Z",
        "nightly",
        None,
    )


def test_a_sensor_context_holds_what_it_was_given() -> None:
    context = SensorEvaluationContext[Any]("s", "c", 12.5)
    assert (context.sensor_name, context.cursor, context.last_tick_time, context.config) == ("s", "c", 12.5, None)


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (ScheduleEvaluationContext("t", "nightly"), "rivers.schedules.nightly"),
        (SensorEvaluationContext("s"), "rivers.sensors.s"),
    ],
)
def test_the_log_is_a_debug_logger_of_the_trigger(context: Any, name: str) -> None:
    assert context.log.name == name
    assert context.log.level == logging.DEBUG


@pytest.mark.parametrize("context", [ScheduleEvaluationContext("t", "n"), SensorEvaluationContext("s")])
def test_contexts_reject_assignment(context: Any) -> None:
    with pytest.raises(AttributeError):
        context.config = 3


@pytest.mark.parametrize("context", [ScheduleEvaluationContext("t", "n"), SensorEvaluationContext("s")])
def test_a_context_without_a_clock_tells_wall_time(context: Any) -> None:
    assert context.now().tzinfo is UTC
    before = context.now()
    assert pickle.loads(pickle.dumps(context)).now() >= before


def test_a_context_tells_the_time_of_the_clock_it_was_given() -> None:
    assert SensorEvaluationContext("s", now=lambda: MOMENT).now() == MOMENT


def test_a_pickled_context_tells_the_moment_it_was_sent() -> None:
    sent = pickle.loads(pickle.dumps(ScheduleEvaluationContext("t", "n", {"a": 1}, now=lambda: MOMENT)))
    assert (sent.scheduled_execution_time, sent.schedule_name, sent.config) == ("t", "n", {"a": 1})
    assert sent.now() == MOMENT
