"""``Scenario``: a whole system on a simulated clock, for tests and for looking ahead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import anyio

from rivers.channels.messages import CancelRun, ChooseTrigger, Command
from rivers.clock import SimClock
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.failures import innermost
from rivers.daemons.graph import open_graph
from rivers.definitions.assets.composition import collect_name
from rivers.durations import parse_duration
from rivers.exceptions import NodeNotFoundError, NotQuiescent
from rivers.graph.planned_steps import possible_templates
from rivers.ids import SeededIds
from rivers.records import AUTOMATION_TYPES, AutomationKind, RunRecord, StoredTick, TriggerState
from rivers.repository.code_repository import CodeRepository
from rivers.simulation.faults import FaultPlan, Faults
from rivers.simulation.patched_time import PatchingClock
from rivers.simulation.step_behaviour import SimulatedSteps
from rivers.simulation.trace import Trace
from rivers.storage import Storage
from rivers.storage.changes import Change
from rivers.wording import did_you_mean, near_names, offer, utc_text

if TYPE_CHECKING:
    from rivers.execution.runs.results import RunResult
    from rivers.simulation.blocking import BlockingScenario

T = TypeVar("T")

_ALL: Final = 2**31
_RECENT: Final = 200


class Scenario:
    """The system that ``rivers serve`` runs, on a clock that a test moves.

    .. code-block:: python

        async with Scenario(repo, start="2026-01-01T00:00:00Z") as sim:
            await sim.clock.advance("1h")
            assert sim.runs(status="Success")

    :param repo: the repository; it need not be resolved, and two scenarios over the same one share nothing.
    :param start: the first moment, as RFC 3339 text, an aware ``datetime`` or epoch seconds.
    :param storage: an existing store to go on with; by default a new one in memory. When it has records that are later
        than ``start``, a ``ValueError`` names both times.
    :param execute: false to record materializations without calling asset code.
    :param durations: simulated length of steps, ``{"asset": "10m"}``; that of ``g/square``, a map, is the length of
        each of its instances, and ``g/square[0]`` is one of them.
    :param failures: how many of its first attempts of a step fail, ``{"asset": 2}``.
    :param faults: crashes and lost messages to plant.
    :param seed: the seed that ids and faults are drawn from.
    :param condition_eval_interval: as for ``AutomationDaemon``.
    :param max_ticks_retained: ticks kept for each automation; ``None`` keeps all.
    :param patch_time: make ``time.time()`` and ``datetime.now()`` tell simulated time in in-process user code.
    :param patience: real seconds to wait for work that does not come to rest before ``NotQuiescent`` is raised.
    """

    def __init__(
        self,
        repo: CodeRepository,
        *,
        start: str | datetime | float = "2026-01-01T00:00:00Z",
        storage: Storage | None = None,
        execute: bool = True,
        durations: Mapping[str, str | int | float | timedelta] | None = None,
        failures: Mapping[str, int] | None = None,
        faults: Faults | None = None,
        seed: int = 0,
        condition_eval_interval: str = "30s",
        max_ticks_retained: int | None = None,
        patch_time: bool = False,
        patience: float = 30.0,
    ) -> None:
        parse_duration(condition_eval_interval, "condition_eval_interval")
        self.clock: SimClock = (PatchingClock if patch_time else SimClock)(start, patience=patience)
        self.trace = Trace()
        self._repo = repo
        self._ids = SeededIds(seed)
        self._plan = FaultPlan(faults, seed)
        self._max_ticks_retained = max_ticks_retained
        self._steps = SimulatedSteps(
            durations=durations or {}, failures=failures or {}, execute=execute, patch_time=patch_time
        )
        self._planned = {"durations": tuple(durations or ()), "failures": tuple(failures or ())}
        self._engine = storage if storage is not None else Storage.memory()
        self._owns_engine = storage is None
        _refuse_later_records(self._engine, self.clock.now_ns())
        self.storage = self._engine.bound(self.clock, self._ids)
        self._graph: AutomationGraph | None = None
        self._failure: BaseException | None = None
        self._manual_count = 0

    async def __aenter__(self) -> Scenario:
        self._refuse_unknown_steps()
        self.clock.attach()
        self._unsubscribe = self._engine.subscribe(self._watch)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self.clock.after_settle.append(self._between_instants)
        try:
            await self._boot()
        except BaseException as error:
            await self._leave(error)
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave(exc)
        if exc is None:
            self._raise_failure()

    async def _leave(self, error: BaseException | None) -> None:
        self.clock.after_settle.remove(self._between_instants)
        try:
            with anyio.CancelScope(shield=True):
                await self._kill(settle=not isinstance(error, NotQuiescent))
        finally:
            self._unsubscribe()
            self._group.cancel_scope.cancel()
            # The block's exception stays out of the group: wrapped in an ExceptionGroup, no assertion would read well.
            await self._group.__aexit__(None, None, None)
            if self._owns_engine:
                self._engine.close()

    @property
    def graph(self) -> AutomationGraph:
        """The running graph, which is another one after each restart."""
        if self._graph is None:
            raise RuntimeError("the scenario is not running: use it as `async with Scenario(...) as sim`")
        return self._graph

    @property
    def repo(self) -> CodeRepository:
        """The repository that is bound to the simulated clock, which is another one after each restart.

        ``sim.repo.load_node("asset")`` is the value that a step of this scenario has stored.
        """
        return self.graph.repo

    def runs(self, status: str | None = None) -> list[RunRecord]:
        """Every run so far, or those with this status, oldest first."""
        return self.storage.get_runs(limit=_ALL, status=status)[::-1]

    def ticks(self, name: str) -> list[StoredTick]:
        """Every retained tick of this schedule or sensor, oldest first.

        Raises ``NodeNotFoundError`` for a name that neither the repository nor the storage knows.
        """
        found = self.storage.get_ticks(name, limit=_ALL)[::-1]
        if not found and name not in self._trigger_names():
            raise self._no_trigger(name)
        return found

    async def materialize(self, selection: Sequence[str] | None = None, **options: Any) -> RunResult:
        """Materialize by hand, now, as ``CodeRepository.materialize`` does, with the same parameters and errors.

        The clock moves as far as the run needs: not at all when nothing in the run waits.
        """
        self._manual_count += 1
        graph = self.graph
        key = ("materialize", self._manual_count)

        def run() -> RunResult:
            return graph.repo.materialize(None if selection is None else list(selection), **options)

        return await self._carry_out(lambda: self.clock.offload(key, run))

    async def pause(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """Stop a schedule or sensor, as ``rivers automations pause`` does."""
        return await self._choose(name, kind, "stopped")

    async def resume(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """Start a schedule or sensor, as ``rivers automations resume`` does."""
        return await self._choose(name, kind, "running")

    async def reset(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """Forget the choice for a schedule or sensor, as ``rivers automations reset`` does."""
        return await self._choose(name, kind, None)

    async def cancel(self, run_id: str) -> str | None:
        """Cancel a run, as ``rivers runs cancel`` does. Returns its new status; ``None`` if it had ended or is unknown.

        No further step is started. A step that waits on the clock, for its simulated length or its next attempt, fails
        with ``RunCanceled`` within 30 simulated seconds; a function that is executing goes on.
        """
        return await self.control(CancelRun(run_id=run_id))

    async def control(self, request: Command[T]) -> T:
        """Hand any request to the graph, and bring the instant to rest until it has been answered."""
        graph = self.graph
        return await self._carry_out(lambda: graph.control(request))

    async def restart(self) -> None:
        """Kill every daemon without warning and start again on the same storage, at the same instant.

        Nothing is drained: later writes of the old graph are refused, and threads that sleep on the clock are killed.
        Threads that are busy get up to ``patience`` to end.
        """
        await self._kill()
        await self._boot()

    def blocking(self) -> BlockingScenario:
        """Return it for plain synchronous tests: ``with Scenario(...).blocking() as sim: sim.advance("1h")``."""
        from rivers.simulation.blocking import BlockingScenario

        return BlockingScenario(self)

    async def _boot(self) -> None:
        self._failure = None
        # Made here and not in the constructor, which runs before there is a loop to make them for.
        self._scope, self._ended = anyio.CancelScope(), anyio.Event()
        opened = anyio.Event()
        self._group.start_soon(self._host, self._scope, self._ended, opened)
        await opened.wait()
        self._raise_failure()
        await self.clock.settle()
        self._raise_failure()
        await self.graph.wait_started()

    async def _host(self, scope: anyio.CancelScope, ended: anyio.Event, opened: anyio.Event) -> None:
        try:
            with scope:
                async with open_graph(
                    self._repo,
                    self._engine,
                    self.clock,
                    self._ids,
                    max_ticks_retained=self._max_ticks_retained,
                    interceptor=self._steps,
                    on_error="shutdown",
                    loses=self._plan.loses,
                ) as graph:
                    self._graph = graph
                    opened.set()
                    await anyio.sleep_forever()
        except Exception as error:
            self._failure = innermost(error)
        finally:
            opened.set()
            ended.set()

    async def _kill(self, *, settle: bool = True) -> None:
        graph, self._graph = self._graph, None
        if graph is None:
            return
        # A crash that is planted for this very moment is this restart.
        self._plan.crash_due = False
        ended = self._ended
        self._engine.supersede(graph.storage.session)
        self._scope.cancel()
        self.clock.kill_blocked_threads()
        if settle:
            await self.clock.settle()
        await ended.wait()

    def _watch(self, changes: Sequence[Change]) -> None:
        self.trace(changes)
        graph = self._graph
        if graph is not None and self._plan.watch(changes):
            # Everything that the old graph does from here on is refused, so no message about this commit can matter.
            self._engine.supersede(graph.storage.session)

    async def _between_instants(self) -> None:
        """Look for a planted crash; the driver of the clock calls this whenever an instant has come to rest."""
        if self._plan.crash_due:
            self._plan.crash_due = False
            await self.restart()
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _choose(
        self, name: str, kind: AutomationKind | None, choice: Literal["running", "stopped"] | None
    ) -> TriggerState:
        kind = kind or self._kind_of(name)
        return await self.control(ChooseTrigger(kind=kind, name=name, choice=choice))

    def _kind_of(self, name: str) -> AutomationKind:
        kinds: list[AutomationKind] = []
        if any(schedule.name == name for schedule in self._repo.schedules):
            kinds.append("schedule")
        if any(sensor.name == name for sensor in self._repo.sensors):
            kinds.append("sensor")
        if not kinds:
            raise self._no_trigger(name)
        if len(kinds) == 2:
            raise ValueError(f"'{name}' is a schedule and a sensor; say which with kind=")
        return kinds[0]

    def _trigger_names(self) -> list[str]:
        return [trigger.name for trigger in (*self._repo.schedules, *self._repo.sensors)]

    def _no_trigger(self, name: str) -> NodeNotFoundError:
        near = near_names(name, self._trigger_names())
        return NodeNotFoundError(f"no schedule or sensor is called '{name}'{offer(near)}", name=name, near=near)

    def _refuse_unknown_steps(self) -> None:
        """Refuse a name that is no step: it would plan nothing, and a test that relies on it would prove nothing."""
        known = self._repo.node_names
        for argument, names in self._planned.items():
            for name in names:
                if name not in known and not any(collect_name(each) in known for each in possible_templates(name)):
                    raise ValueError(f"{argument} has '{name}', which is no step{did_you_mean(name, known)}")

    async def _carry_out(self, act: Callable[[], Awaitable[T]]) -> T:
        """Await an action in the graph, and move the clock until it is done."""
        done = anyio.Event()
        outcome: list[T] = []
        errors: list[BaseException] = []

        async def carry() -> None:
            try:
                outcome.append(await act())
            except Exception as error:
                errors.append(error)
            finally:
                done.set()

        self._group.start_soon(carry)
        await self.clock.advance_until(done)
        if errors:
            raise errors[0]
        return outcome[0]


def _refuse_later_records(storage: Storage, start: int) -> None:
    latest = _latest_record_at(storage)
    if latest > start:
        raise ValueError(
            f"the storage holds records up to {utc_text(latest)}, later than the scenario's start {utc_text(start)}; "
            "start later, or use another storage"
        )


def _latest_record_at(storage: Storage) -> int:
    """Return the newest time of a run or a tick in this storage; 0 for an empty one."""
    runs = [max(run.start_time, run.end_time or 0) for run in storage.get_runs(limit=_RECENT)]
    ticks = [state.last_tick_at or 0 for kind in AUTOMATION_TYPES for state in storage.trigger_states(kind).values()]
    return max([0, *runs, *ticks])
