"""Carries out what people ask for through the API, the CLI and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import anyio
from chrono_daemon import Context

from rivers.channels.mailbox import Mailbox, tell
from rivers.channels.messages import CancelRun, ChooseTrigger, ControlRequest, ReloadTrigger, RunsQueued, SubmitRun
from rivers.channels.ports import ControlPorts
from rivers.clock import Clock
from rivers.daemons.ranked import RankedDaemon
from rivers.exceptions import NodeNotFoundError
from rivers.records import AutomationKind, NewRun, TriggerState, priority_of
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage

_TRIGGER_REPLY_SECONDS: Final = 5.0


class ControlDaemon(RankedDaemon):
    """Persists each request, tells the daemon that it concerns, and only then replies.

    Consumes: ``ChooseTrigger``, ``SubmitRun``, ``CancelRun``, each with a one-shot reply.
    Emits: ``ReloadTrigger``, ``RunsQueued``, ``CancelRun``.
    Reads and writes: trigger choices; new runs.
    After a restart: a request in hand is lost without a reply; what it had persisted stands.
    """

    def __init__(self, ports: ControlPorts, storage: Storage, clock: Clock, repo: CodeRepository) -> None:
        super().__init__(clock)
        self._ports = ports
        self._storage = storage
        self._repo = repo
        self._known: Mapping[AutomationKind, frozenset[str]] = {
            "schedule": frozenset(schedule.name for schedule in repo.schedules),
            "sensor": frozenset(sensor.name for sensor in repo.sensors),
        }

    def recover(self) -> None:
        """Nothing is owed: who asked will ask again."""

    async def serve(self, ctx: Context) -> None:
        """One request at a time, in the order in which they were sent."""
        mailbox = Mailbox[ControlRequest](self._ports.requests)
        async with anyio.create_task_group() as receivers:
            mailbox.open(receivers, ctx)
            while not mailbox.stopping:
                await mailbox.wait(self.clock)
                for request in mailbox.drain():
                    await self._carry_out(request)
            receivers.cancel_scope.cancel()

    async def _carry_out(self, request: ControlRequest) -> None:
        try:
            match request:
                case ChooseTrigger():
                    request.reply.answer(await self._choose(request))
                case SubmitRun():
                    request.reply.answer(self._submit(request))
                case CancelRun():
                    tell(self._ports.cancellations, request)
        except Exception as error:
            # The caller, not this daemon, asked for something that cannot be done: the error is its answer.
            request.reply.answer(error)

    async def _choose(self, request: ChooseTrigger) -> TriggerState:
        if request.name not in self._known.get(request.kind, frozenset()):
            raise NodeNotFoundError(f"{request.kind.capitalize()} '{request.name}' not found")
        state = self._storage.set_trigger_choice(request.kind, request.name, request.choice, self.clock.now_ns())
        command = ReloadTrigger(name=request.name)
        tell(self._ports.schedule_commands if request.kind == "schedule" else self._ports.sensor_commands, command)
        return await command.reply.wait_at_most(self.clock, _TRIGGER_REPLY_SECONDS) or state

    def _submit(self, request: SubmitRun) -> str:
        names = self._repo.nodes_to_run(request.selection, request.job_name, include_upstream=request.include_upstream)
        key = self._repo.checked_partition_key(request.partition_key, names)
        run = NewRun(
            run_id=self._storage.ids.new_id(),
            job_name=request.job_name,
            node_names=tuple(names),
            partition_key=key,
            status="NotStarted",
            start_time=self.clock.now_ns(),
            tags=request.tags,
            priority=priority_of(request.tags),
        )
        self._storage.create_run(run)
        tell(self._ports.runs_queued, RunsQueued(run_ids=(run.run_id,)))
        return run.run_id
