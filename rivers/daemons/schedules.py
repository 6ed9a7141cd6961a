"""The daemon that fires schedules at their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from weakref import WeakKeyDictionary

from rivers.channels.mailbox import Wake
from rivers.channels.ports import TriggerPorts
from rivers.clock import Clock
from rivers.daemons.evaluations import EvaluationFinished
from rivers.daemons.settings import TriggerSettings
from rivers.daemons.trigger_book import LaunchFacts
from rivers.daemons.triggers import Now, TriggerDaemon
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.tick_results import default_schedule_result
from rivers.execution.triggers.evaluation import Evaluated, Evaluator
from rivers.records import ScheduleStatus, TickDecision, TriggerState
from rivers.scheduling.cron import CronTimes
from rivers.scheduling.due import Due, decide_due
from rivers.scheduling.ticks import TriggerFacts, decide_missed_tick, decide_schedule_tick
from rivers.storage import AsyncStore


class ScheduleDaemon(TriggerDaemon[Schedule]):
    """Evaluates each schedule at its times and stores what follows.

    Consumes: ``AddTriggers``, ``ChangeTrigger``, ``RemoveTrigger``, ``ChooseTrigger``; its own evaluations.
    Emits: ``RunsQueued``.
    Reads and writes: the schedules' state rows and ticks, with the runs and checkpoints that follow from them.
    After a restart: times that passed meanwhile become one Skipped tick a schedule; an evaluation that was in flight is
    among them.
    """

    kind = "schedule"

    def __init__(
        self, ports: TriggerPorts, store: AsyncStore, clock: Clock, evaluator: Evaluator, settings: TriggerSettings
    ) -> None:
        super().__init__(ports, store, clock, evaluator, settings)
        self._times_of = WeakKeyDictionary[Schedule, CronTimes]()

    def next_wake(self) -> Wake | None:
        """Wake at the earliest time of all schedules."""
        moment = self._agenda.next_moment()
        return None if moment is None else Wake(calendar_ns=int(moment))

    def _reading(self, now: Now) -> float:
        return now.ns

    async def _enter(self, names: Sequence[str], now: Now) -> None:
        """Account for the times that passed while nobody watched, and expect the next ones."""
        due = {
            name: decide_due(self._times(name), self._book[name].checkpoint, now.ns, starting=True)
            for name in await self._open(names, now)
        }
        await self._store_missed(due, now)
        for name, verdict in due.items():
            self._expect(name, verdict.next)

    async def _conclude(self, finished: Sequence[EvaluationFinished[Schedule]], now: Now) -> None:
        """Store the ticks of the evaluations that came back, then account for the times that passed under them."""
        facts = await self._book.launch_facts([(each.name, each.evaluated) for each in finished], now.ns)
        await self._book.commit(
            [
                self._decide(
                    each.trigger, self._book.at_seq(each.name, each.seq), each.started_at, each.evaluated, known, now
                )
                for each, known in zip(finished, facts, strict=True)
            ]
        )
        due = {
            # A time that is now has not passed: it fires, now that the schedule is free.
            each.name: decide_due(self._times(each.name), self._book[each.name].checkpoint, now.ns - 1, in_flight=True)
            for each in finished
            if self._is_running(each.name) and not self._is_abandoned(each.name)
        }
        await self._store_missed(due, now)
        for each in finished:
            self._look_ahead(each.name, now)

    async def _fire(self, names: Sequence[str], now: Now) -> None:
        due = {
            name: decide_due(self._times(name), self._book[name].checkpoint, now.ns, abandoned=self._is_abandoned(name))
            for name in names
        }
        await self._store_missed(due, now)
        at_once: dict[str, int] = {}
        for name, verdict in due.items():
            if verdict.fire is None or self._is_dealt_with(name, verdict.fire):
                self._expect(name, verdict.next)
            elif self._triggers[name].evaluation_fn is None:
                at_once[name] = verdict.fire
                self._expect(name, verdict.next)
            else:
                evaluate = partial(self._evaluator.evaluate_schedule, self._triggers[name], verdict.fire)
                self._evaluate(name, verdict.fire, evaluate)
        if at_once:
            await self._fire_at_once(at_once, now)

    async def _fire_at_once(self, times: Mapping[str, int], now: Now) -> None:
        """Store the ticks of schedules without a function: each asks for its job, and needs no thread to say so."""
        answers = {name: _without_function(self._triggers[name]) for name in times}
        facts = await self._book.launch_facts(list(answers.items()), now.ns)
        await self._book.commit(
            [
                self._decide(self._triggers[name], self._book[name], times[name], evaluated, known, now)
                for (name, evaluated), known in zip(answers.items(), facts, strict=True)
            ]
        )

    def _decide(
        self,
        schedule: Schedule,
        state: TriggerState,
        scheduled_at: int,
        evaluated: Evaluated,
        known: LaunchFacts,
        now: Now,
    ) -> TickDecision:
        return decide_schedule_tick(
            _facts(schedule),
            state,
            evaluated,
            scheduled_at=scheduled_at,
            targets=self._settings.targets,
            used_keys=known.used_keys,
            keys=known.keys,
            now=now.ns,
            queued=self._settings.queued,
        )

    async def _store_missed(self, due: Mapping[str, Due], now: Now) -> None:
        missed = [
            decide_missed_tick(_facts(self._triggers[name]), self._book[name], verdict, now=now.ns)
            for name, verdict in due.items()
            if verdict.missed is not None
        ]
        if missed:
            await self._book.commit(missed)

    def _look_ahead(self, name: str, now: Now) -> None:
        if not self._is_running(name):
            self._agenda.drop(name)
        elif name not in self._evaluations:
            checkpoint = self._book[name].checkpoint
            self._expect(
                name, self._times(name).after(now.ns - 1 if checkpoint is None else max(checkpoint, now.ns - 1))
            )

    def _expect(self, name: str, moment: int | None) -> None:
        if moment is None:
            self._agenda.drop(name)
        else:
            self._agenda.put(name, moment)

    def _times(self, name: str) -> CronTimes:
        schedule = self._triggers[name]
        times = self._times_of.get(schedule)
        if times is None:
            times = self._times_of[schedule] = CronTimes(schedule.cron_schedule, schedule.timezone)
        return times

    def _has_other_times(self, earlier: Schedule, trigger: Schedule) -> bool:
        return (earlier.cron_schedule, earlier.timezone or "UTC") != (trigger.cron_schedule, trigger.timezone or "UTC")

    def _runs_by_default(self, trigger: Schedule) -> bool:
        return trigger.default_status == ScheduleStatus.Running

    def _is_dealt_with(self, name: str, moment: int) -> bool:
        """Whether another writer was found to have committed the tick of that time."""
        checkpoint = self._book[name].checkpoint
        return checkpoint is not None and checkpoint >= moment


def _facts(schedule: Schedule) -> TriggerFacts:
    return TriggerFacts(kind="schedule", name=schedule.name, job_name=schedule.job_name, tags=schedule.tags)


def _without_function(schedule: Schedule) -> Evaluated:
    return Evaluated.of_result(default_schedule_result(schedule.name, schedule.job_name))
