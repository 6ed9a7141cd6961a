"""The wiring: every channel and every daemon of a running system, on one screen.

::

    people -> ControlDaemon ----------------------------.
                 | Add-, Change-, Remove-, ChooseTrigger| CancelRun
                 v                                      v
    clock -> ScheduleDaemon --RunsQueued--.             |
    clock -> SensorDaemon ----RunsQueued--+-> RunQueueDaemon --RunsAdmitted--> LauncherDaemon --> Executions
             (ConditionDaemon)            |     ^  ^  ^  |                        |   ^              |
             (BackfillDaemon)             |     |  |  |  `--RunsAdmitted--.       |   `-RunFinished--'
    ControlDaemon ------------RunsQueued--'     |  |  |                   v       |
    storage commits of others --RunsChanged-----'  |  `--RunsEnded-- LeaseDaemon  |
                                                   `-------RunsEnded--------------'

Two edges close a cycle: queue -> launcher -> queue. Neither end waits for room: hints are sent without waiting, and a
full channel is ignored, because its reader is about to wake and will read storage.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Literal, TypeVar, cast

import anyio
from chrono_daemon import Channel, RestartPolicy, SendStream, Supervisor

from rivers.channels.edges import Edges, Loses, LosingSend
from rivers.channels.messages import (
    AddTriggers,
    CancelRun,
    ControlRequest,
    RunFinished,
    RunsAdmitted,
    RunsChanged,
    RunsEnded,
    RunsQueued,
    TriggerCommand,
)
from rivers.channels.ports import ControlPorts, LauncherPorts, LeasePorts, RunQueuePorts, TriggerPorts
from rivers.clock import Clock, WallClock
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.control import ControlDaemon
from rivers.daemons.executions import Executions
from rivers.daemons.failures import innermost
from rivers.daemons.launcher import LauncherDaemon
from rivers.daemons.leases import LeaseDaemon
from rivers.daemons.left_behind import LeftBehind
from rivers.daemons.loop import MailboxDaemon
from rivers.daemons.outside_changes import OutsideChanges
from rivers.daemons.run_queue import RunQueueDaemon
from rivers.daemons.schedules import ScheduleDaemon
from rivers.daemons.sensors import SensorDaemon
from rivers.daemons.settings import QueueSettings, TriggerSettings
from rivers.durations import parse_duration
from rivers.execution.attempts.capture import capturing
from rivers.execution.attempts.interception import StepInterceptor
from rivers.execution.triggers.evaluation import Evaluator, FunctionEvaluator
from rivers.ids import IdSource, RandomIds
from rivers.records import StorageType
from rivers.repository.code_repository import CodeRepository
from rivers.storage import AsyncStore, Storage

T = TypeVar("T")


@asynccontextmanager
async def automation_graph(
    repo: CodeRepository,
    storage: Storage | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    *,
    condition_eval_interval: str = "30s",
    max_ticks_retained: int | None = 100,
    interceptor: StepInterceptor | None = None,
    evaluator: Evaluator | None = None,
) -> AsyncGenerator[AutomationGraph]:
    """Run the whole system while the block runs, on asyncio or trio, and stop it cleanly afterwards.

    ``storage`` defaults to the repository's, ``clock`` to a ``WallClock``, ``ids`` to random ones. ``evaluator``
    answers for the triggers, and is closed at the end; by default their functions are called. Raises
    ``RiversError`` when a daemon cannot start, ``ValueError`` for an interval that is no duration.
    """
    parse_duration(condition_eval_interval, "condition_eval_interval")
    try:
        async with open_graph(
            repo,
            storage,
            clock,
            ids,
            max_ticks_retained=max_ticks_retained,
            interceptor=interceptor,
            evaluator=evaluator,
        ) as graph:
            await graph.clock.settle()
            await graph.wait_started()
            yield graph
            await graph.stop()
    except ExceptionGroup as group:
        error = innermost(group)
        if error is group:
            raise
        # The task groups of the graph are nobody's business: an error that is alone comes out as it is.
        raise error from error.__cause__


@asynccontextmanager
async def open_graph(
    repo: CodeRepository,
    storage: Storage | None,
    clock: Clock | None,
    ids: IdSource | None,
    *,
    max_ticks_retained: int | None = 100,
    interceptor: StepInterceptor | None = None,
    evaluator: Evaluator | None = None,
    on_error: Literal["restart", "shutdown"] = "restart",
    loses: Loses | None = None,
) -> AsyncGenerator[AutomationGraph]:
    """Start the daemons without waiting for them; leaving the block cancels whatever still runs in the loop.

    ``on_error`` is what the supervisor does about a daemon that fails; ``loses`` picks the hints that are lost on
    purpose.
    """
    clock = clock if clock is not None else WallClock()
    clock.attach()  # a thread may commit, and its hint be posted, before any daemon has waited
    ids = ids if ids is not None else RandomIds()
    bound_storage = (storage if storage is not None else repo.storage).bound(clock, ids)
    bound_repo = repo.bound(bound_storage, clock, ids, interceptor=interceptor)
    evaluator = evaluator if evaluator is not None else FunctionEvaluator(bound_repo.environment, bound_repo.triggers)
    store = AsyncStore(bound_storage, clock)
    left_behind = LeftBehind()
    capture = ExitStack()
    capture.enter_context(capturing())  # once, not for each run: a change of a log level visits every logger there is
    try:
        async with Edges() as edges, anyio.create_task_group() as executions_group:
            # chrono-daemon's protocol lets a sleep return nothing; ours says what ended it.
            supervisor = Supervisor(clock=cast(Any, clock), on_error=on_error, restart=RestartPolicy(base=0.1, cap=5.0))
            executions = Executions(bound_repo, store, clock, executions_group, left_behind)
            graph, outside_changes = _wire(
                bound_repo,
                bound_storage,
                store,
                clock,
                evaluator,
                executions,
                supervisor,
                edges,
                max_ticks_retained,
                loses,
            )
            unsubscribe = bound_storage.subscribe(outside_changes)
            try:
                async with supervisor:
                    yield graph
                    await supervisor.stop(grace=0)
            finally:
                unsubscribe()
                executions_group.cancel_scope.cancel()
    finally:
        capture.close()
        evaluator.close()
        # Runs that have started go on without the graph, on the repository's resources and coroutine loop.
        left_behind.afterwards(bound_repo.shutdown)


def _wire(
    repo: CodeRepository,
    storage: Storage,
    store: AsyncStore,
    clock: Clock,
    evaluator: Evaluator,
    executions: Executions,
    supervisor: Supervisor,
    edges: Edges,
    max_ticks_retained: int | None,
    loses: Loses | None,
) -> tuple[AutomationGraph, OutsideChanges]:
    """Open every channel, hand out the ends, add every daemon in the order of its rank."""
    requests: Channel[ControlRequest] = edges.open()
    schedule_commands: Channel[TriggerCommand] = edges.open()
    sensor_commands: Channel[TriggerCommand] = edges.open()
    cancellations: Channel[CancelRun] = edges.open()
    queued_by_schedules: Channel[RunsQueued] = edges.open()
    queued_by_sensors: Channel[RunsQueued] = edges.open()
    queued_by_people: Channel[RunsQueued] = edges.open()
    changed_outside: Channel[RunsChanged] = edges.open()
    admitted: Channel[RunsAdmitted] = edges.open()
    launching: Channel[RunsAdmitted] = edges.open()
    finished: Channel[RunFinished] = edges.open()
    ended: Channel[RunsEnded] = edges.open()
    reclaimed: Channel[RunsEnded] = edges.open()

    def hints(channel: Channel[T]) -> SendStream[T]:
        return channel.send if loses is None else LosingSend(channel.send, loses)

    executions.tell_ends_to(hints(finished))
    settings = QueueSettings.of(repo.run_queue)
    triggers = TriggerSettings.of(repo, max_ticks_retained)

    lease_ports = LeasePorts(launching=launching.recv, reclaimed=hints(reclaimed))
    schedule_ports = TriggerPorts(commands=schedule_commands.recv, runs_queued=hints(queued_by_schedules))
    sensor_ports = TriggerPorts(commands=sensor_commands.recv, runs_queued=hints(queued_by_sensors))
    queue_ports = RunQueuePorts(
        queued_by_schedules=queued_by_schedules.recv,
        queued_by_sensors=queued_by_sensors.recv,
        queued_by_people=queued_by_people.recv,
        ended=ended.recv,
        reclaimed=reclaimed.recv,
        changed_outside=changed_outside.recv,
        admitted=hints(admitted),
        launching=hints(launching),
    )
    launcher_ports = LauncherPorts(
        admitted=admitted.recv, finished=finished.recv, cancellations=cancellations.recv, ended=hints(ended)
    )
    control_ports = ControlPorts(
        requests=requests.recv,
        schedule_commands=schedule_commands.send,
        sensor_commands=sensor_commands.send,
        cancellations=cancellations.send,
        runs_queued=hints(queued_by_people),
    )
    daemons: tuple[MailboxDaemon[Any], ...] = (
        LeaseDaemon(lease_ports, store, clock, settings.start_timeout_ns, shared=storage.type == StorageType.Remote),
        ScheduleDaemon(schedule_ports, store, clock, evaluator, triggers),
        SensorDaemon(sensor_ports, store, clock, evaluator, triggers),
        RunQueueDaemon(queue_ports, store, clock, settings.limits, settings.dequeue_interval_seconds),
        LauncherDaemon(launcher_ports, store, clock, executions, settings.launch_interval_seconds),
        ControlDaemon(control_ports, store, clock, repo),
    )
    # The declared triggers are added like any other. Added before the daemons start, they have missed what passed.
    schedule_commands.send.send_nowait(AddTriggers(kind="schedule", triggers=tuple(repo.schedules)))
    sensor_commands.send.send_nowait(AddTriggers(kind="sensor", triggers=tuple(repo.sensors)))
    _add_in_rank_order(supervisor, daemons)
    graph = AutomationGraph(repo, storage, store, clock, supervisor, executions, evaluator, requests.send, daemons)
    return graph, OutsideChanges(clock, executions, hints(changed_outside))


def _add_in_rank_order(supervisor: Supervisor, daemons: Sequence[MailboxDaemon[Any]]) -> None:
    for position, daemon in enumerate(daemons):
        daemon.rank = position
        supervisor.add(daemon)
