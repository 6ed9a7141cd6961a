"""``CodeRepository``: the user's front door to everything declared, and to running it.

What needs no storage is in ``declared_repository``; what needs one is done by ``bound``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, TypeVar

from rivers.clock import Clock
from rivers.definitions.argument_checks import name_list, require_optional_text, require_prose
from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.jobs import Job
from rivers.definitions.policies.retries import RetryPolicy
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.definitions.triggers.tick_results import ScheduleTickResult, SensorTickResult
from rivers.exceptions import (
    ExecutionError,
    _JobNotFound,  # pyright: ignore[reportPrivateUsage]
)
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.attempts.interception import StepInterceptor
from rivers.execution.runs.environment import Environment, running_in
from rivers.execution.runs.results import Ending, RunResult
from rivers.execution.steps.handlers import Handlers
from rivers.execution.triggers.here import TriggerCaller
from rivers.graph.launch_keys import LaunchKeys
from rivers.graph.nodes import Graph
from rivers.graph.partition_plans import key_from_text
from rivers.ids import IdSource
from rivers.partitions import PartitionKey
from rivers.records import IOHandler, RunRecord
from rivers.repository.bound import BoundRepository
from rivers.repository.declarations import Compiled, check_trigger
from rivers.repository.declared_repository import DeclaredRepository, SharedDefinitions
from rivers.repository.observing import ObserveResult, observable_nodes, observed
from rivers.repository.run_handle import RunHandle
from rivers.storage import Storage

T = TypeVar("T")

DEFAULT_STORAGE_FOLDER: Final = ".rivers/storage"


class CodeRepository(DeclaredRepository):
    """Assets, jobs, schedules and sensors, with the resources they share.

    The constructor checks types only; the graph is checked by ``validate`` and ``resolve``. Most other calls resolve
    first when nobody has, with an embedded store in ``.rivers/storage`` under the current folder.
    """

    def _adopt(self, shared: SharedDefinitions) -> None:
        super()._adopt(shared)
        self._bound: BoundRepository | None = None
        self._own_storage: Storage | None = None
        self._handlers: Handlers | None = None
        self._jobs: dict[str, Job] = {}

    # -- binding -------------------------------------------------------------------------------------------------------

    def resolve(self, storage: Storage | None = None) -> None:
        """Check everything, bind the storage, set the resources up and persist the topology.

        A second call does nothing. What a resource's ``setup`` raises comes through; the repository stays unresolved.
        """
        with self._lock:
            if self._bound is not None:
                return
            compiled = self._shared.compiled()
            own = Storage.embedded(DEFAULT_STORAGE_FOLDER) if storage is None else None
            bound_to = storage if own is None else own
            if not isinstance(bound_to, Storage):
                raise TypeError(f"storage must be a Storage, got {type(storage).__name__}")
            try:
                self._bind(compiled, bound_to, bound_to.clock, bound_to.ids, None, sibling=False)
            except BaseException:
                if own is not None:
                    own.close()
                raise
            self._own_storage = own

    def bound(
        self, storage: Storage, clock: Clock, ids: IdSource, *, interceptor: StepInterceptor | None = None
    ) -> CodeRepository:
        """Return a sibling with the same definitions on a storage, clock and ids of its own.

        Siblings share nothing that rivers owns. The default IO handler of the new one is empty, and its resources are
        copies that have been set up. Shut the sibling down when it is no longer needed.
        """
        sibling = CodeRepository.__new__(CodeRepository)
        sibling._adopt(self._shared)
        sibling._bind(self._shared.compiled(), storage, clock, ids, interceptor, sibling=True)
        return sibling

    def shutdown(self) -> None:
        """Tear the resources down, once, in order of registration; what they raise is logged.

        A store that the repository opened itself is closed, and the next call that needs a store resolves again. Values
        in memory stay. A store that was handed in stays open.
        """
        self._close_early_triggers()
        with self._lock:
            bound, own = self._bound, self._own_storage
            if own is not None:
                self._bound = self._own_storage = None
        if bound is not None:
            bound.tear_down()
        if own is not None:
            own.close()

    def __enter__(self) -> CodeRepository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    # -- what is declared ----------------------------------------------------------------------------------------------

    @property
    def is_resolved(self) -> bool:
        """Whether a storage is bound."""
        return self._bound is not None

    @property
    def assets(self) -> dict[str, BaseAsset]:
        """Every asset by name, in order of registration."""
        return {
            node.name: node.definition
            for node in self._resolved.compiled.graph
            if node.is_asset and isinstance(node.definition, BaseAsset)
        }

    @property
    def storage(self) -> Storage:
        """The storage of the repository; inside a schedule, sensor or step, that of the graph running there."""
        return self._bound_here(may_wait=False).environment.storage

    @property
    def clock(self) -> Clock:
        """The clock of the repository; inside a schedule, sensor or step, the clock of the graph that runs there."""
        return self._bound_here(may_wait=False).environment.clock

    @property
    def ids(self) -> IdSource:
        """The source of the ids of what a person asks for."""
        return self.environment.ids

    @property
    def graph(self) -> Graph:
        """The dependency graph."""
        return self._resolved.compiled.graph

    @property
    def environment(self) -> Environment:
        """The storage, clock, ids and workers that runs and evaluations use."""
        return self._resolved.environment

    @property
    def triggers(self) -> TriggerCaller:
        """The caller for the functions of schedules and sensors in this process."""
        return self._resolved.triggers

    def get_job(self, name: str) -> Job:
        """Return the job of that name, ready to be executed.

        :raises NodeNotFoundError: when there is none; the error is a ``ValueError`` as well
        """
        require_prose("name", name)
        _ = self._resolved
        job = self._jobs.get(name)
        if job is None:
            raise _JobNotFound.of("Job", name, self._jobs)
        return job

    # -- running -------------------------------------------------------------------------------------------------------

    def materialize(
        self,
        selection: Sequence[str] | None = None,
        partition_key: PartitionKey | None = None,
        tags: Sequence[tuple[str, str]] | None = None,
        raise_on_error: bool = True,
        config: Mapping[str, Any] | None = None,
        run_id_override: str | None = None,
        include_upstream: bool = False,
        resume: bool = False,
        retry: RetryPolicy | str | None = None,
    ) -> RunResult:
        """Run a selection to its end on this thread; ``None`` means everything, ``[]`` nothing.

        The run is carried to its end even when a step fails; then the first failure is raised, as the very object that
        the step raised, unless ``raise_on_error`` is off. ``resume`` with the id of an earlier run skips the steps that
        succeeded in it. Called from inside a schedule, sensor or step, it runs on that one's clock.

        :raises AssetNotFoundError: for an unknown name in ``selection``
        :raises GraphValidationError: when an input is neither selected nor loadable through an explicit IO handler
        :raises ConfigurationError: for a bad ``config`` or an unknown ``retry`` name
        :raises ExecutionError: for partitioned assets without a partition key, and for a key that one does not have
        :raises PartitionValidationError: for a partition key of an unpartitioned asset
        :raises RuntimeError: on the loop's thread of a simulated clock
        """
        bound = self._bound_here()
        require_optional_text("run_id_override", run_id_override)
        names = bound.nodes_of(name_list("selection", selection), None, upstream=include_upstream)
        return bound.run_now(
            names,
            partitions=bound.plan_partitions(names, partition_key, "materialize"),
            tags=tags,
            config=config,
            run_id=run_id_override,
            resume=resume,
            retry=retry,
            raise_on_error=raise_on_error,
        )

    def observe(self, asset_names: Sequence[str] | None = None) -> ObserveResult:
        """Run the observe functions of external assets, of all that have one or of those named, as one run.

        Names that are unknown or stand for nothing to observe are passed over. What a function raises comes through,
        when the others have been called.
        """
        bound = self._bound_here()
        names = observable_nodes(bound.compiled.graph, name_list("asset_names", asset_names))
        return observed(bound.run_now(names), bound.environment.storage)

    def carry_out(self, run: RunRecord) -> Ending:
        """Execute a run that storage says is Started, on this thread, and write its events but not its ending.

        Never raises for what user code does.

        :raises StorageError: when something could not be recorded
        :raises Killed: when the graph that it belongs to was killed
        :raises Superseded: likewise
        """
        return self._resolved.carry_out(run)

    def load_node(self, name: str, *, partition_key: PartitionKey | None = None, type_hint: Any = None) -> Any:
        """Load the stored value of a node, or of an instance of a fan-out (``g/square[0]``), through its handler.

        When there is no value, what the handler raises comes through, with a note that says what to do.

        :raises NodeNotFoundError: for an unknown node
        :raises PartitionValidationError: for a key of an unpartitioned node, and for one that the node does not have
        """
        require_prose("name", name)
        return self._bound_here(may_wait=False).load_node(name, partition_key, type_hint)

    def io_handler_for_output(self, name: str) -> IOHandler:
        """Return the handler that stores the value of a node. :raises NodeNotFoundError: for an unknown node"""
        require_prose("name", name)
        bound = self._resolved
        return bound.steps.handler(bound.node(name).name)

    def evaluate_schedule(self, name: str, execution_time: str | None = None) -> ScheduleTickResult:
        """Call a schedule's function and read its result. Launches and records nothing; exceptions come through.

        ``execution_time`` is passed as it is; without it the function gets the present moment.
        """
        schedule = self.get_schedule(name)
        return self._evaluated(lambda triggers: triggers.run_schedule(schedule, execution_time))

    def evaluate_sensor(
        self, name: str, cursor: str | None = None, last_tick_time: float | None = None
    ) -> SensorTickResult:
        """Call a sensor's function and read its result. Launches and records nothing; exceptions come through."""
        sensor = self.get_sensor(name)
        return self._evaluated(lambda triggers: triggers.run_sensor(sensor, cursor, last_tick_time))

    def check_trigger(self, trigger: Schedule | Sensor) -> None:
        """Check a schedule or sensor that is to take part beside those declared here, as those are checked.

        Raises ``ScheduleDefinitionError``, ``SensorDefinitionError`` or ``ConfigurationError`` for what is wrong.
        """
        check_trigger(self._resolved.compiled, self._given, trigger)

    def launch_targets(self) -> dict[str, tuple[str, ...]]:
        """Return the nodes of every job by its name: what a decision about a tick needs to know of the jobs."""
        return dict(self._resolved.compiled.jobs)

    def launch_keys(self, texts: Sequence[str | None], at: int) -> LaunchKeys:
        """Return the reader for the partition keys of requests with these texts, at ``at`` (epoch nanoseconds, UTC)."""
        return self._resolved.launch_keys(texts, at)

    def read_partition_key(self, text: str, names: Sequence[str]) -> PartitionKey:
        """Return the key that a text stands for when it is given for these nodes, valid or not.

        :raises PartitionValidationError: the nodes have dimensions that the text does not name
        """
        return key_from_text(self._resolved.compiled.graph, names, text)

    def checked_partition_key(self, text: str | None, names: Sequence[str]) -> PartitionKey | None:
        """Return the key that a text stands for, once it is certain that a run of these nodes can be for it.

        ``None`` means no key. Raises as ``materialize``.
        """
        key = None if text is None else self.read_partition_key(text, names)
        self._resolved.plan_partitions(names, key, "submit")
        return key

    def nodes_to_run(
        self, selection: Sequence[str] | None, job_name: str | None = None, *, include_upstream: bool = False
    ) -> list[str]:
        """Return the nodes that a selection or a job runs. Raises as ``materialize`` and ``get_job``."""
        return self._resolved.nodes_of(selection, job_name, upstream=include_upstream)

    def _submit_run(
        self,
        selection: Sequence[str] | None = None,
        *,
        job_name: str | None = None,
        tags: Sequence[tuple[str, str]] | None = None,
        partition_key: PartitionKey | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> RunHandle:
        """Queue a run; the automation graph admits and executes it.

        :raises ExecutionError: when the repository has no run queue
        """
        bound = self._bound_here(may_wait=False)
        return bound.queue_run(selection, job_name, tags=tags, partition_key=partition_key, config=config)

    # -- private -------------------------------------------------------------------------------------------------------

    @property
    def _resolved(self) -> BoundRepository:
        if self._bound is None:
            self.resolve()
        bound = self._bound
        if bound is None:
            raise ExecutionError("the repository could not be resolved")
        return bound

    def _bound_here(self, *, may_wait: bool = True) -> BoundRepository:
        """Return what is bound to this repository, or to the sibling in whose evaluation or step the caller is.

        ``may_wait`` is for what may wait on the clock. Raises as ``require_thread_that_may_wait``.
        """
        around = running_in.get()
        if around is not None and around.family is self._shared and isinstance(around.owner, CodeRepository):
            return around.owner._resolved
        if may_wait and around is None:
            self._resolved.require_thread_that_may_wait()
        return self._resolved

    def _bind(
        self,
        compiled: Compiled,
        storage: Storage,
        clock: Clock,
        ids: IdSource,
        interceptor: StepInterceptor | None,
        *,
        sibling: bool,
    ) -> None:
        environment = Environment(storage, clock, ids, CoroutineHost(), interceptor, self._shared, self)
        self._bound = BoundRepository(self._given, compiled, environment, sibling=sibling, handlers=self._handlers)
        self._handlers = self._bound.handlers
        if sibling:
            self._jobs = {job.name: job.bound_to(self._run_job) for job in self._given.jobs}
        else:
            for job in self._given.jobs:
                job.bind(self._run_job)
            self._jobs = {job.name: job for job in self._given.jobs}

    def _run_job(
        self,
        job: Job,
        *,
        partition_key: PartitionKey | None,
        tags: Sequence[tuple[str, str]] | None,
        config: Mapping[str, Any] | None,
        raise_on_error: bool,
    ) -> RunResult:
        bound = self._bound_here()
        names = bound.nodes_of(None, job.name)
        return bound.run_now(
            names,
            job_name=job.name,
            partitions=bound.plan_partitions(names, partition_key, job.name),
            tags=tags,
            config=config,
            raise_on_error=raise_on_error,
        )

    def _evaluated(self, evaluation: Callable[[TriggerCaller], T]) -> T:
        """Evaluate with the bound resources; before ``resolve``, with the declared ones and without a storage."""
        if self._bound is None:
            return evaluation(self._triggers_before_resolve())
        return self._bound_here(may_wait=False).evaluate(evaluation)
