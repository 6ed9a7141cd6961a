"""The live log: what each commit reads like, and that nobody waits for its reader."""

from __future__ import annotations

import io
import json
import os
import threading
from typing import Any

import pytest

from rivers.cli.live_log import HumanLines, LiveLog, json_line
from rivers.records import LaunchedBy, StoredTick
from rivers.storage.changes import (
    Change,
    EventRecorded,
    RunChange,
    RunStarted,
    SlotsFreed,
    TickCommitted,
    TriggerChoiceChanged,
    run_change,
)

NOON = 1_767_268_800_000_000_000  # 2026-01-01 12:00:00 UTC
RUN = "3fa8c1d2-0000-4000-8000-000000000000"


def human(change: Change) -> str | None:
    """The line for a change; whatever it is about fires again at 12:05."""
    return HumanLines(lambda automation, name, at: NOON + 300 * 10**9)(change)


def ticked(**fields: Any) -> TickCommitted:
    """A tick at noon."""
    about: dict[str, Any] = {"automation_type": "Schedule", "status": "Success", "timestamp": NOON, "seq": 7, **fields}
    return TickCommitted(kind="schedule", tick=StoredTick(id="id", automation_name="nightly", **about))


def tick(**fields: Any) -> str:
    line = human(ticked(**fields))
    assert line is not None
    return line


def run(status: str, job: str | None, by: LaunchedBy, error: str | None = None) -> str | None:
    return human(run_change(status, NOON, RUN, job, by, error))


def named(change: Change) -> str:
    """A line that is the id of a run, for what does not look into it."""
    assert isinstance(change, RunChange)
    return change.run_id


def started(run_id: str) -> Change:
    return RunStarted(at=NOON, run_id=run_id, job_name=None, launched_by=LaunchedBy.manual())


def test_a_tick_that_fired_names_its_run_and_the_next_time() -> None:
    assert tick(run_ids=[RUN]) == (
        "2026-01-01 12:00:00 UTC  schedule nightly #7 fired -> run 3fa8c1d2; next 2026-01-01 12:05:00 UTC"
    )


def test_a_tick_that_skipped_says_why() -> None:
    assert "sensor nightly #7 skipped: no new files; next" in tick(
        automation_type="Sensor", status="Skipped", skip_reason="no new files"
    )


def test_a_failed_tick_shows_the_first_line_of_its_error_and_the_runs_that_were_launched() -> None:
    line = tick(status="Failed", error="ValueError: boom\nsecond line", run_ids=[RUN])
    assert "#7 failed: ValueError: boom -> run 3fa8c1d2; next" in line
    assert "second line" not in line


def test_a_tick_without_runs_says_so_also_when_its_run_keys_were_all_used_before() -> None:
    assert "#7 evaluated: no new run; next" in tick()


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("Queued", "queued"),
        ("NotStarted", "admitted"),
        ("Started", "started"),
        ("Success", "succeeded"),
        ("Failure", "failed"),
        ("Canceled", "canceled"),
    ],
)
def test_every_status_of_a_run_has_its_word(status: str, word: str) -> None:
    line = run(status, "etl", LaunchedBy.schedule("nightly"))
    assert line == f"2026-01-01 12:00:00 UTC  run 3fa8c1d2 {word} (job etl, schedule nightly)"


def test_a_failed_run_says_what_failed() -> None:
    line = run("Failure", None, LaunchedBy.manual(), "KeyError: 'x'\nmore")
    assert line == "2026-01-01 12:00:00 UTC  run 3fa8c1d2 failed (manual): KeyError: 'x'"


def test_pausing_and_resuming_are_lines_and_only_what_runs_has_a_next_time() -> None:
    paused = human(TriggerChoiceChanged(at=NOON, kind="schedule", name="nightly", choice="stopped"))
    resumed = human(TriggerChoiceChanged(at=NOON, kind="schedule", name="nightly", choice="running"))
    assert paused is not None
    assert paused.endswith("schedule nightly paused")
    assert resumed is not None
    assert resumed.endswith("resumed; next 2026-01-01 12:05:00 UTC")


def test_steps_that_fail_get_a_line_and_those_that_go_well_none() -> None:
    def step(event_type: str) -> str | None:
        event = EventRecorded(at=NOON, run_id=RUN, event_type=event_type, asset_key="a", partition_key=None)
        return human(event)

    assert step("StepStart") is None
    assert step("StepFailure") == "2026-01-01 12:00:00 UTC  step a failed in run 3fa8c1d2"
    assert step("StepRetry") == "2026-01-01 12:00:00 UTC  step a failed and will be tried again in run 3fa8c1d2"


def test_pools_get_no_line() -> None:
    assert human(SlotsFreed(at=NOON, pool_key="db")) is None


def test_what_users_write_cannot_break_a_line_or_drive_the_terminal() -> None:
    line = tick(status="Skipped", skip_reason="a\x1b[2Jb\rc")
    assert "\x1b" not in line
    assert "\r" not in line


def test_a_json_line_has_time_kind_subject_and_facts() -> None:
    line = json_line(ticked(run_ids=[RUN]))
    assert json.loads(line) == {
        "time": "2026-01-01T12:00:00Z",
        "at": NOON,
        "kind": "tick",
        "subject": "nightly",
        "facts": {"automation": "Schedule", "status": "Success", "seq": 7, "runs": [RUN]},
    }


def test_lines_are_written_in_order_and_all_of_them_before_close_returns() -> None:
    out = io.StringIO()
    log = LiveLog(out, named)
    log.subscriber([started(str(number)) for number in range(1000)])
    log.close()
    assert out.getvalue().split() == [str(number) for number in range(1000)]


def test_a_reader_that_does_not_read_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as out:
        log = LiveLog(out, named)
        said = threading.Event()

        def say() -> None:
            log.subscriber([started("x" * 1000) for _ in range(1000)])
            said.set()

        threading.Thread(target=say, daemon=True).start()
        assert said.wait(20), "more than a pipe holds was said, and the speaker is stuck"
        drained = threading.Thread(target=lambda: [reader.read(1001) for _ in range(1000)], daemon=True)
        drained.start()
        log.close()
        drained.join(20)
        assert not drained.is_alive()


def test_a_reader_that_has_gone_ends_the_log_and_not_the_system() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    log = LiveLog(out, named)
    log.subscriber([started("x")])
    log.close()
    log.say("after the end")
    with pytest.raises(BrokenPipeError):
        out.close()
