"""Evaluations in flight: started for one daemon, answered into its mailbox, given up on when they take too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.abc

from rivers.clock import Clock
from rivers.execution.triggers.evaluation import Evaluated
from rivers.records import AutomationKind
from rivers.scheduling.ticks import timed_out_text


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFinished:
    """One evaluation has come back, or its time was up.

    ``started_at`` is the scheduled time or the time of the poll. ``seq`` is the number of the trigger's newest tick
    then: what follows from this evaluation holds only while no other tick has been committed since.
    """

    name: str
    started_at: int
    seq: int
    evaluated: Evaluated


Evaluate = Callable[[], Awaitable[Evaluated]]


class EvaluationsInFlight:
    """At most one evaluation a trigger, all within the task group of the daemon that asked for them."""

    def __init__(
        self, kind: AutomationKind, clock: Clock, group: anyio.abc.TaskGroup, put: Callable[[EvaluationFinished], None]
    ) -> None:
        self._kind: AutomationKind = kind
        self._clock = clock
        self._group = group
        self._put = put
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def start(self, name: str, started_at: int, seq: int, evaluate: Evaluate, timeout: int | None) -> None:
        """Evaluate; the answer arrives in the mailbox as :class:`EvaluationFinished`. ``timeout`` is in nanoseconds."""
        self._names.add(name)
        self._group.start_soon(self._run, name, started_at, seq, evaluate, timeout)

    async def _run(self, name: str, started_at: int, seq: int, evaluate: Evaluate, timeout: int | None) -> None:
        try:
            evaluated = await self._within(timeout, evaluate)
        finally:
            self._names.discard(name)
        if evaluated is None:
            evaluated = Evaluated(error=timed_out_text(self._kind, name, timeout or 0))
        self._put(EvaluationFinished(name=name, started_at=started_at, seq=seq, evaluated=evaluated))

    async def _within(self, timeout: int | None, evaluate: Evaluate) -> Evaluated | None:
        if timeout is None:
            return await evaluate()
        answer: Evaluated | None = None
        async with anyio.create_task_group() as race:
            race.start_soon(self._cancel_after, timeout / 1e9, race.cancel_scope)
            answer = await evaluate()
            race.cancel_scope.cancel()
        return answer

    async def _cancel_after(self, seconds: float, scope: anyio.CancelScope) -> None:
        await self._clock.sleep(seconds)
        scope.cancel()
