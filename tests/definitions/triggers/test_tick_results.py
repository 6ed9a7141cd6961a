"""The meaning of what a schedule or sensor function returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest, SensorResult, SkipReason
from rivers.definitions.triggers.tick_results import (
    ScheduleTickResult,
    SensorTickResult,
    default_schedule_result,
    interpret_schedule_result,
    interpret_sensor_result,
)
from rivers.exceptions import ExecutionError

RUN = RunRequest("r", job_name="own")
OTHER = RunRequest("o", job_name="own")
BACKFILL = BackfillRequest(["a"])


def _generated() -> Iterator[Any]:
    yield BACKFILL
    yield RUN


async def _coroutine() -> None: ...


async def _async_generator() -> Any:
    yield RUN


def interpretations(value: Any) -> list[ScheduleTickResult | SensorTickResult]:
    return [interpret_schedule_result("n", "j", value), interpret_sensor_result("n", "j", value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (RUN, [RUN]),
        (BACKFILL, [BACKFILL]),
        ([RUN, OTHER], [RUN, OTHER]),
        ((BACKFILL, RUN, OTHER), [RUN, OTHER, BACKFILL]),
        ({RUN, OTHER}, [OTHER, RUN]),
        ([], []),
        ({}, []),
        (iter(()), []),
    ],
)
def test_requests_come_out_runs_first_and_without_a_skip_reason(value: Any, expected: list[Any]) -> None:
    once = interpret_schedule_result("n", "j", value)
    assert (once.run_requests, once.skip_reason) == (expected, None)
    if not isinstance(value, Iterator):
        assert interpret_sensor_result("n", "j", value).run_requests == expected


def test_a_generator_is_run_to_its_end() -> None:
    assert interpret_sensor_result("n", "j", _generated()).run_requests == [RUN, BACKFILL]


def test_what_a_generator_raises_comes_through() -> None:
    def broken() -> Iterator[RunRequest]:
        yield RUN
        raise KeyError("boom")

    with pytest.raises(KeyError, match="boom"):
        interpret_schedule_result("n", "j", broken())


def test_a_request_without_a_job_gets_that_of_the_trigger() -> None:
    for result in interpretations(RunRequest("k", {"a": "b"}, "p")):
        [request] = result.run_requests
        assert isinstance(request, RunRequest)
        assert (request.run_key, request.tags, request.partition_key, request.job_name) == ("k", {"a": "b"}, "p", "j")


def test_a_sensor_without_a_job_leaves_the_request_without_one() -> None:
    [request] = interpret_sensor_result("n", None, RunRequest()).run_requests
    assert isinstance(request, RunRequest)
    assert request.job_name is None


def test_a_returned_skip_reason_is_kept() -> None:
    reason = SkipReason("late")
    for result in interpretations(reason):
        assert (result.run_requests, result.skip_reason) == ([], reason)


def test_nothing_returned_is_a_skip_that_says_so() -> None:
    for result in interpretations(None):
        assert result.run_requests == []
        assert result.skip_reason is not None
        assert "returned nothing" in result.skip_reason.message


def test_a_sensor_result_is_taken_as_given() -> None:
    result = interpret_sensor_result("n", "j", SensorResult([BACKFILL, RUN], cursor="7"))
    assert (result.run_requests, result.skip_reason, result.cursor) == ([BACKFILL, RUN], None, "7")
    skipped = interpret_sensor_result("n", "j", SensorResult([], "why", "8"))
    assert skipped.skip_reason is not None
    assert (skipped.skip_reason.message, skipped.cursor) == ("why", "8")
    filled = interpret_sensor_result("n", "j", SensorResult([RunRequest()])).run_requests[0]
    assert isinstance(filled, RunRequest)
    assert filled.job_name == "j"


def test_a_sensor_that_sets_no_cursor_has_none_in_its_result() -> None:
    assert interpret_sensor_result("n", "j", RUN).cursor is None


@pytest.mark.parametrize("value", [3, True, "text", b"bytes", 1.5, object(), _async_generator()])
def test_a_value_of_another_type_is_an_error_that_names_it(value: Any) -> None:
    got = type(value).__name__
    with pytest.raises(ExecutionError) as caught:
        interpret_schedule_result("n", "j", value)
    assert f"must return RunRequest, BackfillRequest, SkipReason, list, or None; got {got}" in str(caught.value)
    with pytest.raises(ExecutionError) as caught:
        interpret_sensor_result("n", "j", value)
    assert f"must return RunRequest, BackfillRequest, SkipReason, SensorResult, list, or None; got {got}" in str(
        caught.value
    )


def test_a_coroutine_that_was_not_awaited_is_an_error_without_a_warning() -> None:
    with pytest.raises(ExecutionError, match="got coroutine"):
        interpret_schedule_result("n", "j", _coroutine())


def test_a_schedule_may_not_return_a_sensor_result() -> None:
    with pytest.raises(ExecutionError, match="got SensorResult"):
        interpret_schedule_result("n", "j", SensorResult())


@pytest.mark.parametrize("value", [[RUN, SkipReason("z")], (item for item in (SkipReason(),)), {SkipReason(): 1}])
def test_an_unsupported_item_of_a_list_is_named(value: Any) -> None:
    with pytest.raises(ExecutionError, match="returned a list containing unsupported item: SkipReason"):
        interpret_sensor_result("n", "j", value)


def test_a_schedule_without_a_function_asks_for_one_run_of_its_job() -> None:
    [request] = default_schedule_result("n", "j").run_requests
    assert isinstance(request, RunRequest)
    assert request.job_name == "j"


def test_the_reprs_count_the_requests() -> None:
    assert repr(ScheduleTickResult("n", [RUN])) == "ScheduleTickResult(schedule='n', run_requests=1)"
    assert repr(SensorTickResult("n", [RUN])) == "SensorTickResult(sensor='n', run_requests=1, cursor=None)"
