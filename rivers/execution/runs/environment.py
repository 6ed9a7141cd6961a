"""What a bound repository gives to everything it runs: where things are stored, whose time it is, who makes the ids.

The environment of the evaluation or step that is running is in a context variable, so that ``repo.materialize()``
called from inside one runs on its clock and takes its ids.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rivers.clock import Clock
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.attempts.interception import StepInterceptor
from rivers.execution.workers.pool import WorkerPool
from rivers.ids import IdSource
from rivers.storage import Storage


@dataclass(frozen=True)
class Environment:
    """Held by one bound repository and shared by its runs and evaluations.

    ``family`` is one object for all siblings of a repository: the compiled definitions they share.
    """

    storage: Storage
    clock: Clock
    ids: IdSource
    coroutines: CoroutineHost
    interceptor: StepInterceptor | None
    family: object
    owner: object
    """The bound repository itself, for calls that arrive at a sibling."""
    workers: WorkerPool = field(default_factory=WorkerPool)

    def evaluating(self) -> AbstractContextManager[Any]:
        """Return a block for a call of a user's function here, which a simulation may give its own time."""
        return nullcontext() if self.interceptor is None else self.interceptor.evaluating(self.clock)


running_in: ContextVar[Environment | None] = ContextVar("rivers_running_in", default=None)
"""The environment of the user code that is running here; ``None`` outside evaluations and steps."""
