"""The outcome of an evaluation: content only, fit to cross a process boundary."""

from __future__ import annotations

import pickle

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest, SkipReason
from rivers.definitions.triggers.tick_results import ScheduleTickResult, SensorTickResult
from rivers.execution.triggers.evaluated import Evaluated


def test_requests_skip_reason_and_cursor_are_taken_over() -> None:
    run, backfill = RunRequest(run_key="k"), BackfillRequest(["a"])
    assert Evaluated.of_result(ScheduleTickResult("s", [run, backfill])) == Evaluated((run, backfill))
    skipped = SensorTickResult("s", skip_reason=SkipReason("quiet"), cursor="7")
    assert Evaluated.of_result(skipped) == Evaluated(skip_reason="quiet", cursor="7")


def test_a_skip_reason_that_cannot_be_stored_is_escaped() -> None:
    skipped = SensorTickResult("s", skip_reason=SkipReason("no file \udcff"))
    assert Evaluated.of_result(skipped).skip_reason == "no file \\udcff"


def test_an_error_is_its_text_and_traceback() -> None:
    evaluated = Evaluated.of_error(ValueError("boom"))
    assert evaluated.error == "ValueError: boom"
    assert evaluated.traceback == "ValueError: boom\n"
    assert evaluated.requests == ()


def test_it_can_be_pickled() -> None:
    twin = pickle.loads(pickle.dumps(Evaluated((RunRequest(run_key="k", tags={"a": "b"}),), cursor="7")))
    [request] = twin.requests
    assert (request.run_key, request.tags, twin.cursor) == ("k", {"a": "b"}, "7")
