"""Polls sensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox
from rivers.channels.messages import ReloadTrigger
from rivers.channels.ports import SensorPorts
from rivers.clock import Clock
from rivers.daemons.evaluations import EvaluationFinished, EvaluationsInFlight
from rivers.daemons.ranked import RankedDaemon
from rivers.daemons.settings import TriggerSettings
from rivers.daemons.trigger_book import TriggerBook, is_running
from rivers.definitions.triggers.sensors import Sensor
from rivers.execution.triggers.evaluation import Evaluator
from rivers.records import SensorStatus, TickDecision
from rivers.scheduling.agenda import Agenda
from rivers.scheduling.polls import interval_ns, next_poll_at, timeout_ns
from rivers.scheduling.ticks import TriggerFacts, decide_blocked_tick, decide_sensor_tick
from rivers.storage import Storage

_Message = ReloadTrigger | EvaluationFinished


class SensorDaemon(RankedDaemon):
    """One sleeper over the agenda of all sensors.

    Consumes: ``ReloadTrigger``; its own evaluations.
    Emits: ``RunsQueued``.
    Reads and writes: the sensors' state rows and ticks, with the cursors and runs that follow from them.
    After a restart: every running sensor is polled at once, with the cursor of its newest tick.
    """

    def __init__(
        self,
        ports: SensorPorts,
        storage: Storage,
        clock: Clock,
        evaluator: Evaluator,
        sensors: Sequence[Sensor],
        settings: TriggerSettings,
    ) -> None:
        super().__init__(clock)
        self._ports = ports
        self._evaluator = evaluator
        self._sensors = {sensor.name: sensor for sensor in sorted(sensors, key=lambda each: each.name)}
        self._settings = settings
        self._book = TriggerBook("sensor", storage, ports.runs_queued, settings.retain)
        self._agenda = Agenda()
        self._evaluations: EvaluationsInFlight | None = None

    def recover(self) -> None:
        """Read every state row and expect the first poll now."""
        self._agenda = Agenda()
        self._book.open({name: _runs_by_default(sensor) for name, sensor in self._sensors.items()}, self.clock.now_ns())
        for name in self._sensors:
            if self._is_running(name):
                self._agenda.put(name, self.clock.monotonic())

    async def serve(self, ctx: Context) -> None:
        """Wait for the earliest poll of all sensors, a command, or an evaluation that has come back."""
        mailbox = Mailbox[_Message](self._ports.commands)
        async with anyio.create_task_group() as group:
            self._evaluations = EvaluationsInFlight("sensor", self.clock, group, mailbox.put)
            mailbox.open(group, ctx)
            while not mailbox.stopping or len(self._evaluations):
                await mailbox.wait(self.clock, seconds=self._seconds_to_next(mailbox.stopping))
                await self.clock.idle(self.rank)
                self._act(mailbox.drain(), mailbox.stopping)
            group.cancel_scope.cancel()

    def _seconds_to_next(self, stopping: bool) -> float | None:
        moment = None if stopping else self._agenda.next_moment()
        return None if moment is None else moment - self.clock.monotonic()

    def _act(self, messages: Sequence[_Message], stopping: bool) -> None:
        now = self.clock.now_ns()
        finished = sorted(
            (message for message in messages if isinstance(message, EvaluationFinished)), key=lambda each: each.name
        )
        self._store([self._decide(each, now) for each in finished])
        for message in messages:
            if isinstance(message, ReloadTrigger):
                self._reload(message)
        if not stopping:
            self._poll([name for name in self._agenda.take_due(self.clock.monotonic()) if self._is_running(name)], now)

    def _poll(self, names: Sequence[str], now: int) -> None:
        blocked = [name for name in names if self._is_abandoned(name)]
        self._store([decide_blocked_tick(_facts(self._sensors[name]), self._book[name], now=now) for name in blocked])
        for name in names:
            if name not in blocked:
                self._evaluate(name, now)

    def _evaluate(self, name: str, now: int) -> None:
        assert self._evaluations is not None  # serve() made it before the first poll could come
        sensor, state = self._sensors[name], self._book[name]
        self._evaluations.start(
            name,
            now,
            state.last_seq,
            partial(self._evaluator.evaluate_sensor, sensor, state.cursor, state.last_tick_at),
            timeout_ns(sensor.eval_timeout),
        )

    def _store(self, decisions: Sequence[TickDecision]) -> None:
        """Commit these ticks and expect the next poll of each sensor an interval from now."""
        self._book.commit(decisions)
        for decision in decisions:
            if self._is_running(decision.name):
                interval = interval_ns(self._sensors[decision.name].minimum_interval)
                self._agenda.put(decision.name, next_poll_at(self.clock.monotonic(), interval))

    def _decide(self, finished: EvaluationFinished, now: int) -> TickDecision:
        return decide_sensor_tick(
            _facts(self._sensors[finished.name]),
            self._book.at_seq(finished.name, finished.seq),
            finished.evaluated,
            targets=self._settings.targets,
            used_keys=self._book.used_keys(finished.name, finished.evaluated),
            keys=self._settings.keys(finished.evaluated, now),
            now=now,
            queued=self._settings.queued,
        )

    def _reload(self, command: ReloadTrigger) -> None:
        name = command.name
        state = self._book.reload(name, _runs_by_default(self._sensors[name]), self.clock.now_ns())
        if not self._is_running(name):
            self._agenda.drop(name)
        elif self._evaluations is None or name not in self._evaluations:
            self._agenda.put(name, self.clock.monotonic())
        command.reply.answer(state)

    def _is_running(self, name: str) -> bool:
        return is_running(self._book[name], _runs_by_default(self._sensors[name]))

    def _is_abandoned(self, name: str) -> bool:
        return ("sensor", name) in self._evaluator.abandoned


def _runs_by_default(sensor: Sensor) -> bool:
    return sensor.default_status == SensorStatus.Running


def _facts(sensor: Sensor) -> TriggerFacts:
    return TriggerFacts(
        kind="sensor",
        name=sensor.name,
        job_name=sensor.job_name,
        tags=sensor.tags,
        asset_selection=None if sensor.asset_selection is None else tuple(sensor.asset_selection),
    )
