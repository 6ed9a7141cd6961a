"""Frozen records, which storage returns, daemons exchange and users read, and the names of statuses in them.

Nothing here does I/O or knows a clock. Times are ``int`` nanoseconds since the Unix epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Literal, Protocol

from rivers.partitions.context import PartitionContext
from rivers.partitions.keys import PartitionKey
from rivers.wording import double_quoted

RunStatus = Literal["Queued", "NotStarted", "Started", "Success", "Failure", "Canceled"]
TickStatus = Literal["Success", "Skipped", "Failed", "Requested"]
AutomationKind = Literal["schedule", "sensor", "condition"]

RUN_STATUSES: Final[tuple[str, ...]] = ("Queued", "NotStarted", "Started", "Success", "Failure", "Canceled")
TERMINAL_STATUSES: Final[frozenset[str]] = frozenset({"Success", "Failure", "Canceled"})
IN_FLIGHT_STATUSES: Final[frozenset[str]] = frozenset({"NotStarted", "Started"})

PREDECESSORS: Final[Mapping[str, frozenset[str]]] = {
    "NotStarted": frozenset({"Queued"}),
    "Started": frozenset({"NotStarted"}),
    "Success": frozenset({"Started"}),
    "Failure": frozenset({"Queued", "NotStarted", "Started"}),
    "Canceled": frozenset({"Queued", "NotStarted", "Started"}),
}
"""The statuses from which a run may enter each status.

Terminal statuses are final, unless a person executes the run again by its id.
"""

AUTOMATION_TYPES: Final[Mapping[AutomationKind, str]] = {
    "schedule": "Schedule",
    "sensor": "Sensor",
    "condition": "AutomationCondition",
}
"""The ``automation_type`` of a stored tick for each kind of automation."""

PRIORITY_TAG: Final = "rivers/priority"


def priority_of(tags: Mapping[str, str] | list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> int:
    """Return the run-queue priority in the tag ``rivers/priority``; 0 when it is absent or not a whole number."""
    text = dict(tags).get(PRIORITY_TAG)
    try:
        return int(text) if text is not None else 0
    except ValueError:
        return 0


class _NamedEnum(IntEnum):
    """An int-like enum whose ``repr`` and ``str`` are ``ClassName.Member``, as in the reference API."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    __str__ = __repr__


class StorageType(_NamedEnum):
    """The kind of store behind a ``Storage``."""

    Memory = 0
    Embedded = 1
    Remote = 2


class EvalMode(_NamedEnum):
    """The place where the function of a schedule or sensor runs."""

    Auto = 0
    InProcess = 1
    Subprocess = 2


class ScheduleStatus(_NamedEnum):
    """The state of a schedule while nobody has started or stopped it."""

    Running = 0
    Stopped = 1


class SensorStatus(_NamedEnum):
    """The state of a sensor while nobody has started or stopped it."""

    Running = 0
    Stopped = 1


@dataclass(frozen=True, slots=True)
class UserRef:
    """A person who asked for something, as an identity provider names that person."""

    subject: str
    email: str | None = None
    name: str | None = None

    @property
    def display(self) -> str:
        """The name, else the email address, else the subject."""
        return self.name or self.email or self.subject


