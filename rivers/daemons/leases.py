"""The daemon that keeps the leases of this graph's runs and ends the runs that nobody else will end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rivers.channels.mailbox import Wake, tell
from rivers.channels.messages import RunsAdmitted, RunsEnded
from rivers.channels.ports import LeasePorts
from rivers.clock import Clock
from rivers.daemons.loop import MailboxDaemon
from rivers.durations import NANOS_PER_SECOND
from rivers.queueing.leases import (
    ORPHANED,
    RENEWALS_PER_PERIOD,
    RUN_LEASE_NS,
    ClockWatch,
    observe,
    seconds_to_next_wake,
    stale_launch_text,
    stale_launches,
    start_deadline,
)
from rivers.records import RunRecord
from rivers.storage import AsyncStore, Storage

_RENEWAL_NS: Final = RUN_LEASE_NS // RENEWALS_PER_PERIOD
_IDLE_NS: Final = 3600 * NANOS_PER_SECOND


class LeaseDaemon(MailboxDaemon[RunsAdmitted]):
    """The only judge of what has been left behind.

    Consumes: ``RunsAdmitted``: from then on there is a lease to renew and a launch that may go stale.
    Emits: ``RunsEnded``.
    Reads and writes: run leases; orphaned and stale runs -> ``Failure``; slots of pools, freed after their lease.
    After a restart: it looks again; storage refuses to end a run twice. Launches from before have their whole time
    again.
    """

    def __init__(
        self, ports: LeasePorts, store: AsyncStore, clock: Clock, start_timeout_ns: int, *, shared: bool = False
    ) -> None:
        """``shared``: other processes write to the same store, so that others may die beside this one."""
        super().__init__(clock, ports.launching)
        self._ports = ports
        self._store = store
        self._start_timeout = start_timeout_ns
        self._shared = shared
        self._watch: ClockWatch | None = None
        self._wake_at = 0.0
        self._recovered_at = 0

    async def recover(self) -> None:
        """End the runs that a dead owner left Started, before anything counts them as in flight."""
        self._watch = None
        self._recovered_at = self.clock.now_ns()
        await self._look()

    def next_wake(self) -> Wake:
        """Wake for the next renewal, or for the earliest launch that may have gone stale."""
        return Wake(monotonic=self._wake_at)

    async def rest(self) -> None:
        """Let the instant come to rest only before a look: a message merely brings the next look forward."""
        if self._wake_at <= self.clock.monotonic():
            await super().rest()

    async def act(self, messages: Sequence[RunsAdmitted], *, stopping: bool) -> None:
        """Expect to renew and to judge what was admitted; look when it is time."""
        if messages:
            self._wake_within(min(self._start_timeout, _RENEWAL_NS) / NANOS_PER_SECOND)
        if self._wake_at <= self.clock.monotonic():
            await self._look()

    async def _look(self) -> None:
        now, monotonic = self.clock.now_ns(), self.clock.monotonic()
        watch = observe(self._watch, now=now, monotonic=monotonic, period=RUN_LEASE_NS)

        def renew_leases(storage: Storage) -> int:
            return storage.renew_leases(storage.session, now + RUN_LEASE_NS)

        held = await self._store.run(renew_leases)
        waiting = await self._store.run(Storage.unstarted_runs)
        stale = stale_launches(waiting, watch, self._start_timeout, since=self._recovered_at)
        self._tell([*await self._end_orphans(watch), *await self._fail(stale, now)])
        given_up = {run.run_id for run in stale}
        deadlines = [
            start_deadline(run, self._start_timeout, since=self._recovered_at)
            for run in waiting
            if run.run_id not in given_up
        ]
        interval = _RENEWAL_NS if held or self._shared else _IDLE_NS
        self._watch = watch
        self._wake_at = monotonic + seconds_to_next_wake(watch, deadlines, interval)
        self._expect()

    async def _end_orphans(self, watch: ClockWatch) -> list[str]:
        """End the runs of dead owners, known by their boot on a store of our own, and else by their lease."""
        if watch.trusts():
            await self._store.run(Storage._free_expired_leases)  # pyright: ignore[reportPrivateUsage]
        elif self._shared:
            return []
        return [run.run_id for run in await self._store.run(Storage.fail_orphans, watch.now, ORPHANED)]

    async def _fail(self, stale: list[RunRecord], now: int) -> list[str]:
        text = stale_launch_text(self._start_timeout)
        return [run.run_id for run in stale if await self._store.run(Storage.fail_launch, run.run_id, text, now)]

    def _wake_within(self, seconds: float) -> None:
        self._wake_at = min(self._wake_at, self.clock.monotonic() + seconds)
        self._expect()

    def _expect(self) -> None:
        """Note when the next wake-up is planned, so that it can be told from one that came late."""
        if self._watch is not None:
            self._watch = self._watch.expecting(self._wake_at - self._watch.monotonic)

    def _tell(self, run_ids: list[str]) -> None:
        if run_ids:
            tell(self._ports.reclaimed, RunsEnded(run_ids=tuple(run_ids)))
