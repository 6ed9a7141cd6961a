"""What a run came to, as its caller sees it, and how it is read back from a run's events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rivers.records import StoredEvent

SKIPPED: Final = "ExecutionError: Skipped: upstream dependency failed"
"""The recorded error of a step that did not run because something it depends on failed."""


@dataclass(frozen=True, repr=False)
class RunResult:
    """The end of a run.

    ``materialized_assets`` are the nodes that were attempted, in execution order, with the failed and the skipped ones
    among them. ``failed_assets`` are ``(name, "<ExceptionType>: <message>")`` in order of failure. A cancelled run has
    ``success=False`` and may have no failed assets.
    """

    success: bool
    run_id: str
    materialized_assets: list[str] = field(default_factory=list[str])
    failed_assets: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __repr__(self) -> str:
        return (
            f"RunResult(success={self.success}, run_id={self.run_id!r}, "
            f"materialized={len(self.materialized_assets)}, failed={len(self.failed_assets)})"
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run came to, before that is stored: its final status, when, and why if it failed."""

    result: RunResult
    status: str
    at: int
    error: str | None = None
    traceback: str | None = None

    @property
    def run_id(self) -> str:
        """The run that ended."""
        return self.result.run_id


def result_from_events(run_id: str, status: str, events: Sequence[StoredEvent]) -> RunResult:
    """The result of a run that ended elsewhere, from its events, oldest first."""
    attempted: dict[str, None] = {}
    failed: dict[str, str] = {}
    for event in events:
        if event.asset_key is None:
            continue
        if event.event_type in ("StepStart", "StepSuccess", "StepFailure"):
            attempted[event.asset_key] = None
        if event.partition_key is not None:
            continue
        if event.event_type == "StepSuccess":
            failed.pop(event.asset_key, None)  # it failed in an earlier execution of a run that was resumed
        elif event.event_type == "StepFailure":
            failed.pop(event.asset_key, None)
            failed[event.asset_key] = dict(event.metadata).get("error", "")
    return RunResult(status == "Success", run_id, list(attempted), list(failed.items()))
