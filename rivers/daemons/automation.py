"""The running system as those see it who started it: its health, requests to it, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from chrono_daemon import DaemonHealth, SendStream, Supervisor

from rivers.channels.messages import AddTriggers, ChangeTrigger, Command, ControlRequest, RemoveTrigger, kind_of
from rivers.clock import Clock
from rivers.daemons.executions import Executions
from rivers.daemons.loop import MailboxDaemon
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import RiversError
from rivers.execution.triggers.evaluation import Evaluator
from rivers.records import AutomationKind, RunRecord
from rivers.repository.code_repository import CodeRepository
from rivers.storage import AsyncStore, Storage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GraphHealth:
    """The state of the running system.

    ``abandoned_evaluations`` are those that were given up and have not returned, each with its age in seconds.
    """

    daemons: Mapping[str, DaemonHealth]
    abandoned_evaluations: Mapping[str, float]
    running_runs: int


class AutomationGraph:
    """A running system: what ``rivers serve``, ``AutomationDaemon`` and ``Scenario`` hold on to."""

    def __init__(
        self,
        repo: CodeRepository,
        storage: Storage,
        store: AsyncStore,
        clock: Clock,
        supervisor: Supervisor,
        executions: Executions,
        evaluator: Evaluator,
        requests: SendStream[ControlRequest],
        daemons: Sequence[MailboxDaemon[Any]],
    ) -> None:
        self.repo = repo
        self.storage = storage
        self.store = store
        """The storage as the daemons call it. Whoever else calls it on their loop goes through it too."""
        self.clock = clock
        self._supervisor = supervisor
        self._executions = executions
        self._evaluator = evaluator
        self._requests = requests
        self._daemons = daemons

    @property
    def running_runs(self) -> dict[str, RunRecord]:
        """The runs that are executing in this graph, by id."""
        return self._executions.running

    def health(self) -> GraphHealth:
        """Return a snapshot, which is cheap enough for every request."""
        now = self.clock.now()
        given_up = dict(self._evaluator.abandoned)  # others than the graph's own thread may ask
        abandoned = {f"{kind} {name}": now - since for (kind, name), since in given_up.items()}
        return GraphHealth(self._supervisor.snapshot(), abandoned, len(self._executions.running_ids))

    async def control(self, request: Command[T]) -> T:
        """Hand a request to ``ControlDaemon``, and return its reply after the commit.

        Raises what the request cannot be done for, such as ``NodeNotFoundError``.
        """
        await self._requests.send(cast(ControlRequest, request))
        return await request.reply.wait()

    async def add_trigger(self, trigger: Schedule | Sensor) -> None:
        """Let a schedule or sensor take part from now on; it has missed nothing.

        One whose name has been in the store before goes on with its cursor and with what a person chose.

        :raises RiversError: there is one of that kind and name
        :raises ScheduleDefinitionError: its job is not in the repository
        :raises SensorDefinitionError: its job, or one of its assets, is not in the repository
        """
        await self.control(AddTriggers(kind=kind_of(trigger), triggers=(trigger,)))

    async def change_trigger(self, trigger: Schedule | Sensor) -> None:
        """Put a schedule or sensor in the place of the one of its kind and name. Another cron counts from now.

        :raises NodeNotFoundError: there is none of that kind and name

        Raises what ``add_trigger`` raises for its job and assets.
        """
        await self.control(ChangeTrigger(kind=kind_of(trigger), trigger=trigger))

    async def remove_trigger(self, kind: AutomationKind, name: str) -> None:
        """Let a schedule or sensor take part no longer; its evaluation in flight is given up. The store keeps its row.

        :raises NodeNotFoundError: there is none of that kind and name
        """
        await self.control(RemoveTrigger(kind=kind, name=name))

    async def wait_started(self) -> None:
        """Return when every daemon has recovered from storage; raise what kept one from it."""
        for daemon in self._daemons:
            await daemon.start_attempted.wait()
            error = daemon.start_error
            if error is not None:
                raise RiversError(f"daemon '{type(daemon).__name__}' could not start: {error}") from error

    async def wait_runs_finished(self) -> None:
        """Return when no run is executing."""
        await self._executions.wait_none_running()

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Fire no more triggers and let the evaluations in flight end, for at most ``grace_seconds`` of real time.

        Runs that have started are not touched; they record their own end.
        """
        self._supervisor.signal_stop()
        await self.clock.settle()
        await self._supervisor.stop(grace=grace_seconds)