@dataclass(frozen=True, slots=True)
class LaunchedBy:
    """The origin of a run. Build it with the factories; discriminate on ``kind``."""

    kind: Literal["manual", "schedule", "sensor", "backfill", "condition"]
    name: str | None = None
    backfill_id: str | None = None
    user: UserRef | None = None

    @classmethod
    def manual(cls) -> LaunchedBy:
        """Return the origin of a run that a person starts through the API, the CLI or ``materialize``."""
        return cls("manual")

    @classmethod
    def schedule(cls, name: str) -> LaunchedBy:
        """Return the origin of a run that the schedule of that name asks for."""
        return cls("schedule", name=name)

    @classmethod
    def sensor(cls, name: str) -> LaunchedBy:
        """Return the origin of a run that the sensor of that name asks for."""
        return cls("sensor", name=name)

    @classmethod
    def backfill(cls, backfill_id: str) -> LaunchedBy:
        """Return the origin of a run that belongs to the backfill of that id."""
        return cls("backfill", backfill_id=backfill_id)

    @classmethod
    def condition(cls) -> LaunchedBy:
        """Return the origin of a run that an automation condition asks for."""
        return cls("condition")

    def __repr__(self) -> str:
        argument = self.name if self.name is not None else self.backfill_id
        return f"LaunchedBy.{self.kind}({'' if argument is None else double_quoted(argument)})"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as stored. ``start_time`` is the time of its creation, also while it is queued.

    ``started_at`` is the time at which execution began. ``run_key`` is the key that its sensor or schedule gave it.
    ``error`` and ``traceback`` are those of the first failed step, or of what failed outside the steps. The
    ``partition_key`` of a batch has several values.
    """

    run_id: str
    job_name: str | None
    status: str
    start_time: int
    end_time: int | None = None
    tags: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    node_names: list[str] = field(default_factory=list[str])
    priority: int = 0
    partition_key: PartitionKey | None = None
    block_reason: str | None = None
    launched_by: LaunchedBy = field(default_factory=LaunchedBy.manual)
    admitted_at: int | None = None
    started_at: int | None = None
    run_key: str | None = None
    error: str | None = None
    traceback: str | None = None
    config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredTick:
    """One evaluation of an automation. ``seq`` is gap-free within a name; ``id`` is opaque.

    ``scheduled_at`` is the scheduled time that a schedule's tick stands for. A tick that stands for a range of missed
    times has ``missed_first``, ``missed_last`` and ``missed_count``.
    """

    id: str
    automation_name: str
    automation_type: str
    status: str
    timestamp: int
    run_ids: list[str] = field(default_factory=list[str])
    backfill_ids: list[str] = field(default_factory=list[str])
    skip_reason: str | None = None
    error: str | None = None
    cursor: str | None = None
    seq: int = 0
    scheduled_at: int | None = None
    traceback: str | None = None
    missed_first: int | None = None
    missed_last: int | None = None
    missed_count: int = 0


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way to storage, which assigns the id.

    An event ``of_instance`` belongs to one instance of a fan-out, which exists in its run alone. It is found through
    the run and updates no asset.
    """

    event_type: str
    timestamp: int
    asset_key: str | None = None
    partition_key: PartitionKey | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    data_version: str | None = None
    code_version: str | None = None
    input_data_versions: tuple[tuple[str, str], ...] = ()
    of_instance: bool = False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a run. ``id`` is opaque; ``metadata`` keeps the order of emission."""

    id: str
    event_type: str
    asset_key: str | None
    run_id: str
    partition_key: PartitionKey | None
    timestamp: int
    metadata: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    data_version: str | None = None
    code_version: str | None = None
    input_data_versions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The output and the log of one attempt of a step; a stream without content is ``None``."""

    id: str
    run_id: str
    step_key: str
    timestamp: int
    stdout: str | None = None
    stderr: str | None = None
    logs: str | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """An asset as defined, and its newest materialization or observation."""

    asset_key: str
    tags: list[str] = field(default_factory=list[str])
    kinds: list[str] = field(default_factory=list[str])
    group: str | None = None
    code_version: str | None = None
    last_event_id: str | None = None
    last_run_id: str | None = None
    last_timestamp: int | None = None
    last_data_version: str | None = None
    last_materialization_code_version: str | None = None
    last_input_data_versions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    pool: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


@dataclass(frozen=True, slots=True)
class StaleCause:
    """A reason for which an asset is stale."""

    asset_key: str
    category: str
    reason: str
    dependency: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that a decision asks for. It is created ``Queued`` when the repository has a queue, else ``NotStarted``."""

    run_id: str
    job_name: str | None
    node_names: tuple[str, ...]
    status: str
    start_time: int
    tags: tuple[tuple[str, str], ...] = ()
    priority: int = 0
    launched_by: LaunchedBy = field(default_factory=LaunchedBy.manual)
    run_key: str | None = None
    partition_key: PartitionKey | None = None
    config: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TriggerState:
    """The state row of one schedule, sensor or condition, on which every decision about it is a compare-and-set.

    ``checkpoint`` is the newest scheduled time that needs no further tick. ``choice`` is what a person chose;
    ``None`` means that nobody did and that the default status holds.
    """

    kind: AutomationKind
    name: str
    last_seq: int = 0
    cursor: str | None = None
    checkpoint: int | None = None
    last_tick_at: int | None = None
    choice: Literal["running", "stopped"] | None = None
    decision_id: str | None = None


@dataclass(frozen=True, slots=True)
class TickDecision:
    """All that follows from one evaluation, written whole or not at all.

    The decision is valid while the trigger's ``last_seq`` is ``expected_seq``. Its ``tick.seq`` is
    ``expected_seq + 1``, and its ``tick.id`` is the decision id.
    """

    kind: AutomationKind
    name: str
    expected_seq: int
    tick: StoredTick
    runs: tuple[NewRun, ...] = ()
    checkpoint: int | None = None


@dataclass(frozen=True)
class InputContext:
    """The context in which an IO handler loads a value. ``asset_name`` and ``asset_metadata`` are the upstream's."""

    asset_name: str
    downstream_asset: str
    asset_metadata: dict[str, Any] | None = None
    partition: PartitionContext | None = None
    type_hint: Any = None


class IOHandler(Protocol):
    """A handler that stores the value of an asset and loads it again."""

    def handle_output(self, context: Any, obj: Any) -> None:
        """Store ``obj`` as the value of ``context.asset_name``."""
        ...

    def load_input(self, context: InputContext) -> Any:
        """Return the stored value of ``context.asset_name``, for ``context.downstream_asset``."""
        ...
