"""The daemon that starts admitted runs and tells that runs have ended."""

from __future__ import annotations

from collections.abc import Sequence

from rivers.channels.mailbox import Wake, tell
from rivers.channels.messages import CancelRun, RunFinished, RunsAdmitted, RunsEnded
from rivers.channels.ports import LauncherPorts
from rivers.clock import Clock
from rivers.daemons.executions import Executions
from rivers.daemons.loop import MailboxDaemon
from rivers.queueing.leases import RUN_LEASE_NS
from rivers.records import RunRecord
from rivers.storage import AsyncStore, Storage

_Message = RunsAdmitted | RunFinished | CancelRun


class LauncherDaemon(MailboxDaemon[_Message]):
    """The only way from ``NotStarted`` to ``Started``: under a lease, and on to :class:`Executions`.

    Consumes: ``RunsAdmitted``, ``RunFinished``, ``CancelRun``.
    Emits: ``RunsEnded``.
    Reads and writes: run rows and leases; every start is a compare-and-set, so a run starts once, whoever tells
    of it.
    After a restart, and every ``interval_seconds`` in case a hint was lost: what was admitted and never started is
    started; executions go on untouched.
    """

    def __init__(
        self, ports: LauncherPorts, store: AsyncStore, clock: Clock, executions: Executions, interval_seconds: float
    ) -> None:
        super().__init__(clock, ports.admitted, ports.finished, ports.cancellations)
        self._ports = ports
        self._store = store
        self._executions = executions
        self._interval = interval_seconds
        self._look_at = 0.0

    async def recover(self) -> None:
        """Start what was admitted and never started."""
        self._look_at = self.clock.monotonic() + self._interval
        unstarted = await self._store.run(Storage.unstarted_runs)
        await self._start([run.run_id for run in unstarted])

    def next_wake(self) -> Wake:
        """Look unasked when the interval is over."""
        return Wake(monotonic=self._look_at)

    async def act(self, messages: Sequence[_Message], *, stopping: bool) -> None:
        """Deal with ends first, since they free what starts may need."""
        admitted: list[str] = []
        ended: list[str] = []
        for message in messages:
            match message:
                case RunsAdmitted(run_ids=run_ids):
                    admitted.extend(run_ids)
                case RunFinished(run_id=run_id):
                    ended.append(run_id)
                case CancelRun():
                    ended.extend(await self._cancel(message))
        if ended:
            tell(self._ports.ended, RunsEnded(run_ids=tuple(sorted(ended))))
        await self._start(list(dict.fromkeys(admitted)))
        if self._look_at <= self.clock.monotonic():
            await self.recover()

    async def _start(self, run_ids: list[str]) -> None:
        if not run_ids:
            return
        now = self.clock.now_ns()

        def start_runs(storage: Storage) -> list[RunRecord]:
            return storage.start_runs(run_ids, owner=storage.session, at=now, lease_until=now + RUN_LEASE_NS)

        # Also when the graph is closed meanwhile: a run that is Started has to be executed.
        for run in await self._store.run_shielded(start_runs):
            self._executions.launch(run)

    async def _cancel(self, command: CancelRun) -> list[str]:
        status = await self._store.run(Storage.cancel_run, command.run_id, self.clock.now_ns())
        command.reply.answer(status)
        return [] if status is None else [command.run_id]
