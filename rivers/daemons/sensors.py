"""The daemon that polls sensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rivers.channels.mailbox import Wake
from rivers.daemons.evaluations import EvaluationFinished
from rivers.daemons.triggers import Now, TriggerDaemon
from rivers.definitions.triggers.sensors import Sensor
from rivers.records import SensorStatus, TickDecision
from rivers.scheduling.polls import interval_ns, next_poll_at
from rivers.scheduling.ticks import TriggerFacts, decide_blocked_tick, decide_sensor_tick


class SensorDaemon(TriggerDaemon[Sensor]):
    """Polls each sensor an interval after its last poll and stores what follows.

    Consumes: ``AddTriggers``, ``ChangeTrigger``, ``RemoveTrigger``, ``ChooseTrigger``; its own evaluations.
    Emits: ``RunsQueued``.
    Reads and writes: the sensors' state rows and ticks, with the cursors and runs that follow from them.
    After a restart: every running sensor is polled at once, with the cursor of its newest tick.
    """

    kind = "sensor"

    def next_wake(self) -> Wake | None:
        """Wake at the earliest poll of all sensors."""
        moment = self._agenda.next_moment()
        return None if moment is None else Wake(monotonic=moment)

    def _reading(self, now: Now) -> float:
        return now.monotonic

    async def _enter(self, names: Sequence[str], now: Now) -> None:
        """Expect the first poll of each now."""
        for name in await self._open(names, now):
            self._agenda.put(name, now.monotonic)

    async def _conclude(self, finished: Sequence[EvaluationFinished[Sensor]], now: Now) -> None:
        facts = await self._book.launch_facts([(each.name, each.evaluated) for each in finished], now.ns)
        await self._store(
            [
                decide_sensor_tick(
                    _facts(each.trigger),
                    self._book.at_seq(each.name, each.seq),
                    each.evaluated,
                    targets=self._settings.targets,
                    used_keys=known.used_keys,
                    keys=known.keys,
                    now=now.ns,
                    queued=self._settings.queued,
                )
                for each, known in zip(finished, facts, strict=True)
            ],
            now,
        )

    async def _fire(self, names: Sequence[str], now: Now) -> None:
        blocked = [name for name in names if self._is_abandoned(name)]
        if blocked:
            await self._store(
                [decide_blocked_tick(_facts(self._triggers[name]), self._book[name], now=now.ns) for name in blocked],
                now,
            )
        for name in names:
            if name not in blocked:
                state = self._book[name]
                evaluate = partial(
                    self._evaluator.evaluate_sensor, self._triggers[name], state.cursor, state.last_tick_at
                )
                self._evaluate(name, now.ns, evaluate)

    async def _store(self, decisions: Sequence[TickDecision], now: Now) -> None:
        """Commit these ticks and expect the next poll of each sensor an interval from now."""
        await self._book.commit(decisions)
        for decision in decisions:
            if self._is_running(decision.name):
                interval = interval_ns(self._triggers[decision.name].minimum_interval)
                self._agenda.put(decision.name, next_poll_at(now.monotonic, interval))

    def _look_ahead(self, name: str, now: Now) -> None:
        """Poll a sensor that a person has changed or resumed at once."""
        if not self._is_running(name):
            self._agenda.drop(name)
        elif name not in self._evaluations:
            self._agenda.put(name, now.monotonic)

    def _runs_by_default(self, trigger: Sensor) -> bool:
        return trigger.default_status == SensorStatus.Running


def _facts(sensor: Sensor) -> TriggerFacts:
    return TriggerFacts(
        kind="sensor",
        name=sensor.name,
        job_name=sensor.job_name,
        tags=sensor.tags,
        asset_selection=None if sensor.asset_selection is None else tuple(sensor.asset_selection),
    )
