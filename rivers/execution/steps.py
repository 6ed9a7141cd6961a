"""One step, compiled: everything about it that is the same for each of its runs, ready for the hot loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rivers.definitions.hooks import Hook
from rivers.definitions.parameters import FunctionArguments
from rivers.definitions.retries import Compute, RetryPolicy
from rivers.execution.bash import Command
from rivers.execution.step_time import StepTime
from rivers.graph.steps import StepKind
from rivers.records import IOHandler


@dataclass(frozen=True, slots=True)
class StepInput:
    """An upstream value: the parameter it is for, whose value it is, and how it is loaded.

    ``metadata`` is what the handler is told about the upstream.
    """

    parameter: str
    upstream: str
    handler: IOHandler
    metadata: dict[str, Any] | None
    type_hint: Any


@dataclass(frozen=True, slots=True)
class StepTarget:
    """A node whose value a step makes, and how that is stored.

    ``metadata`` is the static metadata of the node, with what the run adds. ``type_hint`` is what the handler is told
    about the value, and what the value of an output of a multi-asset is checked against.
    """

    name: str
    handler: IOHandler
    metadata: dict[str, Any] | None = None
    type_hint: Any = None
    code_version: str | None = None
    hooks: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a bound repository, as it is executed.

    ``name`` is how contexts and messages call it, ``targets`` are the nodes it is asked to make the values of: one, or
    outputs of a multi-asset. ``upstreams`` are all nodes it waits for, whether it loads their values or not.
    ``constants`` and ``resources`` pair parameters with what they get. ``return_annotation`` is ``None`` without one,
    and a stand-in when it cannot be evaluated.
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
    new_context: Callable[[Any, str, StepTime], Any] | None
    """Makes the context, from the config, the run id and the time; ``None`` when the function takes none."""
    graph: str | None = None
    """The graph asset that it is an internal step of."""
    retry: RetryPolicy | None = None
    executor: str | None = None
    """What its ``rivers/executor`` asks for, unchecked."""
    timeout: float | None = None
    """Seconds on the clock of the run after which an attempt is given up, from ``rivers/timeout``."""
    compute: Compute | None = None
    managed: tuple[Any, ...] = ()
    """The resources among what it uses, handlers included: in a worker they are rebuilt, set up and torn down."""
    command: Command | None = None
    """The command that is run in place of ``function``. It needs no worker process, only a thread to wait for it."""

    @property
    def nodes(self) -> list[str]:
        """The names of its targets."""
        return [target.name for target in self.targets]

    @property
    def config_names(self) -> list[str]:
        """The names under which a run may configure it."""
        return self.nodes

    @property
    def keeps_values(self) -> bool:
        """Whether the values themselves are wanted back, by hooks."""
        return any(isinstance(hook, Hook.Success) for target in self.targets for hook in target.hooks)
