"""Keeps this graph's runs alive in storage and ends those whose owner has died."""

from __future__ import annotations

from typing import Final

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox, tell
from rivers.channels.messages import RunsAdmitted, RunsEnded
from rivers.channels.ports import LeasePorts
from rivers.clock import Clock
from rivers.daemons.ranked import RankedDaemon
from rivers.queueing.leases import RUN_LEASE_NS
from rivers.records import StorageType
from rivers.storage import Storage

_RENEWAL_SECONDS: Final = RUN_LEASE_NS / 1e9 / 3
_IDLE_SECONDS: Final = 3600.0

ORPHANED: Final = "the process that executed this run has died or was killed; the run did not finish"


class LeaseDaemon(RankedDaemon):
    """The only judge of what has been left behind.

    Consumes: ``RunsAdmitted``, which sets the earliest moment at which a launch can be stale.
    Emits: ``RunsEnded``.
    Reads and writes: run leases; orphaned and stale runs -> ``Failure``.
    After a restart: it looks again; ending a run twice is refused by storage.
    """

    def __init__(self, ports: LeasePorts, storage: Storage, clock: Clock, start_timeout_seconds: float) -> None:
        super().__init__(clock)
        self._ports = ports
        self._storage = storage
        self._start_timeout = start_timeout_seconds
        self._renew_at = 0.0
        # Others may die beside us on a store that processes share; alone, only an earlier process can have died.
        self._idle_seconds = _RENEWAL_SECONDS if storage.type == StorageType.Remote else _IDLE_SECONDS
        self._sweep_at: float | None = None

    def recover(self) -> None:
        """End the runs that a dead owner left Started, before anything counts them as in flight."""
        self._renew()
        if self._storage.unstarted_runs():
            self._arm_sweep()

    async def serve(self, ctx: Context) -> None:
        """Wake for the next renewal or the earliest launch that may have gone stale."""
        mailbox = Mailbox[RunsAdmitted](self._ports.launching)
        async with anyio.create_task_group() as receivers:
            mailbox.open(receivers, ctx)
            while not mailbox.stopping:
                await mailbox.wait(self.clock, seconds=self._seconds_to_next())
                if mailbox.drain():
                    self._arm_sweep()
                    self._renew_at = min(self._renew_at, self.clock.monotonic() + _RENEWAL_SECONDS)
                if self._seconds_to_next() <= 0:
                    await self.clock.idle(self.rank)
                    self._look()
            receivers.cancel_scope.cancel()

    def _seconds_to_next(self) -> float:
        moments = [self._renew_at] if self._sweep_at is None else [self._renew_at, self._sweep_at]
        return min(moments) - self.clock.monotonic()

    def _arm_sweep(self) -> None:
        if self._sweep_at is None:
            self._sweep_at = self.clock.monotonic() + self._start_timeout

    def _look(self) -> None:
        now = self.clock.monotonic()
        if self._renew_at <= now:
            self._renew()
        if self._sweep_at is not None and self._sweep_at <= now:
            self._sweep()

    def _renew(self) -> None:
        now_ns = self.clock.now_ns()
        held = self._storage.renew_leases(self._storage.session, now_ns + RUN_LEASE_NS)
        self._renew_at = self.clock.monotonic() + (_RENEWAL_SECONDS if held else self._idle_seconds)
        self._tell([run.run_id for run in self._storage.fail_orphans(now_ns, ORPHANED)])

    def _sweep(self) -> None:
        """Fail the launches that were admitted longer than the start timeout ago and never began."""
        self._sweep_at = None
        now_ns = self.clock.now_ns()
        waiting = self._storage.unstarted_runs()
        stale = [run for run in waiting if now_ns - (run.admitted_at or run.start_time) >= self._start_timeout * 1e9]
        for run in stale:
            text = f"the run was admitted but did not start within {self._start_timeout:g}s (start_timeout)"
            self._storage.fail_launch(run.run_id, text, now_ns)
        self._tell([run.run_id for run in stale])
        if len(stale) < len(waiting):
            self._arm_sweep()

    def _tell(self, run_ids: list[str]) -> None:
        if run_ids:
            tell(self._ports.reclaimed, RunsEnded(run_ids=tuple(run_ids)))
