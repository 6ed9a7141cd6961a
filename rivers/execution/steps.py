"""One step, compiled: everything about a node that is the same for each of its runs, ready for the hot loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rivers.definitions.parameters import FunctionArguments
from rivers.definitions.retries import Compute, RetryPolicy
from rivers.definitions.signatures import Unevaluated
from rivers.execution.bash import Command
from rivers.execution.step_time import StepTime
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
class Step:
    """A node of a bound repository, as it is executed.

    ``upstreams`` are all nodes it waits for, whether it loads their values or not. ``resources`` pairs parameters with
    the instances they get. ``return_annotation`` is ``None`` without one, and a stand-in when it cannot be evaluated.
    """

    name: str
    function: Callable[..., Any]
    is_async: bool
    arguments: FunctionArguments
    inputs: tuple[StepInput, ...]
    upstreams: tuple[str, ...]
    resources: tuple[tuple[str, Any], ...]
    handler: IOHandler
    return_annotation: Any
    new_context: Callable[[Any, str, StepTime], Any] | None
    """Makes the context, from the config, the run id and the time; ``None`` when the function takes none."""
    metadata: dict[str, Any] | None = None
    code_version: str | None = None
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
    keeps_value: bool = False
    """Whether the value itself is wanted back, by a hook."""

    @property
    def type_hint(self) -> Any:
        """What the handler is told about the type of the value."""
        return None if isinstance(self.return_annotation, Unevaluated) else self.return_annotation
