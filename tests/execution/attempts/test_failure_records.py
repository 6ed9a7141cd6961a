"""What is recorded about an exception of user code."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import pytest

from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext
from rivers.definitions.policies.retries import FailureReason, classify_failure
from rivers.definitions.values.results import Output
from rivers.exceptions import ResultDefinitionError
from rivers.execution.attempts.failure_records import (
    WorkerDied,
    class_names,
    error_text,
    shortened,
    traceback_document,
    traceback_text,
)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_the_error_text_is_type_and_message() -> None:
    assert error_text(ValueError("boom")) == "ValueError: boom"
    assert error_text(KeyError("k")) == "KeyError: 'k'"
    assert error_text(SystemExit(3)) == "SystemExit: 3"
    assert error_text(Unspeakable()) == "Unspeakable: <its message could not be read: RuntimeError>"


def test_a_message_that_ends_the_program_when_it_is_asked_for_does_not_end_the_run() -> None:
    class Exits(Exception):
        def __str__(self) -> str:
            sys.exit(9)

    assert error_text(Exits()) == "Exits: <its message could not be read: SystemExit>"
    assert "Exits" in traceback_text(Exits())
    assert json.loads(traceback_document(Exits()))["exceptions"][0]["type"].endswith("Exits")


class _Private(Exception): ...


def test_a_private_class_of_rivers_that_stands_for_two_goes_by_the_name_of_the_first() -> None:
    with pytest.raises(ResultDefinitionError) as raised:
        Output(output_name=3)
    assert error_text(raised.value) == "ResultDefinitionError: output_name of Output must be a str, got int"
    assert error_text(_Private("of a user")) == "_Private: of a user"


def test_of_a_message_that_carries_data_the_beginning_and_the_end_are_kept() -> None:
    error = ValueError("x" * 5_000_000 + " at the end")
    assert error_text(error).startswith("ValueError: xxx")
    assert "\n... 4980023 characters are left out here ...\n" in error_text(error)
    assert error_text(error).endswith(" at the end")
    assert len(traceback_text(error)) < 201_000
    assert len(traceback_document(error)) < 250_000
    assert shortened("12345", 5) == "12345"
    assert shortened("123456", 5) == "12\n... 2 characters are left out here ...\n56"


def test_the_death_of_a_worker_counts_as_infrastructure() -> None:
    assert classify_failure(WorkerDied()) is FailureReason.INFRASTRUCTURE


def test_the_class_names_go_from_the_most_derived_upwards() -> None:
    assert json.loads(class_names(KeyError())) == [
        "builtins.KeyError",
        "builtins.LookupError",
        "builtins.Exception",
        "builtins.BaseException",
        "builtins.object",
    ]


def failed() -> BaseException:
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError as error:
        return error


def test_the_traceback_document_lists_the_causes_oldest_first() -> None:
    document = json.loads(traceback_document(failed()))
    assert [one["type"] for one in document["exceptions"]] == ["builtins.KeyError", "builtins.ValueError"]
    assert [one["message"] for one in document["exceptions"]] == ["'first'", "second"]
    assert document["exceptions"][1]["frames"][-1]["function"] == "failed"
    assert document["text"] == traceback_text(failed())
    assert "ValueError: second" in document["text"]


def test_the_traceback_begins_in_the_users_code_whichever_part_of_rivers_has_called_it() -> None:
    def now() -> datetime:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom") as caught:
        ScheduleEvaluationContext[None]("2026-01-01T00:00:00Z", "s", None, now=now).now()
    own = caught.value.__traceback__
    assert own is not None
    caught.value.__traceback__ = own.tb_next  # as where rivers catches it: no frame of this test is before its own
    assert f'File "{__file__}"' in traceback_text(caught.value).splitlines()[1]
