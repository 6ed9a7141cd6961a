"""What was committed, as a trace and a log in JSON show it."""

from __future__ import annotations

from typing import Any, NamedTuple

from rivers.records import AUTOMATION_TYPES, LaunchedBy, StoredTick
from rivers.storage.changes import (
    Change,
    EventRecorded,
    PoolLimitChanged,
    RunChange,
    RunEnded,
    SlotsFreed,
    TickCommitted,
    TriggerChoiceChanged,
)


class ChangeLine(NamedTuple):
    """One change. ``facts`` holds only JSON values, and nothing measured in real time."""

    at: int
    kind: str
    subject: str
    facts: dict[str, Any]


def change_line(change: Change) -> ChangeLine:
    """Return the line of a change; its kind is ``tick``, ``run``, ``event``, ``trigger`` or ``pool``."""
    match change:
        case RunChange():
            return ChangeLine(change.at, "run", change.run_id, _run_facts(change))
        case EventRecorded():
            facts = {"type": change.event_type, "run": change.run_id}
            return ChangeLine(change.at, "event", change.asset_key or "", facts)
        case TickCommitted(tick=tick):
            return ChangeLine(change.at, "tick", tick.automation_name, _tick_facts(tick))
        case TriggerChoiceChanged():
            facts = {"automation": AUTOMATION_TYPES[change.kind], "choice": change.choice}
            return ChangeLine(change.at, "trigger", change.name, facts)
        case PoolLimitChanged():
            return ChangeLine(change.at, "pool", change.pool_key, {"limit": change.limit})
        case SlotsFreed():
            return ChangeLine(change.at, "pool", change.pool_key, {"freed": True})


def launcher_text(by: LaunchedBy) -> str:
    """Return what asked for a run in one word: ``schedule:nightly``, ``manual``."""
    named = by.name if by.name is not None else by.backfill_id
    return by.kind if named is None else f"{by.kind}:{named}"


def _run_facts(change: RunChange) -> dict[str, Any]:
    facts: dict[str, Any] = {"status": change.status, "job": change.job_name}
    facts["launched_by"] = launcher_text(change.launched_by)
    if isinstance(change, RunEnded) and change.error is not None:
        facts["error"] = change.error
    return facts


def _tick_facts(tick: StoredTick) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "automation": tick.automation_type,
        "status": tick.status,
        "seq": tick.seq,
        "runs": list(tick.run_ids),
    }
    optional = {
        "scheduled_at": tick.scheduled_at,
        "skip_reason": tick.skip_reason,
        "error": tick.error,
        "missed": tick.missed_count or None,
    }
    return facts | {name: value for name, value in optional.items() if value is not None}
