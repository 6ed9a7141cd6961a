"""What may stand between a step and the user's function: nothing in production, a Scenario's wishes in simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rivers.clock import Clock


class StepInterceptor(Protocol):
    """Wraps each call of a step's function.

    ``around`` runs on the thread of the step, after its inputs were loaded. What it returns is treated as what the
    function returned (so it may answer with a ``Materialization`` and not call at all), what it raises as what the
    function raised. It may wait with ``clock.sleep_blocking``. ``call`` of an ``async def`` step runs the coroutine to
    its end.
    """

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Clock) -> Any:
        """The result of attempt number ``attempt`` (from 1) of ``step``."""
        ...
