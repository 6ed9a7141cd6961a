"""The tick table, the cursor rules and the identities of ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest
from rivers.ids import run_id_for_position, tick_id
from rivers.records import TickDecision, TriggerState
from rivers.scheduling.cron import MissedRange
from rivers.scheduling.due import NOT_RUNNING, Due
from rivers.scheduling.launches import TriggerFacts
from rivers.scheduling.ticks import (
    decide_blocked_tick,
    decide_missed_tick,
    decide_schedule_tick,
    decide_sensor_tick,
    timed_out_text,
)

TARGETS = {"j": ("a",)}
SENSOR = TriggerFacts("sensor", "s", "j")
SCHEDULE = TriggerFacts("schedule", "n", "j")
NOON = int(datetime.fromisoformat("2026-01-01T12:00:00Z").timestamp()) * 1_000_000_000
MINUTE = 60 * 1_000_000_000


@dataclass(frozen=True)
class Evaluation:
    requests: tuple[RunRequest | BackfillRequest, ...] = ()
    skip_reason: str | None = None
    cursor: str | None = None
    error: str | None = None
    traceback: str | None = None


class Unpartitioned:
    """Nothing is partitioned."""

    def key_for(self, nodes: Sequence[str], text: str | None) -> None:
        assert text is None


KEYS = Unpartitioned()


def poll(evaluated: Evaluation, cursor: str | None = "old", **used: str) -> TickDecision:
    state = TriggerState("sensor", "s", last_seq=4, cursor=cursor)
    return decide_sensor_tick(
        SENSOR, state, evaluated, targets=TARGETS, used_keys=used, keys=KEYS, now=NOON, queued=False
    )


def fire(evaluated: Evaluation, checkpoint: int | None, scheduled_at: int = NOON) -> TickDecision:
    state = TriggerState("schedule", "n", last_seq=9, checkpoint=checkpoint)
    return decide_schedule_tick(
        SCHEDULE,
        state,
        evaluated,
        scheduled_at=scheduled_at,
        targets=TARGETS,
        used_keys={},
        keys=KEYS,
        now=NOON + 5,
        queued=True,
    )


ONE, BAD = RunRequest(), RunRequest(job_name="nope")

# evaluation -> status, runs, skip reason, error, cursor
TABLE: list[tuple[Evaluation, str, int, str | None, str | None, str]] = [
    (Evaluation((ONE, ONE)), "Success", 2, None, None, "old"),
    (Evaluation((ONE,), cursor="new"), "Success", 1, None, None, "new"),
    (Evaluation(), "Success", 0, None, None, "old"),
    (Evaluation(cursor="new"), "Success", 0, None, None, "new"),
    (Evaluation(cursor=""), "Success", 0, None, None, ""),
    (Evaluation((RunRequest(run_key="used"),)), "Success", 0, None, None, "old"),
    (Evaluation(skip_reason="quiet"), "Skipped", 0, "quiet", None, "old"),
    (Evaluation(skip_reason=""), "Skipped", 0, "", None, "old"),
    (Evaluation(skip_reason="quiet", cursor="new"), "Skipped", 0, "quiet", None, "new"),
    (Evaluation(error="ValueError: boom", traceback="tb"), "Failed", 0, None, "ValueError: boom", "old"),
    (Evaluation((ONE,), cursor="new", error="ValueError: boom"), "Failed", 0, None, "ValueError: boom", "old"),
    (Evaluation((BAD,)), "Failed", 0, None, "Job 'nope' not found", "old"),
    (Evaluation((ONE, BAD, ONE), cursor="x"), "Failed", 2, None, "Job 'nope' not found (request 2 of 3)", "x"),
]


@pytest.mark.parametrize(("evaluated", "status", "runs", "skip_reason", "error", "cursor"), TABLE)
def test_the_table_of_ticks(
    evaluated: Evaluation, status: str, runs: int, skip_reason: str | None, error: str | None, cursor: str
) -> None:
    decision = poll(evaluated, used="an older run")
    tick = decision.tick
    assert (tick.status, tick.skip_reason, tick.error, tick.cursor) == (status, skip_reason, error, cursor)
    assert len(decision.runs) == runs
    assert tick.run_ids == [run.run_id for run in decision.runs]
    assert tick.traceback == evaluated.traceback
    assert (tick.automation_name, tick.automation_type, tick.timestamp) == ("s", "Sensor", NOON)
    assert (decision.kind, decision.name, decision.expected_seq, tick.seq) == ("sensor", "s", 4, 5)
    assert decision.checkpoint is None


def test_without_any_cursor_the_tick_has_none() -> None:
    assert poll(Evaluation(), cursor=None).tick.cursor is None


def test_a_poll_is_identified_by_its_sequence_number() -> None:
    decision = poll(Evaluation((ONE,)))
    assert decision.tick.id == tick_id("sensor", "s", "poll", 5)
    assert decision.runs[0].run_id == run_id_for_position(decision.tick.id, 0)


def test_a_schedule_tick_is_identified_by_its_time_and_moves_the_checkpoint_there() -> None:
    decision = fire(Evaluation((ONE,)), checkpoint=NOON - MINUTE)
    tick = decision.tick
    assert (tick.id, tick.scheduled_at, decision.checkpoint) == (tick_id("schedule", "n", "cron", NOON), NOON, NOON)
    assert (tick.automation_type, tick.timestamp, tick.seq, tick.missed_count) == ("Schedule", NOON + 5, 10, 0)
    assert (decision.runs[0].status, decision.runs[0].start_time) == ("Queued", NOON + 5)


def test_the_same_time_decided_twice_is_the_same_tick_and_the_same_runs() -> None:
    assert fire(Evaluation((ONE, ONE)), checkpoint=None) == fire(Evaluation((ONE, ONE)), checkpoint=None)


@pytest.mark.parametrize(
    ("checkpoint", "expected"), [(None, NOON), (NOON - MINUTE, NOON), (NOON + MINUTE, NOON + MINUTE)]
)
def test_the_checkpoint_never_moves_back(checkpoint: int | None, expected: int) -> None:
    assert fire(Evaluation(), checkpoint).checkpoint == expected


def missed(failed: bool, state: TriggerState | None = None) -> TickDecision:
    due = Due(None, MissedRange(NOON, NOON + 2 * MINUTE, 3), "the reason", failed, None)
    state = state or TriggerState("schedule", "n", last_seq=9, checkpoint=NOON - MINUTE, cursor="c")
    return decide_missed_tick(SCHEDULE, state, due, now=NOON + 3 * MINUTE)


def test_one_skipped_tick_stands_for_all_missed_times() -> None:
    decision = missed(failed=False)
    tick = decision.tick
    assert (tick.status, tick.error, tick.run_ids, decision.runs) == ("Skipped", None, [], ())
    assert tick.skip_reason == (
        "missed 3 scheduled times from 2026-01-01T12:00:00Z to 2026-01-01T12:02:00Z: the reason"
    )
    assert (tick.missed_first, tick.missed_last, tick.missed_count) == (NOON, NOON + 2 * MINUTE, 3)
    assert (tick.timestamp, tick.scheduled_at) == (NOON + 3 * MINUTE, NOON + 2 * MINUTE)
    assert (decision.expected_seq, tick.seq, decision.checkpoint) == (9, 10, NOON + 2 * MINUTE)
    assert tick.cursor == "c"


def test_times_missed_because_of_an_abandoned_evaluation_are_a_failure() -> None:
    tick = missed(failed=True).tick
    assert (tick.status, tick.skip_reason) == ("Failed", None)
    assert tick.error is not None
    assert tick.error.endswith("the reason")


def test_a_range_and_the_time_that_fires_after_it_are_two_ticks() -> None:
    skipped = missed(failed=False)
    fired = fire(Evaluation(), skipped.checkpoint, scheduled_at=NOON + 3 * MINUTE)
    assert skipped.tick.id != fired.tick.id


def test_a_missed_tick_needs_something_missed() -> None:
    with pytest.raises(ValueError, match="schedule 'n'"):
        decide_missed_tick(SCHEDULE, TriggerState("schedule", "n"), Due(NOON, None, None, False, None), now=NOON)
    with pytest.raises(ValueError, match="nothing was missed"):
        decide_missed_tick(SCHEDULE, TriggerState("schedule", "n"), Due(None, None, NOT_RUNNING, False, None), now=NOON)


def test_a_poll_while_an_abandoned_evaluation_runs_is_a_failed_tick_that_keeps_the_cursor() -> None:
    state = TriggerState("sensor", "s", last_seq=4, cursor="old")
    decision = decide_blocked_tick(SENSOR, state, now=NOON)
    tick: Any = decision.tick
    assert (tick.status, tick.error) == ("Failed", "previous evaluation timed out and is still running")
    assert (tick.cursor, tick.seq, decision.expected_seq, decision.runs) == ("old", 5, 4, ())
    assert tick.id == tick_id("sensor", "s", "poll", 5)


def test_the_text_of_a_timeout_names_the_trigger() -> None:
    text = timed_out_text("sensor", "s", 2_500_000_000)
    assert text == "EvaluationTimeout: sensor 's' timed out after 2s500ms"
