"""Calling the functions of triggers in this process."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta, timezone

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.triggers.here import TriggerCaller, function_of
from rivers.repository.declarations import arguments_of

NOON = datetime(2026, 1, 1, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def caller() -> Generator[TriggerCaller]:
    host = CoroutineHost()
    yield TriggerCaller(lambda: NOON, {}, lambda trigger: arguments_of(trigger, {}), host)
    host.close()


def test_without_an_execution_time_the_function_is_told_now_in_utc_to_the_second(caller: TriggerCaller) -> None:
    def when(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        assert context.now() == NOON
        return rs.RunRequest(run_key=context.scheduled_execution_time)

    schedule = rs.Schedule(when, cron_schedule="@daily", job_name="j")
    [request] = caller.run_schedule(schedule, None).run_requests
    assert isinstance(request, rs.RunRequest)
    assert request.run_key == "2026-01-01T12:00:00Z"
    [verbatim] = caller.run_schedule(schedule, "whenever").run_requests
    assert isinstance(verbatim, rs.RunRequest)
    assert verbatim.run_key == "whenever"


def test_a_coroutine_is_run_to_its_end(caller: TriggerCaller) -> None:
    async def look() -> rs.SkipReason:
        return rs.SkipReason("quiet")

    result = caller.run_sensor(rs.Sensor(look, job_name="j"), None, None)
    assert result.skip_reason is not None
    assert result.skip_reason.message == "quiet"


def test_a_trigger_without_a_function_says_which_kind_it_is() -> None:
    with pytest.raises(ConfigurationError, match="Sensor has no evaluation function"):
        function_of(rs.Sensor(name="s", job_name="j"))
