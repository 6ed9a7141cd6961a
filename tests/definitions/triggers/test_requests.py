"""The requests of schedule and sensor functions."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest, SensorResult, SkipReason
from rivers.exceptions import ResultDefinitionError


def test_a_run_request_takes_its_parameters_in_order() -> None:
    request = RunRequest("k", {"a": "b"}, "2026-01-01", "j")
    assert (request.run_key, request.tags, request.partition_key, request.job_name) == (
        "k",
        {"a": "b"},
        "2026-01-01",
        "j",
    )
    assert repr(request) == "RunRequest(run_key='k', tags={'a': 'b'}, partition_key='2026-01-01', job_name='j')"


def test_requests_and_skip_reasons_are_compared_by_identity() -> None:
    assert RunRequest() != RunRequest()
    assert SkipReason("a") != SkipReason("a")


def test_requests_are_read_only() -> None:
    with pytest.raises(AttributeError):
        RunRequest().run_key = "k"
    with pytest.raises(AttributeError):
        SensorResult().cursor = "k"


@pytest.mark.parametrize(
    "arguments",
    [{"tags": {"a": 1}}, {"tags": {1: "a"}}, {"tags": ["a"]}, {"partition_key": object()}, {"run_key": 3}],
)
def test_a_run_request_holds_only_text(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        RunRequest(**arguments)


def test_requests_can_be_pickled() -> None:
    request = pickle.loads(pickle.dumps(RunRequest("k", {"a": "b"})))
    assert (request.run_key, request.tags) == ("k", {"a": "b"})
    assert pickle.loads(pickle.dumps(SkipReason("x"))).message == "x"
    assert pickle.loads(pickle.dumps(BackfillRequest(["a"], ["k"]))).selection == ["a"]
    assert pickle.loads(pickle.dumps(SensorResult([RunRequest("k")], cursor="c"))).cursor == "c"


def test_a_skip_reason_shows_its_message() -> None:
    assert repr(SkipReason("late")) == "SkipReason('late')"
    assert SkipReason().message == ""


def test_a_backfill_request_checks_nothing() -> None:
    request = BackfillRequest([], ["a"], "a range", failure_policy="whatever", max_concurrency=0)
    assert (request.selection, request.failure_policy, request.max_concurrency) == ([], "whatever", 0)
    assert repr(request) == "BackfillRequest(selection=[], partitions=range, max_concurrency=0)"
    assert repr(BackfillRequest(["a"], ["k", "l"])) == (
        "BackfillRequest(selection=['a'], partitions=2, max_concurrency=4)"
    )


def test_a_sensor_result_wraps_a_text_as_its_skip_reason() -> None:
    result = SensorResult(skip_reason="nothing new")
    assert isinstance(result.skip_reason, SkipReason)
    assert result.skip_reason.message == "nothing new"
    assert result.run_requests is None


def test_a_sensor_result_keeps_the_sequence_it_was_given_as_a_list() -> None:
    requests = (RunRequest(), BackfillRequest(["a"]))
    assert SensorResult(requests).run_requests == list(requests)


def test_an_empty_list_beside_a_skip_reason_is_allowed() -> None:
    assert SensorResult([], "why").run_requests == []


@pytest.mark.parametrize("kind", [ValueError, ResultDefinitionError])
def test_requests_beside_a_skip_reason_are_refused_as_either_documented_type(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"run_requests.*skip_reason"):
        SensorResult([RunRequest()], "why")


def test_a_generator_of_requests_is_not_a_sequence() -> None:
    with pytest.raises(TypeError):
        SensorResult(RunRequest() for _ in range(2))


def test_an_element_of_another_type_is_named() -> None:
    with pytest.raises(TypeError, match=r"^expected RunRequest or BackfillRequest, got SkipReason$"):
        SensorResult([SkipReason()])


@pytest.mark.parametrize("arguments", [{"skip_reason": 3}, {"cursor": 3}, {"run_requests": "text"}])
def test_a_sensor_result_refuses_arguments_of_another_type(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        SensorResult(**arguments)
