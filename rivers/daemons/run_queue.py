"""Admits queued runs within the limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox, tell
from rivers.channels.messages import RunsAdmitted, RunsChanged, RunsEnded, RunsQueued
from rivers.channels.ports import RunQueuePorts
from rivers.clock import Clock
from rivers.daemons.ranked import RankedDaemon
from rivers.daemons.safety import SafetyInterval
from rivers.queueing.admission import UNLIMITED, Admission, Limits, admit
from rivers.records import RunRecord
from rivers.storage import Storage

_PAGE: Final = 200

_Message = RunsQueued | RunsEnded | RunsChanged


class RunQueueDaemon(RankedDaemon):
    """The only gate between a run that was asked for and a run that starts.

    Consumes: ``RunsQueued`` (schedules, sensors, people), ``RunsEnded`` (launcher, leases), ``RunsChanged``.
    Emits: ``RunsAdmitted``, to the launcher and to the lease keeper.
    Reads and writes: the queue and in-flight rows; ``Queued`` -> ``NotStarted``; block reasons.
    After a restart: the queue is read again, and what was admitted but not started is told again.
    """

    def __init__(
        self, ports: RunQueuePorts, storage: Storage, clock: Clock, limits: Limits | None, interval_seconds: float
    ) -> None:
        super().__init__(clock)
        self._ports = ports
        self._storage = storage
        self._limits = limits
        self._safety = SafetyInterval(interval_seconds)
        self._everyone: str | None = None

    def recover(self) -> None:
        """Look at the whole queue."""
        self._look()

    async def serve(self, ctx: Context) -> None:
        """Look when told that something changed, and unasked when the safety interval is over."""
        mailbox = Mailbox[_Message](
            self._ports.queued_by_schedules,
            self._ports.queued_by_sensors,
            self._ports.queued_by_people,
            self._ports.ended,
            self._ports.reclaimed,
            self._ports.changed_outside,
        )
        async with anyio.create_task_group() as receivers:
            mailbox.open(receivers, ctx)
            while not mailbox.stopping:
                await mailbox.wait(self.clock, seconds=self._safety.seconds)
                await self.clock.idle(self.rank)
                messages = mailbox.drain()
                if messages and self._limits is None:
                    self._pass_on(messages)
                else:
                    self._look()
            receivers.cancel_scope.cancel()

    def _pass_on(self, messages: Sequence[_Message]) -> None:
        """Without limits there is nothing to decide: what was created is admitted already."""
        self._tell([run_id for message in messages if isinstance(message, RunsQueued) for run_id in message.run_ids])

    def _look(self) -> None:
        in_flight = self._storage.in_flight()
        admitted = self._admit_from_queue(in_flight)
        unstarted = [run.run_id for run in in_flight if run.status == "NotStarted"]
        self._tell([*unstarted, *admitted])
        queued_count = self._storage.queued_count()
        busy = [run.run_id for run in in_flight] + admitted
        self._safety.observe((queued_count, tuple(busy)) if queued_count or busy else None)

    def _admit_from_queue(self, in_flight: list[RunRecord]) -> list[str]:
        limits = self._limits or UNLIMITED
        after: RunRecord | None = None
        admitted: list[str] = []
        while True:
            page = self._storage.queued_page(_PAGE, after=after)
            decision = admit(page, in_flight, limits)
            if decision.admitted:
                admitted += self._storage.admit_runs(decision.admitted, self.clock.now_ns())
            self._explain(page, decision)
            if not decision.wants_more or len(page) < _PAGE:
                return admitted
            after = page[-1]
            in_flight = [*in_flight, *(run for run in page if run.run_id in decision.admitted)]

    def _explain(self, page: list[RunRecord], decision: Admission) -> None:
        """Store why runs wait, where that has changed."""
        shown = {run.run_id: run.block_reason for run in page}
        changed = {run_id: reason for run_id, reason in decision.reasons.items() if shown.get(run_id) != reason}
        if changed or decision.everyone != self._everyone:
            self._storage.set_block_reasons(changed, decision.everyone)
            self._everyone = decision.everyone

    def _tell(self, run_ids: list[str]) -> None:
        if run_ids:
            message = RunsAdmitted(run_ids=tuple(run_ids))
            tell(self._ports.admitted, message)
            tell(self._ports.launching, message)
