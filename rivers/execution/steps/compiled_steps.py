"""Compiled steps: everything about a step that is the same in each of its runs, and what one run adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rivers.definitions.assets.composition import Gathering
from rivers.definitions.functions.parameters import FunctionArguments
from rivers.definitions.policies.hooks import Hook
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.execution.steps.command import ShellCommand
from rivers.execution.steps.step_time import StepTime
from rivers.graph.planned_steps import StepKind
from rivers.partitions import PartitionContext, PartitionKey
from rivers.records import IOHandler


@dataclass(frozen=True, slots=True)
class StepPartition:
    """The partitions that a step computes and reads in one run.

    ``context`` is what the step computes, ``None`` for a step that is not partitioned. ``outputs`` are the contexts of
    outputs that have a definition of their own. ``inputs`` are the contexts of the parameters whose upstreams are read
    by partition. The parameters in ``whole`` are read as one value though their upstreams have partitions. Those in
    ``unread`` get ``None``, and nothing is loaded for them. A ``fault`` is raised when the step is executed.
    """

    context: PartitionContext | None = None
    outputs: Mapping[str, PartitionContext] = field(default_factory=dict[str, PartitionContext])
    inputs: Mapping[str, PartitionContext] = field(default_factory=dict[str, PartitionContext])
    whole: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    fault: Exception | None = None

    @property
    def keys(self) -> tuple[PartitionKey, ...]:
        """The concrete keys that the step computes, empty for a step that is not partitioned."""
        return () if self.context is None else tuple(self.context.keys)

    def of_output(self, name: str) -> PartitionContext | None:
        """Return the context that the handler gets for storing this output."""
        return self.outputs.get(name, self.context)


UNPARTITIONED: Final = StepPartition()
"""The ``StepPartition`` of a step that neither computes nor reads partitions."""


@dataclass(frozen=True, slots=True)
class StepInput:
    """An upstream value: the parameter that gets it, the node whose value it is, and how it is loaded.

    ``metadata`` is the upstream's, for the handler. When ``gathering`` is not ``NONE``, ``upstream`` is a collect node:
    the values of the instances of ``template`` are loaded, and handler and metadata are those of the template.
    """

    parameter: str
    upstream: str
    handler: IOHandler
    metadata: dict[str, Any] | None
    type_hint: Any
    gathering: Gathering = Gathering.NONE
    template: str | None = None


@dataclass(frozen=True, slots=True)
class StepTarget:
    """A node whose value a step makes, and how the value is stored.

    ``metadata`` is the static metadata of the node, with what the run adds. ``type_hint`` is for the handler, and the
    value of an output of a multi-asset is checked against it. ``is_mapped`` says that a graph asset maps over the
    value, which may then consist of ``DynamicOutput``.
    """

    name: str
    handler: IOHandler
    metadata: dict[str, Any] | None = None
    type_hint: Any = None
    code_version: str | None = None
    hooks: tuple[Hook, ...] = ()
    is_mapped: bool = False


@dataclass(frozen=True, slots=True)
class Particulars:
    """What only a run knows of a step, and a worker has to be sent besides the compiled step.

    ``instances`` are the nodes whose values are gathered, by parameter. ``keys`` name the elements of the source of a
    ``MAP``, ``None`` when their positions do. ``name`` and ``element`` are those of an instance. ``partition`` is what
    the step computes and reads.
    """

    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    keys: tuple[str, ...] | None = None
    name: str | None = None
    element: Any = None
    partition: StepPartition = UNPARTITIONED


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Step:
    """One step of a bound repository, as it is executed.

    ``name`` is what contexts and messages call the step. ``targets`` are the nodes whose values it is to make: one
    node, or outputs of a multi-asset. ``upstreams`` are all nodes that it waits for, whether it loads their values or
    not. ``constants`` and ``resources`` pair parameters with what they get. ``return_annotation`` is ``None`` without
    an annotation, and a stand-in for one that cannot be evaluated.
    """

    name: str
    kind: StepKind
    function: Callable[..., Any]
    is_async: bool
    arguments: FunctionArguments
    inputs: tuple[StepInput, ...]
    constants: tuple[tuple[str, Any], ...]
    upstreams: tuple[str, ...]
    resources: tuple[tuple[str, Any], ...]
    targets: tuple[StepTarget, ...]
    return_annotation: Any
    new_context: Callable[[Any, str, StepTime, PartitionContext | None], Any] | None
    """Makes the context, from config, run id, time and partitions; ``None`` when the function takes none."""
    graph: str | None = None
    """The graph asset that has this step inside, if one has."""
    retry: RetryPolicy | None = None
    executor: str | None = None
    """The executor that ``rivers/executor`` asks for, unchecked."""
    timeout: float | None = None
    """The seconds on the run's clock after which an attempt is given up, from ``rivers/timeout``."""
    compute: Compute | None = None
    managed: tuple[Any, ...] = ()
    """The resources that the step uses, handlers included. In a worker they are rebuilt, set up and torn down."""
    command: ShellCommand | None = None
    """The command that runs in place of ``function``. It needs no worker process, only a thread to wait for it."""
    instance: Step | None = None
    """For a ``MAP``: the step that is executed for each element, compiled under the name of the ``MAP`` itself."""
    element_parameter: str | None = None
    """For an instance: the parameter that gets the element."""
    max_concurrency: int | None = None
    """For an instance: how many of the same ``MAP`` may execute at one time, ``None`` for any number."""
    pools: tuple[tuple[str, int], ...] = ()
    """The pools of which an attempt claims slots before it begins, and how many slots."""
    compiled: Step | None = None
    """The step as it was compiled, for a step with ``particulars``."""
    particulars: Particulars | None = None

    @property
    def nodes(self) -> list[str]:
        """The names of the targets."""
        return [target.name for target in self.targets]

    @property
    def partition(self) -> StepPartition:
        """The partitions that the step computes and reads in this run."""
        return UNPARTITIONED if self.particulars is None else self.particulars.partition

    @property
    def config_names(self) -> list[str]:
        """The names under which a run may configure the step. An instance is configured under that of its ``MAP``."""
        return (self.compiled or self).nodes

    @property
    def keeps_values(self) -> bool:
        """Whether the values themselves are wanted back: for hooks, or because they are the elements of a source."""
        if self.instance is not None:
            return True
        return any(isinstance(hook, Hook.Success) for target in self.targets for hook in target.hooks)

    @property
    def is_instance(self) -> bool:
        """Whether the step is one of those that a ``MAP`` was divided into."""
        return self.compiled is not None and self.element_parameter is not None

    @property
    def template(self) -> str | None:
        """The ``MAP`` that the step is an instance of, ``None`` for any other step."""
        return self.compiled.name if self.compiled is not None and self.element_parameter is not None else None

    @property
    def gathers(self) -> list[str]:
        """The maps whose instances the step has to know by name."""
        own = [given.template for given in self.inputs if given.template is not None]
        return [*own, *self.upstreams] if self.kind is StepKind.COLLECT else own

    def with_particulars(self, particulars: Particulars) -> Step:
        """Return the step for one run, here and in a worker alike. Partitions that it has already stay."""
        if particulars.partition is UNPARTITIONED:
            particulars = replace(particulars, partition=self.partition)
        if particulars.name is None:
            return replace(self, compiled=self.compiled or self, particulars=particulars)
        parameter = (self.element_parameter or "", particulars.element)
        return replace(
            self,
            name=particulars.name,
            targets=tuple(replace(target, name=particulars.name) for target in self.targets),
            constants=(*self.constants, parameter),
            compiled=self,
            particulars=particulars,
        )
