"""The messages on the edges of the graph.

Facts are named in the past tense and are hints: storage is the truth, a lost one delays and never strands, and one that
arrives twice does no harm. Commands are named in the imperative and carry a one-shot reply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import anyio

from rivers.clock import Clock
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
        """The answer, once it has been given."""
        await self._arrived.wait()
        return self._value()

    async def wait_at_most(self, clock: Clock, seconds: float) -> T | None:
        """The answer, or ``None`` when ``seconds`` of the clock's time pass without one."""
        if not self._answer and await clock.sleep(seconds, interrupt=self._arrived):
            return None
        return self._value()

    def _value(self) -> T:
        (value,) = self._answer
        if isinstance(value, Exception):
            raise value
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadTrigger:
    """A person has paused, resumed or reset a trigger: read its state again before its next time."""

    name: str
    reply: Reply[TriggerState] = field(default_factory=Reply[TriggerState])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseTrigger:
    """Pause (``"stopped"``), resume (``"running"``) or reset (``None``) one schedule or sensor."""

    kind: AutomationKind
    name: str
    choice: Literal["running", "stopped"] | None
    reply: Reply[TriggerState] = field(default_factory=Reply[TriggerState])


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRun:
    """Run a selection of assets, or the assets of a job, as a person asked for it now.

    ``selection`` ``None`` means every asset, or those of ``job_name`` when that is given. ``partition_key`` is as a
    person writes it. ``include_upstream`` adds whatever the selection is made from.
    """

    selection: tuple[str, ...] | None = None
    include_upstream: bool = False
    job_name: str | None = None
    partition_key: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    reply: Reply[str] = field(default_factory=Reply[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRun:
    """Cancel a run wherever it is; the reply is its new status, ``None`` when it had ended or never existed."""

    run_id: str
    reply: Reply[str | None] = field(default_factory=Reply["str | None"])


ControlRequest = ChooseTrigger | SubmitRun | CancelRun
