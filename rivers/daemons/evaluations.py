"""Evaluations in flight: started for one daemon, answered into its mailbox, given up on when they take too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.abc

from rivers.channels.mailbox import Mailbox
from rivers.clock import Clock
from rivers.execution.evaluation import Evaluated
from rivers.records import AutomationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFinished:
    """One evaluation has come back, or its time was up. ``started_at`` is the scheduled time or the time of the poll."""

    name: str
    started_at: int
    evaluated: Evaluated


Evaluate = Callable[[], Awaitable[Evaluated]]


class EvaluationsInFlight:
    """At most one evaluation a trigger, all within the task group of the daemon that asked for them."""

    def __init__(self, kind: AutomationKind, clock: Clock, group: anyio.abc.TaskGroup, mailbox: Mailbox[object]) -> None:
        self._kind: AutomationKind = kind
        self._clock = clock
        self._group = group
        self._mailbox = mailbox
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def start(self, name: str, started_at: int, evaluate: Evaluate, timeout_seconds: float | None) -> None:
        """Evaluate; the answer arrives in the mailbox as :class:`EvaluationFinished`."""
        self._names.add(name)
        self._group.start_soon(self._run, name, started_at, evaluate, timeout_seconds)

    async def _run(self, name: str, started_at: int, evaluate: Evaluate, timeout_seconds: float | None) -> None:
        try:
            evaluated = await self._within(timeout_seconds, evaluate)
        finally:
            self._names.discard(name)
        if evaluated is None:
            evaluated = timed_out(self._kind, name, timeout_seconds)
        self._mailbox.put(EvaluationFinished(name=name, started_at=started_at, evaluated=evaluated))

    async def _within(self, seconds: float | None, evaluate: Evaluate) -> Evaluated | None:
        if seconds is None:
            return await evaluate()
        answer: Evaluated | None = None
        async with anyio.create_task_group() as race:
            race.start_soon(self._cancel_after, seconds, race.cancel_scope)
            answer = await evaluate()
            race.cancel_scope.cancel()
        return answer

    async def _cancel_after(self, seconds: float, scope: anyio.CancelScope) -> None:
        await self._clock.sleep(seconds)
        scope.cancel()


def timed_out(kind: AutomationKind, name: str, timeout_seconds: float | None) -> Evaluated:
    """What stands in the tick of an evaluation that did not return in time."""
    text = f"EvaluationTimeout: {kind} '{name}' timed out after {timeout_seconds:g}s (eval_timeout)"
    return Evaluated(requests=(), skip_reason=None, cursor=None, error=text, traceback=None)
