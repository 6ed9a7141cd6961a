"""The steps that execution executes. Most nodes are one step; the outputs of a multi-asset share theirs.

All of it is data: names, wiring, declarations. Whoever executes a step finds the handlers, resources and contexts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.asset_settings import DepDef
from rivers.definitions.assets.composition import Gathering
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.functions.parameters import FunctionArguments

Definition = BaseAsset | BaseTask
"""A declaration that a repository is made of."""

TIMEOUT_KEY: Final = "rivers/timeout"
"""Metadata: the time on the clock of the run after which an attempt is given up. An extension of the reference."""

EXECUTOR_KEY: Final = "rivers/executor"
"""Metadata: the executor of the step, ``in_process`` or ``parallel``."""


class StepKind(Enum):
    """The way a step makes the values of its outputs."""

    SINGLE = "single"
    """Calls the function of a ``SingleAsset``; the result is the value of the one output."""
    MULTI = "multi"
    """Calls the function of a ``MultiAsset`` once; a mapping or a generator (maybe asynchronous) names the outputs."""
    TASK = "task"
    """Calls the function of a ``Task``, standalone or inside a graph asset."""
    BASH = "bash"
    """Runs the command of a ``BashTask``; its value is what the command wrote to stdout. Inputs only order it."""
    GRAPH = "graph"
    """The own step of a ``GraphAsset``: loads its one input (parameter ``value``) and stores that under its own name.
    Without an input there is no value to store. Its ``StepStart`` precedes those of its internal steps."""
    MAP = "map"
    """Calls the function of a ``Task`` for each element of ``fan_out.source``; each instance is a node of a run."""
    COLLECT = "collect"
    """Succeeds with all instances of its one upstream, a ``MAP``. Stores nothing: consumers load the instances."""
    OBSERVE = "observe"
    """Calls the observe function of an ``ExternalAsset`` and records an Observation. Without a function it cannot
    run.
    """


@dataclass(frozen=True, slots=True, eq=False)
class InputSpec:
    """One value that is loaded before the call.

    ``upstream`` is the node that it belongs to. When ``gathering`` is not ``NONE`` that is a collect node, and the
    values of the instances of its map are loaded instead. ``override`` may replace handler and metadata for this load.
    """

    parameter: str
    upstream: str
    type_hint: Any = None
    override: DepDef | None = None
    gathering: Gathering = Gathering.NONE


@dataclass(frozen=True, slots=True, eq=False)
class FanOut:
    """The values that a ``MAP`` step runs over.

    ``source`` is loaded once and iterated. Each element is passed as its ``parameter``. ``max_concurrency`` caps the
    instances that run at one time, ``None`` for no limit.
    """

    source: InputSpec
    max_concurrency: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StepSpec:
    """One executable step, with all of its outputs.

    ``name`` is how contexts and messages call it: that of its node, for a multi-asset its own. ``outputs`` are the
    nodes whose values it makes, in order of definition. ``inputs`` are loaded; ``constants`` are literals that a graph
    body bound to parameters; ``upstreams`` are all nodes that it waits for, its own outputs never among them. ``graph``
    is the graph asset that it is an internal step of, and ``executor`` is what the metadata of that graph asks for its
    inside, unchecked; a run may change what the metadata of an asset asks for. A ``MAP`` iterates the values of
    ``mapped_outputs``, which may then consist of ``DynamicOutput``.
    """

    name: str
    kind: StepKind
    definition: Definition
    outputs: tuple[str, ...]
    arguments: FunctionArguments
    inputs: tuple[InputSpec, ...] = ()
    constants: tuple[tuple[str, Any], ...] = ()
    upstreams: tuple[str, ...] = ()
    graph: str | None = None
    fan_out: FanOut | None = None
    executor: str | None = None
    mapped_outputs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The first of the outputs, which no other step has."""
        return self.outputs[0]

    @property
    def override_of(self) -> Mapping[str, DepDef]:
        """The declared inputs that replace handler or metadata, by upstream."""
        return {given.upstream: given.override for given in self.loads if given.override is not None}

    @property
    def loads(self) -> tuple[InputSpec, ...]:
        """Every value that is loaded, the source of a fan-out included."""
        return self.inputs if self.fan_out is None else (*self.inputs, self.fan_out.source)


def instance_name(template: str, key: object) -> str:
    """Return the node of one instance of a map, for its index or the key of its ``DynamicOutput``: ``g/square[0]``."""
    return f"{template}[{key}]"


def possible_templates(name: str) -> Iterator[str]:
    """Return the maps that ``name`` could be an instance of; none when it does not look like an instance."""
    if name.endswith("]"):
        for position, character in enumerate(name):
            if character == "[":
                yield name[:position]
