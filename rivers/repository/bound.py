"""A repository bound to a storage, a clock and a source of ids: all that it takes to make and execute runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from rivers.clock import SimClock
from rivers.clock.loops import on_event_loop
from rivers.definitions.assets.jobs import Job
from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import (
    ExecutionError,
    NodeNotFoundError,
    _JobNotFound,  # pyright: ignore[reportPrivateUsage]
)
from rivers.execution.attempts.failure_records import error_text, traceback_text
from rivers.execution.attempts.interrupts import is_meant_for_all
from rivers.execution.attempts.loading import LOAD_NODE, load_value
from rivers.execution.attempts.resources import copies_of, in_use, set_up, tear_down, with_changes
from rivers.execution.choosing import check_executors, executor_of_run
from rivers.execution.run_config import RunConfig, read_run_config
from rivers.execution.run_execution import RunExecution
from rivers.execution.runs.environment import Environment, running_in
from rivers.execution.runs.results import Ending, RunResult
from rivers.execution.steps.compiling import Levels, StepCompiler
from rivers.execution.steps.handlers import Handlers
from rivers.execution.steps.partitioned_steps import partition_moment, with_partitions
from rivers.execution.triggers.here import TriggerCaller
from rivers.graph.launch_keys import LaunchKeys, launch_namespaces
from rivers.graph.nodes import Node
from rivers.graph.partition_plans import PartitionPlan, needed_namespaces, plan_partitions
from rivers.graph.plan import plan_execution
from rivers.graph.references import check_handlers, resolve_retry
from rivers.graph.selection import require_loadable_upstreams, select_nodes
from rivers.partitions import PartitionKey
from rivers.records import InputContext, RunRecord
from rivers.repository.declarations import Compiled, Declarations, arguments_of
from rivers.repository.definition_records import store_definitions
from rivers.repository.run_creation import completed_steps, enter_run, run_by_hand
from rivers.repository.run_handle import RunHandle

T = TypeVar("T")


class BoundRepository:
    """The working half of a repository. Siblings share the compiled definitions and nothing else that rivers owns."""

    def __init__(
        self,
        declarations: Declarations,
        compiled: Compiled,
        environment: Environment,
        *,
        sibling: bool,
        handlers: Handlers | None = None,
    ) -> None:
        """Check the handlers, set the resources up, and write the topology, asset records and pools to the storage.

        ``handlers`` come from an earlier binding of the same repository and keep the values that they hold.
        """
        check_handlers(compiled.graph, declarations.resources)
        self.declarations = declarations
        self.compiled = compiled
        self.environment = environment
        self._jobs: dict[str | None, Job] = {job.name: job for job in declarations.jobs}
        self.resources = copies_of(declarations.resources) if sibling else declarations.resources
        self.handlers = handlers or Handlers(self.resources, copy_memory=sibling)
        self.steps = StepCompiler(compiled.graph, self.handlers, self.resources, declarations.retries)
        self.triggers = TriggerCaller(
            environment.clock.datetime,
            self.resources,
            lambda trigger: compiled.trigger_arguments.get(trigger) or arguments_of(trigger, declarations.resources),
            environment.coroutines,
        )
        set_up(self.resources)
        self._is_set_up = True
        try:
            store_definitions(environment, compiled.graph, declarations.pool_limits)
        except BaseException:
            self.tear_down()
            raise

    def tear_down(self) -> None:
        """End the coroutine loop, tear the resources down, once, and end the worker processes."""
        self.environment.coroutines.close()  # first: what coroutines clean up may need the resources
        if self._is_set_up:
            self._is_set_up = False
            tear_down(self.resources)
        self.environment.workers.close()

    def nodes_of(self, selection: Sequence[str] | None, job_name: str | None, *, upstream: bool = False) -> list[str]:
        """Return the nodes that a selection or a job runs, in order of registration.

        :raises NodeNotFoundError: for an unknown job
        :raises AssetNotFoundError: for an unknown asset
        :raises GraphValidationError: for an input that is neither selected nor loadable
        """
        if job_name is not None:
            members = self.compiled.jobs.get(job_name)
            if members is None:
                raise _JobNotFound.of("Job", job_name)
            return list(members)
        names = select_nodes(self.compiled.graph, selection, include_upstream=upstream)
        require_loadable_upstreams(self.compiled.graph, names)
        return list(names)

    def plan_partitions(self, names: Sequence[str], key: PartitionKey | None, operation: str) -> PartitionPlan | None:
        """Return the plan of a key for these nodes, at this moment and with the dynamic keys that are registered.

        Return ``None`` without a key, where nothing is partitioned.

        :raises TypeError: for anything but a ``PartitionKey``
        :raises ExecutionError: for partitioned nodes without a key, and for a key that one of them does not have
        :raises PartitionValidationError: for a key when a node is not partitioned
        """
        if key is not None and not isinstance(key, PartitionKey):  # pyright: ignore[reportUnnecessaryIsInstance]
            given = f"{type(key).__name__} {key!r}"
            raise TypeError(f"partition_key must be a PartitionKey, got {given}; PartitionKey.single() makes one")
        graph, environment = self.compiled.graph, self._environment_here()
        if key is None and not graph.partitions:
            return None
        dynamic = environment.storage.registered_partitions(needed_namespaces(graph, names, key))
        now = partition_moment(environment.clock)
        return plan_partitions(graph, names, key, now=now, dynamic=dynamic, operation=operation)

    def node(self, name: str) -> Node:
        """Return the node of that name, or the one that an instance of a fan-out (``g/square[0]``) belongs to.

        :raises NodeNotFoundError: for an unknown node
        """
        node = self.compiled.graph.find(name)
        if node is None:
            raise NodeNotFoundError.of("Node", name, self.compiled.graph.nodes)
        return node

    def load_node(self, name: str, key: PartitionKey | None, type_hint: Any) -> Any:
        """Load the stored value of a node through its own handler. Raises as ``CodeRepository.load_node``."""
        node = self.node(name)
        plan = None if key is None else self.plan_partitions([node.name], key, "load_node")
        partition = None if plan is None else plan.context_of(node.name)
        metadata = node.settings.metadata
        context = InputContext(name, LOAD_NODE, None if metadata is None else dict(metadata), partition, type_hint)
        is_whole = partition is None and node.name in self.compiled.graph.partitions
        return load_value(self.steps.handler(node.name), context, is_whole=is_whole)

    def launch_keys(self, texts: Sequence[str | None], at: int) -> LaunchKeys:
        """Return the reader for the partition keys of requests with these texts, at ``at`` (epoch nanoseconds, UTC)."""
        graph = self.compiled.graph
        registered = self.environment.storage.registered_partitions(launch_namespaces(graph, texts))
        return LaunchKeys(graph, partition_moment(self.environment.clock, at), registered)

    def retry_policy(self, job_name: str | None, given: RetryPolicy | str | None) -> RetryPolicy | None:
        """Return the policy of a run's steps that have none of their own: the run's, the job's, the repository's."""
        retries = self.declarations.retries
        if given is not None:
            return resolve_retry("materialize(retry=)", given, retries)
        job = self._jobs.get(job_name)
        if job is not None and job.retry is not None:
            return resolve_retry(f"Job '{job.name}'", job.retry, retries)
        return resolve_retry("default_retry_policy", self.declarations.default_retry_policy, retries)

    def _executor(self, job_name: str | None, changes: RunConfig) -> Executor:
        job = self._jobs.get(job_name)
        return executor_of_run(self.declarations.default_executor, None if job is None else job.executor, changes)

    def queue_run(
        self,
        selection: Sequence[str] | None,
        job_name: str | None,
        *,
        tags: Sequence[tuple[str, str]] | None,
        partition_key: PartitionKey | None,
        config: Mapping[str, Any] | None,
    ) -> RunHandle:
        """Store a run as Queued. Raises as ``nodes_of``, ``plan_partitions`` and ``run_by_hand``.

        :raises ExecutionError: when the repository has no run queue
        """
        if self.declarations.run_queue is None:
            raise ExecutionError("a run can only be submitted to a queue; set one up with run_queue=RunQueueConfig()")
        names = self.nodes_of(selection, job_name)
        self.plan_partitions(names, partition_key, "submit")
        environment = self.environment
        at, run_id = environment.clock.now_ns(), environment.ids.new_id()
        run = run_by_hand(
            run_id, names, "Queued", at, job_name=job_name, partition_key=partition_key, tags=tags, config=config
        )
        environment.storage.create_run(run)
        return RunHandle(run_id, environment.storage, environment.clock)

    def evaluate(self, evaluation: Callable[[TriggerCaller], T]) -> T:
        """Call the function of a trigger through ``evaluation``. What it asks the repository for goes to this one."""
        token = running_in.set(self.environment)
        try:
            return evaluation(self.triggers)
        finally:
            running_in.reset(token)

    def run_now(
        self,
        names: Sequence[str],
        *,
        job_name: str | None = None,
        partitions: PartitionPlan | None = None,
        tags: Sequence[tuple[str, str]] | None = None,
        config: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        resume: bool = False,
        retry: RetryPolicy | str | None = None,
        raise_on_error: bool = True,
    ) -> RunResult:
        """Create a run as Started and execute it on this thread, on the clock of the evaluation or step around it.

        ``partitions`` come from ``plan_partitions``; without them no step is for a partition.
        """
        environment = self._environment_here()
        changes = read_run_config(config, names)
        policy = self.retry_policy(job_name, retry)
        executor = self._executor(job_name, changes)
        key = None if partitions is None else partitions.key
        completed = completed_steps(self.environment.storage, run_id, key) if resume and run_id is not None else {}
        resources = with_changes(self.resources, changes.resources)
        steps = self._levels(names, resources, changes.metadata, partitions, completed)
        check_executors(steps, executor)
        run_id = environment.ids.new_id() if run_id is None else run_id
        at = environment.clock.now_ns()
        run = run_by_hand(run_id, names, "Started", at, job_name=job_name, partition_key=key, tags=tags, config=config)
        execution = RunExecution(
            environment,
            run_id,
            steps,
            executor=executor,
            config=changes.config,
            retry=policy,
            completed=completed,
        )
        with in_use(self._own(resources)):
            enter_run(environment.storage, run, resume=resume)
            result = execution.execute()
        if raise_on_error and execution.first_failure is not None:
            raise execution.first_failure
        return result

    def carry_out(self, run: RunRecord) -> Ending:
        """Execute a run that storage says is Started; the caller stores its ending. Without a plan the run fails."""
        environment = self.environment
        with ExitStack() as stack:
            try:
                names = list(run.node_names) or self.nodes_of([], run.job_name)
                self._require_known(run, names)
                changes = read_run_config(run.config, names)
                resources = with_changes(self.resources, changes.resources)
                partitions = self.plan_partitions(names, run.partition_key, "run")
                execution = RunExecution(
                    environment,
                    run.run_id,
                    self._levels(names, resources, changes.metadata, partitions),
                    executor=self._executor(run.job_name, changes),
                    config=changes.config,
                    retry=self.retry_policy(run.job_name, None),
                )
                stack.enter_context(in_use(self._own(resources)))
            except BaseException as error:  # the setup of a resource is a user's, and may exit
                if is_meant_for_all(error):
                    raise
                at = environment.clock.now_ns()
                return Ending(RunResult(False, run.run_id), "Failure", at, error_text(error), traceback_text(error))
            return execution.carry_out()

    def _require_known(self, run: RunRecord, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.compiled.graph:
                raise ExecutionError(f"run {run.run_id} asks for '{name}', which this code does not define")
        require_loadable_upstreams(self.compiled.graph, names)

    def require_thread_that_may_wait(self) -> None:
        """Refuse a run on the loop of a simulated clock, whose time could not move while the run waits.

        :raises RuntimeError: on that loop's thread
        """
        if isinstance(self.environment.clock, SimClock) and on_event_loop():
            raise RuntimeError(
                "this would stop the loop that moves the simulated clock: use 'await sim.materialize(...)', "
                "or call it from another thread"
            )

    def _environment_here(self) -> Environment:
        """Return this repository's environment; inside an evaluation or step of another one, with its clock and ids."""
        around = running_in.get()
        if around is None or around is self.environment:
            return self.environment
        return replace(self.environment, clock=around.clock, ids=around.ids)

    def _own(self, resources: Mapping[str, Any]) -> dict[str, Any]:
        """Return the resources of a run that are not the repository's and have not been set up."""
        return {name: resource for name, resource in resources.items() if resource is not self.resources.get(name)}

    def _levels(
        self,
        names: Sequence[str],
        resources: Mapping[str, Any],
        metadata: Mapping[str, Mapping[str, Any]],
        partitions: PartitionPlan | None = None,
        completed: Collection[str] = (),
    ) -> Levels:
        if completed or metadata or self._own(resources):
            plan, changed = plan_execution(self.compiled.graph, names).divided(completed), self.steps.changed_step
            levels = [[changed(planned, resources, metadata) for planned in level] for level in plan.levels]
        else:
            levels = self.steps.levels(names)
        if partitions is None:
            return levels
        return [[with_partitions(step, partitions) for step in level] for level in levels]
