"""The outcome of an evaluation, in a form that can cross a process boundary and that pure functions decide on."""

from __future__ import annotations

from dataclasses import dataclass

from rivers.definitions.argument_checks import storable
from rivers.definitions.triggers.requests import BackfillRequest, RunRequest
from rivers.definitions.triggers.tick_results import ScheduleTickResult, SensorTickResult
from rivers.execution.attempts.failure_records import error_text, traceback_text


@dataclass(frozen=True)
class Evaluated:
    """The outcome of one evaluation of a schedule or sensor: requests, a skip, or an error.

    ``error`` is ``"<ExceptionType>: <message>"``. With an error there are no requests and no cursor.
    """

    requests: tuple[RunRequest | BackfillRequest, ...] = ()
    skip_reason: str | None = None
    cursor: str | None = None
    error: str | None = None
    traceback: str | None = None

    @classmethod
    def of_result(cls, result: ScheduleTickResult | SensorTickResult) -> Evaluated:
        """Return the outcome of a function that returned."""
        skip = None if result.skip_reason is None else storable(result.skip_reason.message)
        cursor = result.cursor if isinstance(result, SensorTickResult) else None
        return cls(tuple(result.run_requests), skip, cursor)

    @classmethod
    def of_error(cls, error: BaseException) -> Evaluated:
        """Return the outcome of a function that raised, or returned something it may not return."""
        return cls(error=error_text(error), traceback=traceback_text(error))
