"""The meaning of what a schedule or sensor function returns: a table of cases, and the errors outside it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, cast

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest, SensorResult, SkipReason
from rivers.exceptions import ExecutionError

NO_REASON = "the function returned nothing and gave no reason"
"""The message of the skip reason that stands for a returned ``None``."""


@dataclass(frozen=True, repr=False)
class ScheduleTickResult:
    """The requests of one evaluation of a schedule."""

    schedule_name: str
    run_requests: list[RunRequest | BackfillRequest] = field(default_factory=list[RunRequest | BackfillRequest])
    skip_reason: SkipReason | None = None

    def __repr__(self) -> str:
        return f"ScheduleTickResult(schedule={self.schedule_name!r}, run_requests={len(self.run_requests)})"


@dataclass(frozen=True, repr=False)
class SensorTickResult:
    """The requests of one evaluation of a sensor. ``cursor`` is the one that it set, ``None`` when it set none."""

    sensor_name: str
    run_requests: list[RunRequest | BackfillRequest] = field(default_factory=list[RunRequest | BackfillRequest])
    skip_reason: SkipReason | None = None
    cursor: str | None = None

    def __repr__(self) -> str:
        return (
            f"SensorTickResult(sensor={self.sensor_name!r}, run_requests={len(self.run_requests)}, "
            f"cursor={self.cursor!r})"
        )


def default_schedule_result(name: str, job_name: str) -> ScheduleTickResult:
    """Return the request of a schedule without a function: one run of its job."""
    return ScheduleTickResult(name, [RunRequest(job_name=job_name)])


def interpret_schedule_result(name: str, job_name: str, value: Any) -> ScheduleTickResult:
    """Read what the function of schedule ``name`` returned. A coroutine must have been awaited before.

    A request without a job gets ``job_name``. A generator is run to its end here, so what it raises comes through.

    :raises ExecutionError: when the value, or an item of it, is of a type that a schedule may not return
    """
    requests, skip_reason = _interpret(f"Schedule {name!r}", job_name, value, "")
    return ScheduleTickResult(name, requests, skip_reason)


def interpret_sensor_result(name: str, job_name: str | None, value: Any) -> SensorTickResult:
    """Read what the function of sensor ``name`` returned, as for a schedule; a ``SensorResult`` is allowed too.

    :raises ExecutionError: when the value, or an item of it, is of a type that a sensor may not return
    """
    if isinstance(value, SensorResult):
        requests = [_targeted(request, job_name) for request in value.run_requests or ()]
        return SensorTickResult(name, requests, value.skip_reason, value.cursor)
    requests, skip_reason = _interpret(f"Sensor {name!r}", job_name, value, "SensorResult, ")
    return SensorTickResult(name, requests, skip_reason)


def _interpret(
    trigger: str, job_name: str | None, value: Any, also_allowed: str
) -> tuple[list[RunRequest | BackfillRequest], SkipReason | None]:
    if value is None:
        return [], SkipReason(NO_REASON)
    if isinstance(value, SkipReason):
        return [], value
    if isinstance(value, RunRequest | BackfillRequest):
        return [_targeted(value, job_name)], None
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Iterable):
        if inspect.iscoroutine(value):
            value.close()  # or Python warns that it was never awaited
        raise ExecutionError(
            f"{trigger} must return RunRequest, BackfillRequest, SkipReason, {also_allowed}list, or None; "
            f"got {type(value).__name__}"
        )
    items = list(cast("Iterable[object]", value))
    if isinstance(value, AbstractSet):
        items.sort(key=repr)  # a set of requests comes in order of address; their texts hold none
    runs: list[RunRequest | BackfillRequest] = []
    backfills: list[RunRequest | BackfillRequest] = []
    for item in items:
        if isinstance(item, RunRequest):
            runs.append(_targeted(item, job_name))
        elif isinstance(item, BackfillRequest):
            backfills.append(item)
        else:
            raise ExecutionError(f"{trigger} returned a list containing unsupported item: {type(item).__name__}")
    return runs + backfills, None


def _targeted(request: RunRequest | BackfillRequest, job_name: str | None) -> RunRequest | BackfillRequest:
    return request.targeting(job_name) if isinstance(request, RunRequest) else request
