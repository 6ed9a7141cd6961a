"""Read what a run left behind, through the public calls of its storage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import rivers as rs

SKIPPED = "ExecutionError: Skipped: upstream dependency failed"


def told(storage: rs.Storage, run_id: str) -> list[tuple[str, str | None]]:
    """Return type and subject of every event of a run, oldest first."""
    return [(event.event_type, event.asset_key) for event in storage.get_events_for_run(run_id)]


def types_of(storage: rs.Storage, run_id: str, step: str) -> list[str]:
    """Return the types of the events about one step, oldest first."""
    return [event_type for event_type, subject in told(storage, run_id) if subject == step]


def subjects_of(storage: rs.Storage, run_id: str, event_type: str) -> list[str | None]:
    """Return the subjects of the events of one type, oldest first."""
    return [subject for kind, subject in told(storage, run_id) if kind == event_type]


def event_of(storage: rs.Storage, run_id: str, event_type: str, step: str) -> rs.StoredEvent:
    """Return the only event of that type about ``step``."""
    [found] = [
        event
        for event in storage.get_events_for_run(run_id)
        if event.event_type == event_type and event.asset_key == step
    ]
    return found


def metadata_of(event: rs.StoredEvent) -> dict[str, Any]:
    """Return the metadata of an event, each value parsed from its stored form."""
    return {key: json.loads(value) for key, value in event.metadata}


def failures_of(result: rs.RunResult) -> dict[str, str]:
    """Return the failed nodes of a run and their messages."""
    return dict(result.failed_assets)


def logs_of(storage: rs.Storage, run_id: str, step: str) -> Sequence[Any]:
    """Return the records of the captured output of one step."""
    return [record for record in storage.get_run_logs(run_id) if record.step_key == step]
