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
from rivers.definitions.sensors import Sensor
from rivers.execution.evaluation import Evaluated, Evaluator
from rivers.records import SensorStatus, TickDecision
from rivers.scheduling.due import ABANDONED
from rivers.scheduling.polls import Agenda, interval_ns, next_poll_at, timeout_ns
from rivers.scheduling.ticks import TriggerFacts, decide_sensor_tick
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
        self._book.open(
            {name: _runs_by_default(sensor) for name, sensor in self._sensors.items()}, self.clock.now_ns()
        )
        for name in self._sensors:
            if self._is_running(name):
                self._agenda.put(name, self.clock.monotonic())

    async def serve(self, ctx: Context) -> None:
        """Wait for the earliest poll of all sensors, a command, or an evaluation that has come back."""
        mailbox = Mailbox[_Message](self._ports.commands)
        async with anyio.create_task_group() as group:
            self._evaluations = EvaluationsInFlight("sensor", self.clock, group, mailbox)
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
        finished = sorted(
            (message for message in messages if isinstance(message, EvaluationFinished)), key=lambda each: each.name
        )
        self._store([(each.name, each.started_at, each.evaluated) for each in finished])
        for message in messages:
            if isinstance(message, ReloadTrigger):
                self._reload(message)
        if not stopping:
            self._poll([name for name in self._agenda.take_due(self.clock.monotonic()) if self._is_running(name)])

    def _poll(self, names: Sequence[str]) -> None:
        assert self._evaluations is not None  # serve() made it before the first poll could come
        now = self.clock.now_ns()
        self._store([(name, now, _still_running()) for name in names if self._is_abandoned(name)])
        for name in names:
            if self._is_abandoned(name) or name in self._evaluations:
                continue
            sensor, state = self._sensors[name], self._book[name]
            timeout = timeout_ns(sensor.eval_timeout)
            self._evaluations.start(
                name,
                now,
                partial(self._evaluator.evaluate_sensor, sensor, state.cursor, state.last_tick_at),
                None if timeout is None else timeout / 1e9,
            )

    def _store(self, answers: Sequence[tuple[str, int, Evaluated]]) -> None:
        """Commit the ticks of these answers and expect the next poll of each sensor an interval from now."""
        now = self.clock.now_ns()
        self._book.commit([self._decide(name, evaluated, now) for name, _started_at, evaluated in answers])
        for name, _started_at, _evaluated in answers:
            if self._is_running(name):
                interval = interval_ns(self._sensors[name].minimum_interval)
                self._agenda.put(name, next_poll_at(self.clock.monotonic(), interval))

    def _decide(self, name: str, evaluated: Evaluated, now: int) -> TickDecision:
        return decide_sensor_tick(
            _facts(self._sensors[name]),
            self._book[name],
            evaluated,
            targets=self._settings.targets,
            used_keys=self._book.used_keys(name, evaluated),
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


def _still_running() -> Evaluated:
    text = f"EvaluationTimeout: {ABANDONED}"
    return Evaluated(requests=(), skip_reason=None, cursor=None, error=text, traceback=None)


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
