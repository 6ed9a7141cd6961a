"""Compiling the planned steps of the graph: their handlers, their resources, and how their contexts are made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rivers.definitions.assets.assets import SingleAsset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.composition import Gathering
from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.definitions.assets.tasks import Task
from rivers.definitions.functions.parameters import FunctionArguments, Source, classify_parameters
from rivers.definitions.policies.retries import RetryPolicy
from rivers.definitions.signatures import Unevaluated, read_signature
from rivers.definitions.values.results import Materialization
from rivers.durations import to_ns
from rivers.exceptions import ConfigurationError, ExecutionError
from rivers.execution.steps.command import ShellCommand
from rivers.execution.steps.compiled_steps import Step, StepInput, StepTarget
from rivers.execution.steps.context_making import context_maker
from rivers.execution.steps.handlers import Handlers
from rivers.graph.nodes import Graph
from rivers.graph.plan import PlannedStep, plan_execution
from rivers.graph.planned_steps import EXECUTOR_KEY, TIMEOUT_KEY, FanOut, InputSpec, StepKind, StepSpec
from rivers.graph.references import resolve_retry
from rivers.queueing.slots import step_pools

Levels = Sequence[Sequence[Step]]

PLANS_MAX: Final = 64
"""How many selections stay planned from run to run. Jobs, schedules and sensors ask for the same ones again."""


class StepCompiler:
    """Compiles the planned steps of a bound repository, each once. All methods may be called from any thread."""

    def __init__(
        self, graph: Graph, handlers: Handlers, resources: Mapping[str, Any], retries: Mapping[str, RetryPolicy]
    ) -> None:
        self._graph = graph
        self._handlers = handlers
        self._resources = resources
        self._retries = retries
        self._steps: dict[tuple[str, ...], Step] = {}
        self._plans: dict[tuple[str, ...], Levels] = {}
        self._lock = threading.Lock()

    def levels(self, names: Sequence[str]) -> Levels:
        """Return the steps of these nodes without any change for one run, level by level."""
        key = tuple(names)
        with self._lock:
            levels = self._plans.get(key)
            if levels is None:
                while len(self._plans) >= PLANS_MAX:
                    del self._plans[next(iter(self._plans))]
                plan = plan_execution(self._graph, key)
                levels = self._plans[key] = [[self.step(planned) for planned in level] for level in plan.levels]
        return levels

    def step(self, planned: PlannedStep) -> Step:
        """Return the step without any change for one run."""
        step = self._steps.get(planned.outputs)
        if step is None:
            step = self._steps[planned.outputs] = self.changed_step(planned, self._resources, {})
        return step

    def changed_step(
        self, planned: PlannedStep, resources: Mapping[str, Any], metadata: Mapping[str, Mapping[str, Any]]
    ) -> Step:
        """Return the step for one run with other resources, and with additions to the metadata of assets."""
        return _Compiling(self._graph, self._handlers, self._retries, resources, metadata).step(planned)

    def handler(self, name: str) -> Any:
        """Return the handler that stores the value of a node."""
        return self._handlers.resolve(name, self._graph[name].settings.io_handler)


@dataclass(frozen=True, slots=True)
class _Compiling:
    """The compiling of steps with the same resources and the same additions to metadata."""

    graph: Graph
    handlers: Handlers
    retries: Mapping[str, RetryPolicy]
    resources: Mapping[str, Any]
    additions: Mapping[str, Mapping[str, Any]]

    def step(self, planned: PlannedStep) -> Step:
        spec = planned.step
        step = self._step(planned)
        return step if spec.fan_out is None else self._dividing(step, spec, spec.fan_out)

    def _dividing(self, instance: Step, spec: StepSpec, fan_out: FanOut) -> Step:
        """Return the step of a ``MAP``, which only divides its source. ``instance`` is executed for each element."""
        return replace(
            instance,
            kind=StepKind.MAP,
            function=store_nothing,  # never called: the elements are made from the source alone
            is_async=False,
            arguments=_NO_CALL,
            inputs=(self._input(spec, fan_out.source),),
            constants=(),
            resources=(),
            return_annotation=None,
            new_context=None,
            timeout=None,
            compute=None,
            managed=(),
            pools=(),
            instance=replace(
                instance, element_parameter=fan_out.source.parameter, max_concurrency=fan_out.max_concurrency
            ),
        )

    def _step(self, planned: PlannedStep) -> Step:
        spec, definition = planned.step, planned.step.definition
        function = _function(spec)
        targets = tuple(self._target(spec, name) for name in planned.outputs)
        inputs = tuple(self._input(spec, given) for given in spec.inputs)
        injected = tuple(
            (argument.name, self.resources[argument.name]) for argument in spec.arguments.of(Source.RESOURCE)
        )
        used = [resource for _, resource in injected]
        used += [target.handler for target in targets] + [given.handler for given in inputs]
        return Step(
            name=spec.name,
            kind=StepKind.TASK if spec.kind is StepKind.MAP else spec.kind,
            function=function,
            is_async=spec.kind not in (StepKind.GRAPH, StepKind.COLLECT) and definition.is_async,
            arguments=_PASSING_ON if spec.kind is StepKind.GRAPH and inputs else spec.arguments,
            inputs=inputs,
            constants=spec.constants,
            upstreams=spec.upstreams,
            resources=injected,
            targets=targets,
            return_annotation=_return_annotation(spec),
            new_context=context_maker(spec, targets),
            graph=spec.graph,
            retry=resolve_retry(f"Asset '{spec.name}'", definition.retry, self.retries),
            executor=_first(targets, EXECUTOR_KEY) if spec.graph is None else spec.executor,
            timeout=_timeout(spec.name, targets),
            compute=definition.compute if isinstance(definition, SingleAsset | MultiAsset) else None,
            managed=tuple(one for one in self.resources.values() if any(one is other for other in used)),
            command=_command(spec),
            pools=step_pools([self.graph[name].settings.pool for name in planned.outputs]),
        )

    def _target(self, spec: StepSpec, name: str) -> StepTarget:
        settings = self.graph[name].settings
        return StepTarget(
            name,
            self.handlers.resolve(name, settings.io_handler, self.resources),
            self._metadata(name),
            _type_hint(spec, name),
            settings.code_version,
            settings.hooks,
            name in spec.mapped_outputs,
        )

    def _input(self, spec: StepSpec, given: InputSpec) -> StepInput:
        override, upstream, template = given.override, given.upstream, None
        if given.gathering is not Gathering.NONE:
            [upstream] = self.graph[upstream].step.upstreams
            template = upstream
        if override is not None and override.io_handler is not None:
            handler = self.handlers.resolve(spec.name, override.io_handler, self.resources)
        else:
            handler = self.handlers.resolve(upstream, self.graph[upstream].settings.io_handler, self.resources)
        if override is not None and override.metadata is not None:
            metadata: dict[str, Any] | None = override.metadata
        else:
            metadata = self._metadata(upstream)
        return StepInput(given.parameter, given.upstream, handler, metadata, given.type_hint, given.gathering, template)

    def _metadata(self, name: str) -> dict[str, Any] | None:
        return {**(self.graph[name].settings.metadata or {}), **self.additions.get(name, {})} or None


def pass_on(value: Any) -> Any:
    """Return the value of the last task in a graph asset, which is the value of the asset: its own step's function."""
    return value


