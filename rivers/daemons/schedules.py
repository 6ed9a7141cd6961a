"""Fires schedules at their times."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox
from rivers.channels.messages import ReloadTrigger
from rivers.channels.ports import SchedulePorts
from rivers.clock import Clock
from rivers.daemons.evaluations import EvaluationFinished, EvaluationsInFlight
from rivers.daemons.ranked import RankedDaemon
from rivers.daemons.settings import TriggerSettings
from rivers.daemons.trigger_book import TriggerBook, is_running
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.tick_results import default_schedule_result
from rivers.execution.triggers.evaluation import Evaluated, Evaluator
from rivers.records import ScheduleStatus, TickDecision
from rivers.scheduling.agenda import Agenda
from rivers.scheduling.cron import CronTimes
from rivers.scheduling.due import Due, decide_due
from rivers.scheduling.polls import timeout_ns
from rivers.scheduling.ticks import TriggerFacts, decide_missed_tick, decide_schedule_tick
from rivers.storage import Storage

_Message = ReloadTrigger | EvaluationFinished


class ScheduleDaemon(RankedDaemon):
    """One sleeper over the agenda of all schedules.

    Consumes: ``ReloadTrigger``; its own evaluations.
    Emits: ``RunsQueued``.
    Reads and writes: the schedules' state rows and ticks, with the runs and checkpoints that follow from them.
    After a restart: times that passed meanwhile become one Skipped tick a schedule; an evaluation that was in flight is
    among them.
    """

    def __init__(
        self,
        ports: SchedulePorts,
        storage: Storage,
        clock: Clock,
        evaluator: Evaluator,
        schedules: Sequence[Schedule],
        settings: TriggerSettings,
    ) -> None:
        super().__init__(clock)
        self._ports = ports
        self._evaluator = evaluator
        self._schedules = {schedule.name: schedule for schedule in sorted(schedules, key=lambda each: each.name)}
        self._times = {
            name: CronTimes(schedule.cron_schedule, schedule.timezone) for name, schedule in self._schedules.items()
        }
        self._settings = settings
        self._book = TriggerBook("schedule", storage, ports.runs_queued, settings.retain)
        self._agenda = Agenda()
        self._evaluations: EvaluationsInFlight | None = None

    def recover(self) -> None:
        """Read every state row; account for the times that passed while nobody watched; note the next ones."""
        now = self.clock.now_ns()
        self._agenda = Agenda()
        self._book.open({name: _runs_by_default(schedule) for name, schedule in self._schedules.items()}, now)
        running = [name for name in self._schedules if self._is_running(name)]
        due = {name: decide_due(self._times[name], self._book[name].checkpoint, now, starting=True) for name in running}
        self._book.commit(self._missed(due, now))
        for name, verdict in due.items():
            self._expect(name, verdict.next)

    async def serve(self, ctx: Context) -> None:
        """Wait for the earliest time of all schedules, a command, or an evaluation that has come back."""
        mailbox = Mailbox[_Message](self._ports.commands)
        async with anyio.create_task_group() as group:
            self._evaluations = EvaluationsInFlight("schedule", self.clock, group, mailbox.put)
            mailbox.open(group, ctx)
            while not mailbox.stopping or len(self._evaluations):
                await mailbox.wait(self.clock, until_ns=self._next_moment(mailbox.stopping))
                await self.clock.idle(self.rank)
                self._act(mailbox.drain(), mailbox.stopping)
            group.cancel_scope.cancel()

    def _next_moment(self, stopping: bool) -> int | None:
        moment = None if stopping else self._agenda.next_moment()
        return None if moment is None else int(moment)

    def _act(self, messages: Sequence[_Message], stopping: bool) -> None:
        now = self.clock.now_ns()
        finished = sorted(
            (message for message in messages if isinstance(message, EvaluationFinished)), key=lambda each: each.name
        )
        self._finish(finished, now)
        for message in messages:
            if isinstance(message, ReloadTrigger):
                message.reply.answer(
                    self._book.reload(message.name, _runs_by_default(self._schedules[message.name]), now)
                )
                self._look_ahead(message.name, now)
        if not stopping:
            self._fire([name for name in self._agenda.take_due(now) if self._is_running(name)], now)

    def _finish(self, finished: Sequence[EvaluationFinished], now: int) -> None:
        """Store the ticks of the evaluations that came back, then account for the times that passed under them."""
        self._book.commit(
            [self._decide(each.name, each.started_at, each.evaluated, each.seq, now) for each in finished]
        )
        due = {
            # A time that is now has not passed: it fires, now that the schedule is free.
            each.name: decide_due(self._times[each.name], self._book[each.name].checkpoint, now - 1, in_flight=True)
            for each in finished
            if self._is_running(each.name) and not self._is_abandoned(each.name)
        }
        self._book.commit(self._missed(due, now))
        for each in finished:
            self._look_ahead(each.name, now)

    def _fire(self, names: Sequence[str], now: int) -> None:
        due = {
            name: decide_due(self._times[name], self._book[name].checkpoint, now, abandoned=self._is_abandoned(name))
            for name in names
        }
        self._book.commit(self._missed(due, now))
        inline: list[TickDecision] = []
        for name, verdict in due.items():
            if verdict.fire is None or self._is_dealt_with(name, verdict.fire):
                self._expect(name, verdict.next)
            elif self._schedules[name].evaluation_fn is None:
                evaluated = _without_function(self._schedules[name])
                inline.append(self._decide(name, verdict.fire, evaluated, self._book[name].last_seq, now))
                self._expect(name, verdict.next)
            else:
                self._evaluate(name, verdict.fire)
        self._book.commit(inline)

    def _evaluate(self, name: str, scheduled_at: int) -> None:
        assert self._evaluations is not None  # serve() made it before the first time could come
        schedule = self._schedules[name]
        self._evaluations.start(
            name,
            scheduled_at,
            self._book[name].last_seq,
            partial(self._evaluator.evaluate_schedule, schedule, scheduled_at),
            timeout_ns(schedule.eval_timeout),
        )

    def _decide(self, name: str, scheduled_at: int, evaluated: Evaluated, seq: int, now: int) -> TickDecision:
        return decide_schedule_tick(
            _facts(self._schedules[name]),
            self._book.at_seq(name, seq),
            evaluated,
            scheduled_at=scheduled_at,
            targets=self._settings.targets,
            used_keys=self._book.used_keys(name, evaluated),
            keys=self._settings.keys(evaluated, now),
            now=now,
            queued=self._settings.queued,
        )

    def _missed(self, due: dict[str, Due], now: int) -> list[TickDecision]:
        return [
            decide_missed_tick(_facts(self._schedules[name]), self._book[name], verdict, now=now)
            for name, verdict in due.items()
            if verdict.missed is not None
        ]

    def _look_ahead(self, name: str, now: int) -> None:
        """Expect the next time of a schedule that is free to fire."""
        if not self._is_running(name):
            self._agenda.drop(name)
        elif self._evaluations is None or name not in self._evaluations:
            checkpoint = self._book[name].checkpoint
            self._expect(name, self._times[name].after(now - 1 if checkpoint is None else max(checkpoint, now - 1)))

    def _expect(self, name: str, moment: int | None) -> None:
        if moment is not None:
            self._agenda.put(name, moment)

    def _is_running(self, name: str) -> bool:
        return is_running(self._book[name], _runs_by_default(self._schedules[name]))

    def _is_dealt_with(self, name: str, moment: int) -> bool:
        """Whether another writer was found to have committed the tick of that time."""
        checkpoint = self._book[name].checkpoint
        return checkpoint is not None and checkpoint >= moment

    def _is_abandoned(self, name: str) -> bool:
        return ("schedule", name) in self._evaluator.abandoned


def _runs_by_default(schedule: Schedule) -> bool:
    return schedule.default_status == ScheduleStatus.Running


def _facts(schedule: Schedule) -> TriggerFacts:
    return TriggerFacts(kind="schedule", name=schedule.name, job_name=schedule.job_name, tags=schedule.tags)


def _without_function(schedule: Schedule) -> Evaluated:
    """A schedule without a function asks for its job once a time, and needs no thread to say so."""
    return Evaluated.of_result(default_schedule_result(schedule.name, schedule.job_name))
