"""An attempt on the run's own thread, and the parts of it that attempts elsewhere share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from rivers.clock import Clock
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step


def attempt_here(scope: RunScope, step: Step, number: int) -> StepOutcome:
    """Make one attempt, after the time that it takes in a simulation; its outcome."""
    attempt = Attempt(step, number)
    with attempt.capturing():
        seconds = scope.simulated_seconds(step, number)
        if seconds > 0:
            scope.time.sleep_blocking(seconds)
        attempt.accept(
            around(scope, attempt, lambda: attempt.prepare(scope.run_id, scope.time, scope.overrides(step))())
        )
        attempt.store()
    return attempt.outcome()


def around(scope: RunScope, attempt: Attempt, call: Callable[[], Any]) -> Any:
    """Call, within the interceptor if there is one; what came of it."""
    interceptor = scope.environment.interceptor
    if interceptor is None:
        return call()
    if scope.only_divides(attempt.step):
        with interceptor.evaluating(cast("Clock", scope.time)):
            return call()
    return interceptor.around(attempt.step.name, attempt.number, call, cast("Clock", scope.time))


def stored(attempt: Attempt) -> StepOutcome:
    """Store the result of an attempt, unless it has failed; its outcome."""
    if attempt.failure is None:
        with attempt.capturing():
            attempt.store()
    return attempt.outcome()
