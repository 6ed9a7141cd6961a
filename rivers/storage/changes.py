"""What a commit tells the subscribers of a store: one frozen object for each fact that was written.

Every change has ``at``, the moment of the fact in nanoseconds, and holds nothing that is measured in real time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from rivers.partitions.keys import PartitionKey
from rivers.records import AutomationKind, LaunchedBy, RunStatus, StoredTick


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """A run was created in a status, or has entered it. The subclasses say which status."""

    status: ClassVar[RunStatus]
    at: int
    run_id: str
    job_name: str | None
    launched_by: LaunchedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(RunChange):
    """The run waits for its turn."""

    status: ClassVar[RunStatus] = "Queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAdmitted(RunChange):
    """The run may start."""

    status: ClassVar[RunStatus] = "NotStarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(RunChange):
    """The run is executed, for the first time or again."""

    status: ClassVar[RunStatus] = "Started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(RunChange):
    """The run has ended. ``error`` is what its record says, ``None`` when it says nothing."""

    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSucceeded(RunEnded):
    """All steps of the run have succeeded."""

    status: ClassVar[RunStatus] = "Success"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(RunEnded):
    """The run has failed, or could not be launched."""

    status: ClassVar[RunStatus] = "Failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCanceled(RunEnded):
    """The run was cancelled. Steps of it may still be executed."""

    status: ClassVar[RunStatus] = "Canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecorded:
    """An event of a run was written. ``asset_key`` is the step that it is about, ``None`` for none."""

    at: int
    run_id: str
    event_type: str
    asset_key: str | None
    partition_key: PartitionKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUpdated(EventRecorded):
    """That event is the materialization or the observation of an asset, of one partition if it has a key."""

    asset_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickCommitted:
    """A trigger was evaluated or has missed a time. The runs that were requested are changes of their own."""

    kind: AutomationKind
    tick: StoredTick

    @property
    def at(self) -> int:
        """The moment of the tick."""
        return self.tick.timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerChoiceChanged:
    """A person has paused or resumed a trigger, or reset it to its default status (``None``)."""

    at: int
    kind: AutomationKind
    name: str
    choice: Literal["running", "stopped"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimitChanged:
    """A pool was given a limit; a negative one is none."""

    at: int
    pool_key: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsFreed:
    """Steps have given back slots of a pool, or have lost them with their lease."""

    at: int
    pool_key: str


Change = (
    RunQueued
    | RunAdmitted
    | RunStarted
    | RunSucceeded
    | RunFailed
    | RunCanceled
    | EventRecorded
    | AssetUpdated
    | TickCommitted
    | TriggerChoiceChanged
    | PoolLimitChanged
    | SlotsFreed
)
"""All that there is to tell."""

_RUN_CHANGES = {
    change.status: change for change in (RunQueued, RunAdmitted, RunStarted, RunSucceeded, RunFailed, RunCanceled)
}


def run_change(
    status: str, at: int, run_id: str, job_name: str | None, launched_by: LaunchedBy, error: str | None = None
) -> Change:
    """Return what subscribers are told of a run that is in ``status`` since ``at``. Only an end has an error."""
    kind = _RUN_CHANGES[status]
    if issubclass(kind, RunEnded):
        return kind(at=at, run_id=run_id, job_name=job_name, launched_by=launched_by, error=error)
    return kind(at=at, run_id=run_id, job_name=job_name, launched_by=launched_by)
