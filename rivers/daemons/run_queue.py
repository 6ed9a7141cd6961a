"""The daemon that admits queued runs within the limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rivers.channels.mailbox import Wake, tell
from rivers.channels.messages import RunsAdmitted, RunsChanged, RunsEnded, RunsQueued
from rivers.channels.ports import RunQueuePorts
from rivers.clock import Clock
from rivers.daemons.loop import MailboxDaemon
from rivers.daemons.safety import SafetyInterval
from rivers.queueing.admission import UNLIMITED, Limits, admit
from rivers.records import RunRecord
from rivers.storage import AsyncStore, Storage

_PAGE: Final = 200
_UNKNOWN: Final = "not read yet"

_Message = RunsQueued | RunsEnded | RunsChanged


class RunQueueDaemon(MailboxDaemon[_Message]):
    """The only gate between a run that was asked for and a run that starts.

    Consumes: ``RunsQueued`` (schedules, sensors, people), ``RunsEnded`` (launcher, leases), ``RunsChanged``.
    Emits: ``RunsAdmitted``, to the launcher and to the lease keeper.
    Reads and writes: the queue and in-flight rows; ``Queued`` -> ``NotStarted``; block reasons.
    After a restart: it reads the queue again, and tells again of what was admitted and not started.
    """

    def __init__(
        self, ports: RunQueuePorts, store: AsyncStore, clock: Clock, limits: Limits | None, interval_seconds: float
    ) -> None:
        super().__init__(
            clock,
            ports.queued_by_schedules,
            ports.queued_by_sensors,
            ports.queued_by_people,
            ports.ended,
            ports.reclaimed,
            ports.changed_outside,
        )
        self._ports = ports
        self._store = store
        self._has_queue = limits is not None
        self._limits = limits or UNLIMITED
        self._safety = SafetyInterval(interval_seconds)
        self._look_at = 0.0
        self._everyone: str | None = _UNKNOWN

    async def recover(self) -> None:
        """Look at the whole queue."""
        self._everyone = _UNKNOWN
        await self._look()

    def next_wake(self) -> Wake:
        """Look unasked when the safety interval is over."""
        return Wake(monotonic=self._look_at)

    async def act(self, messages: Sequence[_Message], *, stopping: bool) -> None:
        """Look at the queue, or pass on what needs no look."""
        # Messages that come all the time must not put off the look for those that were lost.
        if messages and not self._has_queue and self.clock.monotonic() < self._look_at:
            self._pass_on(messages)
        else:
            await self._look()

    def _pass_on(self, messages: Sequence[_Message]) -> None:
        """Without limits there is nothing to decide: what was created is admitted already."""
        self._tell([run_id for message in messages if isinstance(message, RunsQueued) for run_id in message.run_ids])

    async def _look(self) -> None:
        in_flight = await self._store.run(Storage.in_flight)
        unstarted = [run.run_id for run in in_flight if run.status == "NotStarted"]
        admitted = await self._admit_from_queue(in_flight)
        self._tell([*unstarted, *(run.run_id for run in admitted)])
        in_flight += admitted
        queued_count = await self._store.run(Storage.queued_count)
        await self._explain_to_everyone(admit((), in_flight, self._limits).everyone if queued_count else None)
        outstanding = (queued_count, tuple(run.run_id for run in in_flight))
        self._safety.observe(outstanding if queued_count or in_flight else None)
        self._look_at = self.clock.monotonic() + self._safety.seconds

    async def _admit_from_queue(self, in_flight: Sequence[RunRecord]) -> list[RunRecord]:
        """Walk the queue page by page until it ends or the slots do."""
        admitted: list[RunRecord] = []
        after: RunRecord | None = None
        while True:
            size = self._page_size(len(in_flight) + len(admitted))
            page = await self._store.run(Storage.queued_page, size, after=after)
            decision = admit(page, [*in_flight, *admitted], self._limits)
            if decision.admitted:
                won = set(await self._store.run(Storage.admit_runs, decision.admitted, self.clock.now_ns()))
                admitted += [run for run in page if run.run_id in won]
            if decision.reasons:
                await self._store.run(Storage.set_block_reasons, decision.reasons, decision.everyone)
                self._everyone = decision.everyone
            if not decision.wants_more or len(page) < size:
                return admitted
            after = page[-1]

    def _page_size(self, in_flight_count: int) -> int:
        """Without tag limits the head of the queue goes first, so no more is read than there are slots."""
        slots = self._limits.max_concurrent_runs - in_flight_count
        if self._limits.tag_limits or self._limits.max_concurrent_runs < 0:
            return _PAGE
        return max(1, min(slots, _PAGE))

    async def _explain_to_everyone(self, reason: str | None) -> None:
        if reason != self._everyone:
            await self._store.run(Storage.set_block_reasons, {}, reason)
            self._everyone = reason

    def _tell(self, run_ids: list[str]) -> None:
        if run_ids:
            message = RunsAdmitted(run_ids=tuple(run_ids))
            tell(self._ports.admitted, message)
            tell(self._ports.launching, message)
