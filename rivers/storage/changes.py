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
    """A run was created in a status, or has entered it. Each subclass is one status."""

    status: ClassVar[RunStatus]
    at: int
    run_id: str
    job_name: str | None
    launched_by: LaunchedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(RunChange):
    """The run waits in the queue."""

    status: ClassVar[RunStatus] = "Queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAdmitted(RunChange):
    """The run may start."""

    status: ClassVar[RunStatus] = "NotStarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(RunChange):
    """The run executes, for the first time or again."""

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
class RunWasCanceled(RunEnded):
    """The run was cancelled. A step of it may still be executing."""

    status: ClassVar[RunStatus] = "Canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecorded:
    """An event of a run was written. ``asset_key`` is the asset or task that it is about, ``None`` without one."""

    at: int
    run_id: str
    event_type: str
    asset_key: str | None
    partition_key: PartitionKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUpdated(EventRecorded):
    """An asset was materialized or observed, as ``event_type`` says; one partition of it when there is a key."""

    asset_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickCommitted:
    """A trigger has a new tick. The runs that it requested are changes of their own."""

    kind: AutomationKind
    tick: StoredTick

    @property
    def at(self) -> int:
        """The moment of the tick."""
        return self.tick.timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerChoiceChanged:
    """A person has paused or resumed a trigger, or has reset it to its default status (``None``)."""

    at: int
    kind: AutomationKind
    name: str
    choice: Literal["running", "stopped"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimitChanged:
    """A pool was given a number of slots; a negative number is no limit."""

    at: int
    pool_key: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsFreed:
    """Steps have given back slots of a pool, or have lost them when their lease expired."""

    at: int
    pool_key: str


Change = (
    RunQueued
    | RunAdmitted
    | RunStarted
    | RunSucceeded
    | RunFailed
    | RunWasCanceled
    | EventRecorded
    | AssetUpdated
    | TickCommitted
    | TriggerChoiceChanged
    | PoolLimitChanged
    | SlotsFreed
)
"""Everything that a subscriber may be told."""

_RUN_CHANGES = {
    change.status: change for change in (RunQueued, RunAdmitted, RunStarted, RunSucceeded, RunFailed, RunWasCanceled)
}


def run_change(
    status: str, at: int, run_id: str, job_name: str | None, launched_by: LaunchedBy, error: str | None = None
) -> Change:
    """Return the change for a run that is in ``status`` since ``at``. ``error`` is for the statuses that end a run."""
    kind = _RUN_CHANGES[status]
    if issubclass(kind, RunEnded):
        return kind(at=at, run_id=run_id, job_name=job_name, launched_by=launched_by, error=error)
    return kind(at=at, run_id=run_id, job_name=job_name, launched_by=launched_by)
