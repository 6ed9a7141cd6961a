"""What may stand between rivers and the user's functions: nothing in production, a Scenario's wishes in simulation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from rivers.clock import Clock

IN_WORKER: Final = object()
"""What the ``call`` of a step that goes to a worker process returns, for ``around`` to hand back."""


class StepInterceptor(Protocol):
    """Wraps each call of a step's function."""

    def seconds(self, step: str, attempt: int) -> float:
        """How long attempt number ``attempt`` (from 1) lasts on the clock, before ``around`` is asked.

        A method of its own, since steps that run beside each other last at the same time.
        """
        ...

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Clock) -> Any:
        """The result of an attempt.

        ``call`` loads the inputs and calls the function; for an ``async def`` step it also runs the coroutine to its
        end, for a step that goes to a worker it returns ``IN_WORKER`` at once and the worker does it all later. What
        ``around`` returns is treated as what the function returned (so it may answer with a ``Materialization`` and not
        call at all, and then nothing is loaded either), what it raises as what the function raised. It may wait with
        ``clock.sleep_blocking``.
        """
        ...

    @property
    def calls_hooks(self) -> bool:
        """Whether the hooks of steps are called."""
        ...

    def evaluating(self, clock: Clock) -> AbstractContextManager[Any]:
        """A block around each call of a schedule's or sensor's function in this process."""
        ...
