"""A trace is one line of JSON a fact, and its digest is over those lines."""

from __future__ import annotations

from rivers.records import Change
from rivers.simulation.trace import Trace

TICK = Change(5, "tick", "nightly", {"status": "Success", "seq": 1})
RUN = Change(6, "run", "r1", {"status": "Started", "job": "é"})


def trace_of(*commits: list[Change]) -> Trace:
    trace = Trace()
    for changes in commits:
        trace(changes)
    return trace


def test_a_line_has_time_kind_subject_and_facts_in_a_fixed_order() -> None:
    assert trace_of([TICK, RUN]).lines == [
        '{"at":5,"kind":"tick","seq":1,"status":"Success","subject":"nightly"}',
        '{"at":6,"job":"é","kind":"run","status":"Started","subject":"r1"}',
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
