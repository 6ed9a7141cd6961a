"""The half of an evaluation that runs in a worker: how it finds the function, and what it makes of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import rivers as rs
from rivers.execution.triggers.in_worker import WorkerTask, evaluate_in_worker
from rivers.execution.workers.addresses import FunctionAddress

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def plain(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    return rs.SensorResult(cursor=f"{context.cursor} {context.last_tick_time} {context.now():%H}")


@rs.Sensor(job_name="j")
def decorated() -> rs.SkipReason:
    return rs.SkipReason("quiet")


def test_the_primitives_of_the_context_are_all_there_is() -> None:
    task = WorkerTask(plain, "plain", "j", NOON, cursor="7", last_tick_time=3.5)
    assert evaluate_in_worker(task).cursor == "7 3.5 12"


def test_a_schedule_is_told_its_time_and_its_requests_get_its_job() -> None:
    async def decide(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        return rs.RunRequest(run_key=context.scheduled_execution_time)

    task = WorkerTask(decide, "decide", "j", NOON, scheduled_execution_time="2026-01-01T00:00:00Z")
    [request] = evaluate_in_worker(task).requests
    assert isinstance(request, rs.RunRequest)
    assert (request.run_key, request.job_name) == ("2026-01-01T00:00:00Z", "j")


def test_whatever_goes_wrong_is_an_error_text() -> None:
    def exits() -> None:
        sys.exit(3)

    def needs(db: object) -> None: ...

    assert evaluate_in_worker(WorkerTask(exits, "exits", "j", NOON)).error == "SystemExit: 3"
    needy = evaluate_in_worker(WorkerTask(needs, "needs", "j", NOON)).error
    assert needy is not None
    assert needy.startswith("ConfigurationError: Sensor 'needs': parameter 'db'")
    missing = WorkerTask(FunctionAddress("no_such_module_anywhere", "f", None), "gone", "j", NOON)
    error = evaluate_in_worker(missing).error
    assert error is not None
    assert error.startswith("ModuleNotFoundError")
