"""Starts admitted runs and passes on that they have ended."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox, tell
from rivers.channels.messages import CancelRun, RunFinished, RunsAdmitted, RunsEnded
from rivers.channels.ports import LauncherPorts
from rivers.clock import Clock
from rivers.daemons.executions import Executions
from rivers.daemons.ranked import RankedDaemon
from rivers.queueing.leases import RUN_LEASE_NS
from rivers.storage import Storage

_Message = RunsAdmitted | RunFinished | CancelRun


class LauncherDaemon(RankedDaemon):
    """Turns ``NotStarted`` into ``Started``, with a lease, and hands the run to :class:`Executions`.

    Consumes: ``RunsAdmitted``, ``RunFinished``, ``CancelRun``.
    Emits: ``RunsEnded``.
    Reads and writes: run rows and leases; every start is a compare-and-set, so a run starts once whoever tells.
    After a restart, and every ``interval_seconds`` in case a hint was lost: what was admitted and never started is
    started; executions go on untouched.
    """

    def __init__(
        self, ports: LauncherPorts, storage: Storage, clock: Clock, executions: Executions, interval_seconds: float
    ) -> None:
        super().__init__(clock)
        self._ports = ports
        self._storage = storage
        self._executions = executions
        self._interval = interval_seconds
        self._look_at = 0.0

    def recover(self) -> None:
        """Start what was admitted and never started."""
        self._look_at = self.clock.monotonic() + self._interval
        self._start([run.run_id for run in self._storage.unstarted_runs()])

    async def serve(self, ctx: Context) -> None:
        """Drain the mailbox: ends first, since they free what starts may need. Look unasked when it is time."""
        mailbox = Mailbox[_Message](self._ports.admitted, self._ports.finished, self._ports.cancellations)
        async with anyio.create_task_group() as receivers:
            mailbox.open(receivers, ctx)
            while not mailbox.stopping:
                await mailbox.wait(self.clock, seconds=self._look_at - self.clock.monotonic())
                await self.clock.idle(self.rank)
                self._handle(mailbox.drain())
                if self._look_at <= self.clock.monotonic():
                    self.recover()
            receivers.cancel_scope.cancel()

    def _handle(self, messages: Sequence[_Message]) -> None:
        admitted: list[str] = []
        ended: list[str] = []
        for message in messages:
            match message:
                case RunsAdmitted(run_ids=run_ids):
                    admitted.extend(run_ids)
                case RunFinished(run_id=run_id):
                    ended.append(run_id)
                case CancelRun():
                    ended.extend(self._cancel(message))
        if ended:
            tell(self._ports.ended, RunsEnded(run_ids=tuple(sorted(ended))))
        self._start(list(dict.fromkeys(admitted)))

    def _start(self, run_ids: list[str]) -> None:
        if not run_ids:
            return
        now = self.clock.now_ns()
        for run in self._storage.start_runs(
            run_ids, owner=self._storage.session, at=now, lease_until=now + RUN_LEASE_NS
        ):
            self._executions.launch(run)

    def _cancel(self, command: CancelRun) -> list[str]:
        status = self._storage.cancel_run(command.run_id, self.clock.now_ns())
        command.reply.answer(status)
        return [] if status is None else [command.run_id]
