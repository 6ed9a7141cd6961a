"""The behaviour of a scenario in place of, or before, the user's function of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, TypeVar

from rivers.clock import Clock
from rivers.definitions.values.results import Materialization
from rivers.durations import to_ns
from rivers.exceptions import RiversError
from rivers.graph.planned_steps import possible_templates
from rivers.simulation.patched_time import telling

T = TypeVar("T")


class SimulatedFailure(RiversError):
    """A failure that ``Scenario(failures=...)`` asked for."""


class SimulatedSteps:
    """Steps with a simulated length, with attempts that fail, or that record without calling asset code.

    A setting for a map of a graph asset holds for each of its instances that has no setting of its own.

    :param durations: simulated length of each step, by name.
    :param failures: how many of the first attempts of each step fail.
    :param execute: false to leave the user's functions alone.
    :param patch_time: true to make ``time.time()`` and ``datetime.now()`` tell simulated time in user code.
    """

    def __init__(
        self,
        *,
        durations: Mapping[str, str | int | float | timedelta],
        failures: Mapping[str, int],
        execute: bool,
        patch_time: bool,
    ) -> None:
        self._seconds = {step: to_ns(length, f"durations[{step!r}]") / 1e9 for step, length in durations.items()}
        self._failures = dict(failures)
        self._execute = execute
        self._patch_time = patch_time

    @property
    def calls_hooks(self) -> bool:
        """Whether hooks are called: they are when the functions of the user are."""
        return self._execute

    def seconds(self, step: str, attempt: int) -> float:
        """Return the simulated length of the step in seconds."""
        return _said_of(step, self._seconds, 0.0)

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Clock) -> Any:
        """Fail the attempt, record it without a call, or call the function."""
        if attempt <= _said_of(step, self._failures, 0):
            raise SimulatedFailure(f"attempt {attempt} of '{step}' fails, as the scenario asked")
        if not self._execute:
            return Materialization()
        with self.evaluating(clock):
            return call()

    def evaluating(self, clock: Clock) -> AbstractContextManager[Any]:
        """Open a block in which the standard library tells simulated time, if ``patch_time`` is set."""
        return telling(clock) if self._patch_time else nullcontext()


def _said_of(step: str, planned: Mapping[str, T], otherwise: T) -> T:
    names = (step, *possible_templates(step))
    return next((planned[name] for name in names if name in planned), otherwise)
