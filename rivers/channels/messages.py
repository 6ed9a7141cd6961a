"""The messages on the edges of the graph.

Facts are named in the past tense and are hints: storage is the truth, a lost hint delays and never strands, and one
that arrives twice does no harm. Commands are named in the imperative and carry a one-shot reply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import anyio

from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.records import AutomationKind, TriggerState

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsQueued:
    """Runs have been created; the queue may admit them."""

    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAdmitted:
    """Runs have passed the queue; the launcher starts them at once."""

    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """An execution has come back to the graph; its outcome is stored already."""

    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsEnded:
    """Runs have reached a terminal status, and what they occupied is free."""

    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsChanged:
    """Somebody outside the graph has created, cancelled or ended runs in the same storage."""


class Reply(Generic[T]):
    """The one-shot answer to a command, given on the loop that the graph runs on."""

    def __init__(self) -> None:
        self._arrived = anyio.Event()
        self._answer: list[T | Exception] = []

    def answer(self, value: T | Exception) -> None:
        """Give the answer; an exception is raised where the reply is awaited. A second answer is ignored."""
        if not self._answer:
            self._answer.append(value)
            self._arrived.set()

    async def wait(self) -> T:
        """Return the answer, once it has been given, or raise it when it is an exception."""
        await self._arrived.wait()
        (value,) = self._answer
        if isinstance(value, Exception):
            raise value
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[T]):
    """An order to one daemon. Its sender awaits the reply, which comes after the commit."""

    reply: Reply[T] = field(default_factory=Reply[T])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTriggers(Command[None]):
    """Let schedules, or sensors, take part from now on. If one has a name that exists already, all are refused.

    A trigger whose name has been in the store before goes on with its cursor and with what a person chose.
    """

    kind: AutomationKind
    triggers: tuple[Schedule | Sensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTrigger(Command[None]):
    """Put this schedule or sensor in the place of the one of its name, from its next tick on.

    With another cron expression or time zone, its times count from now.
    """

    kind: AutomationKind
    trigger: Schedule | Sensor


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTrigger(Command[None]):
    """Let one schedule or sensor take part no longer. Its evaluation in flight is given up and makes no tick.

    The store keeps its ticks, its cursor and what a person chose.
    """

    kind: AutomationKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseTrigger(Command[TriggerState]):
    """Pause (``"stopped"``), resume (``"running"``) or reset (``None``) one schedule or sensor."""

    kind: AutomationKind
    name: str
    choice: Literal["running", "stopped"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRun(Command[str]):
    """Run a selection of assets, or the assets of a job, as a person asked for it now. The reply is the run's id.

    ``selection`` ``None`` means every asset, or those of ``job_name`` when that is given. ``partition_key`` is as a
    person writes it. ``include_upstream`` adds whatever the selection is made from.
    """

    selection: tuple[str, ...] | None = None
    include_upstream: bool = False
    job_name: str | None = None
    partition_key: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRun(Command["str | None"]):
    """Cancel a run wherever it is; the reply is its new status, ``None`` when it had ended or never existed."""

    run_id: str


TriggerCommand = AddTriggers | ChangeTrigger | RemoveTrigger | ChooseTrigger
ControlRequest = TriggerCommand | SubmitRun | CancelRun


def kind_of(trigger: Schedule | Sensor) -> AutomationKind:
    """Return the kind of a declared trigger."""
    return "schedule" if isinstance(trigger, Schedule) else "sensor"
