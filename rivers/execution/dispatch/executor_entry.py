"""What an executor consists of: its name, its options, where it executes which steps, and the lanes that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rivers.definitions.policies.executors import Executor
from rivers.execution.dispatch.lane import Dispatch
from rivers.execution.dispatch.lanes import Lanes
from rivers.execution.steps.compiled_steps import Step

Round = Sequence[tuple[Step, str]]
"""Steps that execute beside each other, each with the name of its place."""

E = TypeVar("E", bound=Executor)


@dataclass(frozen=True, slots=True)
class ExecutorEntry(Generic[E]):
    """One executor. ``rivers.execution.dispatch.executors`` has those that there are."""

    name: str
    """What ``rivers/executor`` and the config of a run call it."""
    options: type[E]
    """Its declaration: a frozen dataclass whose fields are its options, all with defaults."""
    rounds: Callable[[Sequence[Step], E, bool], Sequence[Round]]
    """Divides steps that depend on none of each other into rounds, one after another, and gives each step its place.

    The last argument says whether an interceptor stands around the steps. ``HERE`` is the place of every executor.
    """
    lanes: Callable[[Dispatch, E], Mapping[str, Lanes]]
    """Makes the lanes of one round, by their place, in the order in which they begin attempts. ``HERE`` is the last,
    since it occupies the run's thread."""
