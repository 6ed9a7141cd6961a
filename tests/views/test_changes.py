"""How a change reads in a trace and in a log: its kind, its subject and its facts, in this order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rivers.partitions.keys import PartitionKey
from rivers.records import LaunchedBy, StoredTick
from rivers.storage.changes import (
    AssetUpdated,
    Change,
    EventRecorded,
    PoolLimitChanged,
    RunAdmitted,
    RunFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    RunWasCanceled,
    SlotsFreed,
    TickCommitted,
    TriggerChoiceChanged,
)
from rivers.views.changes import change_line, launcher_text

RUN: dict[str, Any] = {"at": 5, "run_id": "r", "job_name": "etl", "launched_by": LaunchedBy.sensor("inbox")}
ABOUT_RUN = {"job": "etl", "launched_by": "sensor:inbox"}
EVENT: dict[str, Any] = {"at": 5, "run_id": "r", "partition_key": None}
TICK = StoredTick("id", "nightly", "Schedule", "Success", 5, ["r"], seq=7)
ABOUT_TICK = {"automation": "Schedule", "status": "Success", "seq": 7, "runs": ["r"]}

LINES: list[tuple[Change, str, str, dict[str, Any]]] = [
    (RunQueued(**RUN), "run", "r", {"status": "Queued", **ABOUT_RUN}),
    (RunAdmitted(**RUN), "run", "r", {"status": "NotStarted", **ABOUT_RUN}),
    (RunStarted(**RUN), "run", "r", {"status": "Started", **ABOUT_RUN}),
    (RunSucceeded(**RUN), "run", "r", {"status": "Success", **ABOUT_RUN}),
    (RunFailed(**RUN), "run", "r", {"status": "Failure", **ABOUT_RUN}),
    (RunFailed(**RUN, error="E: x"), "run", "r", {"status": "Failure", **ABOUT_RUN, "error": "E: x"}),
    (RunWasCanceled(**RUN), "run", "r", {"status": "Canceled", **ABOUT_RUN}),
    (
        EventRecorded(**EVENT, event_type="StepStart", asset_key="a"),
        "event",
        "a",
        {"type": "StepStart", "run": "r"},
    ),
    (
        EventRecorded(**EVENT, event_type="RunNoted", asset_key=None),
        "event",
        "",
        {"type": "RunNoted", "run": "r"},
    ),
    (
        AssetUpdated(
            **{**EVENT, "partition_key": PartitionKey.single("k")}, event_type="Materialization", asset_key="a"
        ),
        "event",
        "a",
        {"type": "Materialization", "run": "r"},
    ),
    (TickCommitted(kind="schedule", tick=TICK), "tick", "nightly", ABOUT_TICK),
    (
        TickCommitted(
            kind="schedule",
            tick=replace(TICK, scheduled_at=4, skip_reason="why", error="E", missed_count=3, cursor="c"),
        ),
        "tick",
        "nightly",
        {**ABOUT_TICK, "scheduled_at": 4, "skip_reason": "why", "error": "E", "missed": 3},
    ),
    (
        TriggerChoiceChanged(at=5, kind="sensor", name="inbox", choice="stopped"),
        "trigger",
        "inbox",
        {"automation": "Sensor", "choice": "stopped"},
    ),
    (
        TriggerChoiceChanged(at=5, kind="sensor", name="inbox", choice=None),
        "trigger",
        "inbox",
        {"automation": "Sensor", "choice": None},
    ),
    (PoolLimitChanged(at=5, pool_key="db", limit=-1), "pool", "db", {"limit": -1}),
    (SlotsFreed(at=5, pool_key="db"), "pool", "db", {"freed": True}),
]


@pytest.mark.parametrize(("change", "kind", "subject", "facts"), LINES, ids=[type(line[0]).__name__ for line in LINES])
def test_a_line_has_time_kind_subject_and_facts(change: Change, kind: str, subject: str, facts: dict[str, Any]) -> None:
    line = change_line(change)
    assert line == (5, kind, subject, facts)
    assert list(line.facts) == list(facts)


@pytest.mark.parametrize(
    ("by", "text"),
    [
        (LaunchedBy.manual(), "manual"),
        (LaunchedBy.schedule("nightly"), "schedule:nightly"),
        (LaunchedBy.backfill("b1"), "backfill:b1"),
    ],
)
def test_what_asked_for_a_run_is_one_word(by: LaunchedBy, text: str) -> None:
    assert launcher_text(by) == text
