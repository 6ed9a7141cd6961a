"""A trace is one line of JSON a fact, and its digest is over those lines."""

from __future__ import annotations

from rivers.records import LaunchedBy, StoredTick
from rivers.simulation.trace import Trace
from rivers.storage.changes import Change, RunStarted, TickCommitted

TICK = TickCommitted(kind="schedule", tick=StoredTick("id", "nightly", "Schedule", "Success", 5, seq=1))
RUN = RunStarted(at=6, run_id="r1", job_name="é", launched_by=LaunchedBy.manual())


def trace_of(*commits: list[Change]) -> Trace:
    trace = Trace()
    for changes in commits:
        trace(changes)
    return trace


def test_a_line_has_time_kind_subject_and_facts_in_a_fixed_order() -> None:
    assert trace_of([TICK, RUN]).lines == [
        '{"at":5,"automation":"Schedule","kind":"tick","runs":[],"seq":1,"status":"Success","subject":"nightly"}',
        '{"at":6,"job":"é","kind":"run","launched_by":"manual","status":"Started","subject":"r1"}',
    ]


def test_the_digest_depends_on_the_lines_and_not_on_how_they_were_grouped() -> None:
    assert trace_of([TICK], [RUN]).digest() == trace_of([TICK, RUN]).digest()


def test_the_digest_sees_the_order() -> None:
    assert trace_of([TICK, RUN]).digest() != trace_of([RUN, TICK]).digest()


def test_the_digest_sees_where_a_line_ends() -> None:
    assert trace_of([TICK]).digest() != trace_of([TICK, TICK]).digest()


def test_events_can_be_picked_by_kind() -> None:
    trace = trace_of([TICK, RUN])
    assert [event["subject"] for event in trace.events("run")] == ["r1"]
    assert len(trace) == len(trace.events()) == 2
    assert str(trace) == "\n".join(trace.lines)
