"""Interception of the user's functions: none in production, what a Scenario asks for in simulation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from rivers.clock import Clock

IN_WORKER: Final = object()
"""The return value of the ``call`` of a step that goes to a worker process, which ``around`` hands back."""


class StepInterceptor(Protocol):
    """Wraps each call of a step's function."""

    def seconds(self, step: str, attempt: int) -> float:
        """Return how long attempt number ``attempt`` (from 1) lasts on the clock. Asked before ``around``.

        A method of its own, since steps that run beside each other last at the same time.
        """
        ...

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Clock) -> Any:
        """Return the result of an attempt.

        ``call`` loads the inputs and calls the function. For an ``async def`` step it also runs the coroutine to its
        end. For a step that goes to a worker it returns ``IN_WORKER`` at once, and the worker does all that later.

        What ``around`` returns or raises is treated as what the function returned or raised. So it may answer with a
        ``Materialization`` and not call at all, and then nothing is loaded either. It may wait with
        ``clock.sleep_blocking``.
        """
        ...

    @property
    def calls_hooks(self) -> bool:
        """Whether the hooks of steps are called."""
        ...

    def evaluating(self, clock: Clock) -> AbstractContextManager[Any]:
        """Return a block that is entered around each call of a schedule's or sensor's function in this process."""
        ...