def store_nothing() -> Materialization:
    """Store nothing: the function of a graph asset whose body returns nothing, and of a collect node."""
    return Materialization()


_NO_CALL: Final = FunctionArguments(())
_PASSING_ON: Final = classify_parameters("", read_signature(pass_on), nodes=("value",), resources=())


def _function(spec: StepSpec) -> Callable[..., Any]:
    definition = spec.definition
    match spec.kind:
        case StepKind.GRAPH:
            return pass_on if spec.inputs else store_nothing
        case StepKind.OBSERVE if isinstance(definition, ExternalAsset) and definition.observe_fn is not None:
            return definition.observe_fn
        case StepKind.SINGLE | StepKind.MULTI if isinstance(definition, SingleAsset | MultiAsset):
            return definition.function
        case StepKind.TASK | StepKind.MAP if isinstance(definition, Task):
            return definition.function
        case StepKind.BASH | StepKind.COLLECT:
            return store_nothing  # never called for a command
        case _:
            raise ExecutionError(f"'{spec.name}' is a {spec.kind.value} step, which cannot be executed")


def _command(spec: StepSpec) -> ShellCommand | None:
    task = spec.definition
    return ShellCommand.of(task.command, task.env, task.cwd) if isinstance(task, CommandTask) else None


def _return_annotation(spec: StepSpec) -> Any:
    definition = spec.definition
    has_values = spec.kind in (StepKind.SINGLE, StepKind.MULTI, StepKind.TASK, StepKind.MAP)
    if has_values and isinstance(definition, SingleAsset | MultiAsset | Task):
        return definition.signature.return_annotation
    return None


def _type_hint(spec: StepSpec, name: str) -> Any:
    """Return the type of the value, for the handler."""
    definition = spec.definition
    if isinstance(definition, MultiAsset):
        return definition.output_defs[definition.output_names.index(name)].type_hint
    annotation = _return_annotation(spec)
    return None if isinstance(annotation, Unevaluated) else annotation


def _first(targets: Sequence[StepTarget], key: str) -> Any:
    """Return the metadata entry ``key`` of the first target that has one."""
    return next((target.metadata[key] for target in targets if target.metadata and key in target.metadata), None)


def _timeout(name: str, targets: Sequence[StepTarget]) -> float | None:
    """Return ``rivers/timeout`` in seconds. It is given in seconds, or as a duration text such as ``"10m"``."""
    given = _first(targets, TIMEOUT_KEY)
    if given is None:
        return None
    try:
        seconds = to_ns(given, TIMEOUT_KEY) / 1e9
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"'{name}': {error}", kind="Step", name=name, value=str(given)) from error
    if seconds <= 0:
        raise ConfigurationError(
            f"'{name}': {TIMEOUT_KEY} must be positive, got {given!r}", kind="Step", name=name, value=str(given)
        )
    return seconds
