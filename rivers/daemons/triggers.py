"""What the daemons of schedules and of sensors have in common: a set of triggers that come and go while they run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, cast

import anyio.abc

from rivers.channels.mailbox import Mailbox, take_waiting
from rivers.channels.messages import AddTriggers, ChangeTrigger, ChooseTrigger, RemoveTrigger, TriggerCommand
from rivers.channels.ports import TriggerPorts
from rivers.clock import Clock
from rivers.daemons.evaluations import Evaluate, EvaluationFinished, EvaluationsInFlight, TriggerT
from rivers.daemons.loop import MailboxDaemon
from rivers.daemons.settings import TriggerSettings
from rivers.daemons.trigger_book import TriggerBook, is_running
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import NodeNotFoundError, RiversError
from rivers.execution.triggers.evaluation import Evaluator
from rivers.records import AutomationKind, TriggerState
from rivers.scheduling.agenda import Agenda
from rivers.scheduling.polls import timeout_ns
from rivers.storage import AsyncStore


@dataclass(frozen=True, slots=True)
class Now:
    """One reading of both clocks: the moment that everything of one ``act`` is decided for.

    ``ns`` is calendar time in epoch nanoseconds, ``monotonic`` seconds.
    """

    ns: int
    monotonic: float

    @classmethod
    def of(cls, clock: Clock) -> Now:
        """Read the clock."""
        return cls(clock.now_ns(), clock.monotonic())


class TriggerDaemon(MailboxDaemon[TriggerCommand | EvaluationFinished[TriggerT]], Generic[TriggerT]):
    """One sleeper over the agenda of all triggers of a kind.

    The set of triggers is state. ``AddTriggers`` enters each of them, also those that the repository declares, and each
    may be changed and removed at any time. A restart of the daemon keeps the set.
    """

    kind: ClassVar[AutomationKind]

    def __init__(
        self, ports: TriggerPorts, store: AsyncStore, clock: Clock, evaluator: Evaluator, settings: TriggerSettings
    ) -> None:
        super().__init__(clock, ports.commands)
        self._commands = ports.commands
        self._evaluator = evaluator
        self._settings = settings
        self._book = TriggerBook(self.kind, store, ports.runs_queued, settings)
        self._triggers: dict[str, TriggerT] = {}
        self._agenda = Agenda()
        self._evaluations = EvaluationsInFlight[TriggerT](self.kind, clock)

    async def recover(self) -> None:
        """Enter every trigger of the set, then carry out the commands that wait: at first, the declared triggers."""
        self._agenda = Agenda()
        self._evaluations = EvaluationsInFlight[TriggerT](self.kind, self.clock)
        await self._enter(sorted(self._triggers), Now.of(self.clock))
        await self._act(take_waiting(self._commands), stopping=True)

    def opened(
        self,
        group: anyio.abc.TaskGroup,
        mailbox: Mailbox[TriggerCommand | EvaluationFinished[TriggerT]],
    ) -> None:
        """Evaluate within the loop's task group, and have the answers in its mailbox."""
        self._evaluations.open(group, mailbox.put)

    @property
    def unfinished(self) -> bool:
        """Whether evaluations are in flight, which are let end."""
        return len(self._evaluations) > 0

    async def act(self, messages: Sequence[TriggerCommand | EvaluationFinished[TriggerT]], *, stopping: bool) -> None:
        """Store the ticks of the evaluations that came back, carry out the commands, and see to what is due."""
        now = Now.of(self.clock)
        finished = self._evaluations.take(messages)
        if finished:
            await self._conclude(finished, now)
        for message in messages:
            if not isinstance(message, EvaluationFinished):
                await self._carry_out(message, now)
        if not stopping:
            due = [name for name in self._agenda.take_due(self._reading(now)) if self._is_running(name)]
            if due:
                await self._fire(due, now)

    @abstractmethod
    def _reading(self, now: Now) -> float:
        """The moment as the agenda counts."""

    @abstractmethod
    async def _enter(self, names: Sequence[str], now: Now) -> None:
        """Read the rows of these triggers and expect the next time of each that runs."""

    @abstractmethod
    async def _conclude(self, finished: Sequence[EvaluationFinished[TriggerT]], now: Now) -> None:
        """Store the ticks of these evaluations and expect the next time of each trigger."""

    @abstractmethod
    async def _fire(self, names: Sequence[str], now: Now) -> None:
        """Deal with the triggers that are due: evaluate, or store the tick that says why not."""

    @abstractmethod
    def _look_ahead(self, name: str, now: Now) -> None:
        """Expect the next time of a trigger that is free, or none for one that does not run."""

    @abstractmethod
    def _runs_by_default(self, trigger: TriggerT) -> bool:
        """Whether the code says that the trigger runs."""

    def _has_other_times(self, earlier: TriggerT, trigger: TriggerT) -> bool:
        """Whether the times of a changed trigger are counted from now."""
        return False

    async def _carry_out(self, command: TriggerCommand, now: Now) -> None:
        refusal = self._refusal(command)
        if refusal is not None:
            command.reply.answer(refusal)
            return
        match command:
            case AddTriggers():
                command.reply.answer(await self._add(self._of_this_kind(command.triggers), now))
            case ChangeTrigger():
                (trigger,) = self._of_this_kind((command.trigger,))
                command.reply.answer(await self._change(trigger, now))
            case RemoveTrigger():
                command.reply.answer(await self._remove(command.name))
            case ChooseTrigger():
                command.reply.answer(await self._choose(command, now))

    def _refusal(self, command: TriggerCommand) -> Exception | None:
        kind = self.kind.capitalize()
        match command:
            case AddTriggers(triggers=triggers):
                taken = next((trigger.name for trigger in triggers if trigger.name in self._triggers), None)
                if taken is None:
                    return None
                return RiversError(f"{kind} '{taken}' exists already: change it, or remove it first")
            case ChangeTrigger(trigger=trigger):
                name = trigger.name
            case RemoveTrigger(name=name) | ChooseTrigger(name=name):
                pass
        return None if name in self._triggers else NodeNotFoundError.of(kind, name)

    def _of_this_kind(self, triggers: Sequence[Schedule | Sensor]) -> Sequence[TriggerT]:
        # A command reaches the daemon of its kind only: ControlDaemon and the wiring see to that.
        return cast("Sequence[TriggerT]", triggers)

    async def _add(self, triggers: Sequence[TriggerT], now: Now) -> None:
        # First the set: should the store fail now, the recovery enters them.
        self._triggers |= {trigger.name: trigger for trigger in triggers}
        await self._enter(sorted(trigger.name for trigger in triggers), now)

    async def _change(self, trigger: TriggerT, now: Now) -> None:
        earlier, self._triggers[trigger.name] = self._triggers[trigger.name], trigger
        anew = self._has_other_times(earlier, trigger)
        await self._book.change(trigger.name, self._runs_by_default(trigger), now.ns, anew=anew)
        self._look_ahead(trigger.name, now)

    async def _remove(self, name: str) -> None:
        del self._triggers[name]
        self._agenda.drop(name)
        self._evaluations.give_up(name)
        await self._book.close(name)

    async def _choose(self, command: ChooseTrigger, now: Now) -> TriggerState:
        default = self._runs_by_default(self._triggers[command.name])
        state = await self._book.choose(command.name, command.choice, default, now.ns)
        self._look_ahead(command.name, now)
        return state

    async def _open(self, names: Sequence[str], now: Now) -> list[str]:
        """Read the rows of these triggers; return the names of those that run."""
        await self._book.open({name: self._runs_by_default(self._triggers[name]) for name in names}, now.ns)
        return [name for name in names if self._is_running(name)]

    def _evaluate(self, name: str, started_at: int, evaluate: Evaluate) -> None:
        trigger = self._triggers[name]
        self._evaluations.start(
            trigger, started_at, self._book[name].last_seq, evaluate, timeout_ns(trigger.eval_timeout)
        )

    def _is_running(self, name: str) -> bool:
        return is_running(self._book[name], self._runs_by_default(self._triggers[name]))

    def _is_abandoned(self, name: str) -> bool:
        return (self.kind, name) in self._evaluator.abandoned
