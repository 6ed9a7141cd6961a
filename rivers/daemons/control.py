"""The daemon that takes what people ask for through the API, the CLI and the pages."""

from __future__ import annotations

from collections.abc import Sequence

from rivers.channels.mailbox import tell
from rivers.channels.messages import (
    AddTriggers,
    CancelRun,
    ChangeTrigger,
    ChooseTrigger,
    ControlRequest,
    RemoveTrigger,
    RunsQueued,
    SubmitRun,
    TriggerCommand,
)
from rivers.channels.ports import ControlPorts
from rivers.clock import Clock
from rivers.daemons.loop import MailboxDaemon
from rivers.records import NewRun, priority_of
from rivers.repository.code_repository import CodeRepository
from rivers.storage import AsyncStore, Storage


class ControlDaemon(MailboxDaemon[ControlRequest]):
    """Creates the runs that people submit, and hands every other request on to the daemon that it concerns.

    Consumes: ``SubmitRun``, ``CancelRun`` and the commands for triggers, each with a one-shot reply.
    Emits: ``RunsQueued``; ``CancelRun`` and the commands for triggers, with the reply that they came with.
    Reads and writes: new runs.
    After a restart: a request in hand is answered with the error; what it had persisted stands.
    """

    def __init__(self, ports: ControlPorts, store: AsyncStore, clock: Clock, repo: CodeRepository) -> None:
        super().__init__(clock, ports.requests)
        self._ports = ports
        self._store = store
        self._repo = repo

    async def recover(self) -> None:
        """Do nothing: whoever asked has had an answer, or the request still waits in the channel."""

    async def act(self, messages: Sequence[ControlRequest], *, stopping: bool) -> None:
        """Deal with one request after another, in the order in which they were sent."""
        for request in messages:
            try:
                await self._carry_out(request)
            except Exception as error:
                # The caller, not this daemon, asked for something that cannot be done: the error is its answer.
                request.reply.answer(error)

    async def _carry_out(self, request: ControlRequest) -> None:
        match request:
            case SubmitRun():
                request.reply.answer(await self._submit(request))
            case CancelRun():
                tell(self._ports.cancellations, request)
            case AddTriggers(triggers=triggers):
                for trigger in triggers:
                    self._repo.check_trigger(trigger)
                self._hand_on(request)
            case ChangeTrigger(trigger=trigger):
                self._repo.check_trigger(trigger)
                self._hand_on(request)
            case RemoveTrigger() | ChooseTrigger():
                self._hand_on(request)

    def _hand_on(self, command: TriggerCommand) -> None:
        tell(self._ports.schedule_commands if command.kind == "schedule" else self._ports.sensor_commands, command)

    async def _submit(self, request: SubmitRun) -> str:
        now = self.clock.now_ns()

        def create_submitted_run(storage: Storage) -> str:
            repo = self._repo
            names = repo.nodes_to_run(request.selection, request.job_name, include_upstream=request.include_upstream)
            run = NewRun(
                partition_key=repo.checked_partition_key(request.partition_key, names),
                run_id=storage.ids.new_id(),
                job_name=request.job_name,
                node_names=tuple(names),
                status="NotStarted",
                start_time=now,
                tags=request.tags,
                priority=priority_of(request.tags),
            )
            storage.create_run(run)
            return run.run_id

        run_id = await self._store.run(create_submitted_run)
        tell(self._ports.runs_queued, RunsQueued(run_ids=(run_id,)))
        return run_id
