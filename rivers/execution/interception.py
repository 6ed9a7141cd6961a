"""What may stand between rivers and the user's functions: nothing in production, a Scenario's wishes in simulation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from rivers.clock import Clock


class StepInterceptor(Protocol):
    """Wraps each call of a step's function.

    ``around`` runs on the thread of the step. ``call`` loads the inputs and calls the function; for an ``async def``
    step it also runs the coroutine to its end. What ``around`` returns is treated as what the function returned (so it
    may answer with a ``Materialization`` and not call at all, and then nothing is loaded either), what it raises as
    what the function raised. It may wait with ``clock.sleep_blocking``.
    """

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Clock) -> Any:
        """The result of attempt number ``attempt`` (from 1) of ``step``."""
        ...

    def evaluating(self, clock: Clock) -> AbstractContextManager[Any]:
        """A block around each call of a schedule's or sensor's function in this process."""
        ...
