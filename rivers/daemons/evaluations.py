"""Evaluations in flight: started for one daemon, answered into its mailbox, given up on when they take too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio
import anyio.abc

from rivers.channels.messages import TriggerCommand
from rivers.clock import Clock
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.execution.triggers.evaluation import Evaluated
from rivers.records import AutomationKind
from rivers.scheduling.ticks import timed_out_text

TriggerT = TypeVar("TriggerT", bound=Schedule | Sensor)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFinished(Generic[TriggerT]):
    """One evaluation has come back, or its time was up.

    ``trigger`` is the declaration that was evaluated. ``started_at`` is the scheduled time, or the time of the poll.
    ``seq`` is the number of the trigger's newest tick then: what follows from this evaluation holds only while no other
    tick has been committed since. ``number`` tells the evaluations of one daemon apart.
    """

    number: int
    trigger: TriggerT
    started_at: int
    seq: int
    evaluated: Evaluated

    @property
    def name(self) -> str:
        """The name of the trigger."""
        return self.trigger.name


Evaluate = Callable[[], Awaitable[Evaluated]]


class EvaluationsInFlight(Generic[TriggerT]):
    """At most one evaluation a trigger, all within the task group of the daemon that asked for them.

    An evaluation is in flight until its daemon has taken the answer: before that, nothing else is decided for its
    trigger.
    """

    def __init__(self, kind: AutomationKind, clock: Clock) -> None:
        self._kind: AutomationKind = kind
        self._clock = clock
        self._group: anyio.abc.TaskGroup | None = None
        self._put: Callable[[EvaluationFinished[TriggerT]], None] | None = None
        self._flights: dict[str, tuple[int, anyio.CancelScope]] = {}
        self._count = 0

    def open(self, group: anyio.abc.TaskGroup, put: Callable[[EvaluationFinished[TriggerT]], None]) -> None:
        """Evaluate within ``group`` from now on, and hand each answer to ``put``."""
        self._group, self._put = group, put

    def __contains__(self, name: str) -> bool:
        return name in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    def start(self, trigger: TriggerT, started_at: int, seq: int, evaluate: Evaluate, timeout: int | None) -> None:
        """Evaluate; the answer arrives as :class:`EvaluationFinished`. ``timeout`` is in nanoseconds."""
        assert self._group is not None  # nothing is evaluated before the loop has begun
        self._count += 1
        scope = anyio.CancelScope()
        self._flights[trigger.name] = (self._count, scope)
        self._group.start_soon(self._run, self._count, scope, trigger, started_at, seq, evaluate, timeout)

    def take(
        self, messages: Sequence[TriggerCommand | EvaluationFinished[TriggerT]]
    ) -> list[EvaluationFinished[TriggerT]]:
        """Return the answers among the messages, by name, without those of evaluations that were given up."""
        taken: list[EvaluationFinished[TriggerT]] = []
        for message in messages:
            if isinstance(message, EvaluationFinished):
                number, _ = self._flights.get(message.name, (None, None))
                if number == message.number:
                    del self._flights[message.name]
                    taken.append(message)
        return sorted(taken, key=lambda each: each.name)

    def give_up(self, name: str) -> None:
        """Cancel the evaluation of a trigger, if there is one. Its answer is taken no more."""
        flight = self._flights.pop(name, None)
        if flight is not None:
            flight[1].cancel()

    async def _run(
        self,
        number: int,
        scope: anyio.CancelScope,
        trigger: TriggerT,
        started_at: int,
        seq: int,
        evaluate: Evaluate,
        timeout: int | None,
    ) -> None:
        with scope:
            evaluated = await self._within(timeout, evaluate)
            if evaluated is None:
                evaluated = Evaluated(error=timed_out_text(self._kind, trigger.name, timeout or 0))
            assert self._put is not None
            self._put(
                EvaluationFinished(number=number, trigger=trigger, started_at=started_at, seq=seq, evaluated=evaluated)
            )

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
