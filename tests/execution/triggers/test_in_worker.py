"""The half of an evaluation that runs in a worker: how it finds the function, and what it makes of it."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.triggers.in_worker import WorkerTask, evaluate_packed, packed_task
from rivers.execution.workers.addresses import FunctionAddress
from tests.execution.triggers.faults import FAULTS

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def evaluate_in_worker(task: WorkerTask) -> Evaluated:
    return pickle.loads(evaluate_packed(packed_task(task)))


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


@pytest.mark.parametrize(("function", "error"), FAULTS, ids=[function.__name__ for function, _ in FAULTS])
def test_whatever_a_function_does_wrong_becomes_an_error_text(
    function: Callable[..., Any], error: str | tuple[str, ...]
) -> None:
    evaluated = evaluate_in_worker(WorkerTask(function, function.__name__, "j", NOON, cursor="kept by the caller"))
    assert evaluated.error is not None
    assert evaluated.error.startswith(error)
    assert evaluated.traceback is not None
    assert (evaluated.requests, evaluated.cursor) == ((), None)


def test_a_function_that_needs_more_than_a_context_is_an_error() -> None:
    def needs(db: object) -> None: ...

    needy = evaluate_in_worker(WorkerTask(needs, "needs", "j", NOON)).error
    assert needy is not None
    assert needy.startswith("ConfigurationError: Sensor 'needs': parameter 'db'")


def test_a_function_that_is_nowhere_is_an_error() -> None:
    missing = WorkerTask(FunctionAddress("no_such_module_anywhere", "f", None), "gone", "j", NOON)
    error = evaluate_in_worker(missing).error
    assert error is not None
    assert error.startswith("ModuleNotFoundError")


class OnlyHere(str):
    """Text that cannot be sent anywhere."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("stays here")


def test_a_task_that_cannot_be_read_and_a_result_that_cannot_be_sent_are_errors() -> None:
    assert pickle.loads(evaluate_packed(b"no task")).error.startswith("UnpicklingError")

    def asks() -> rs.RunRequest:
        return rs.RunRequest(tags={"k": OnlyHere("v")})

    evaluated = pickle.loads(evaluate_packed(packed_task(WorkerTask(asks, "asks", "j", NOON))))
    assert (evaluated.requests, evaluated.error) == ((), "TypeError: stays here")


def test_a_task_that_cannot_be_sent_names_its_trigger() -> None:
    lock = threading.Lock()
    task = WorkerTask(lambda: lock.acquire(), "s", "j", NOON, scheduled_execution_time="2026-01-01T00:00:00Z")
    with pytest.raises(
        ExecutionError, match=r"^schedule 's' cannot be sent .* \(TypeError: .*\); use EvalMode.InProcess"
    ):
        packed_task(task)
