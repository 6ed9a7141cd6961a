"""The requests of schedule and sensor functions: runs, backfills, or nothing and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from rivers.definitions.argument_checks import require_optional_text, require_prose, require_text_mapping
from rivers.exceptions import _SensorResultConflict  # pyright: ignore[reportPrivateUsage]
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange


@dataclass(frozen=True, slots=True, eq=False)
class RunRequest:
    """One run to launch.

    ``run_key`` makes it at most one run for this trigger, ever. ``job_name`` overrides the trigger's own target.
    ``partition_key`` is the key in its written form, such as ``2026-01-01`` or ``day=2026-01-01|region=eu``.
    Requests are compared by identity.
    """

    run_key: str | None = None
    tags: dict[str, str] | None = None
    partition_key: str | None = None
    job_name: str | None = None

    def __post_init__(self) -> None:
        require_optional_text("run_key", self.run_key)
        require_optional_text("partition_key", self.partition_key)
        require_optional_text("job_name", self.job_name)
        require_text_mapping("tags", self.tags)

    def targeting(self, job_name: str | None) -> RunRequest:
        """Return this request, aimed at ``job_name`` unless it names a job of its own."""
        return self if self.job_name is not None or job_name is None else replace(self, job_name=job_name)


@dataclass(frozen=True, slots=True, eq=False)
class SkipReason:
    """Nothing to do this time, and why."""

    message: str = ""

    def __post_init__(self) -> None:
        require_prose("message", self.message)

    def __repr__(self) -> str:
        return f"SkipReason({self.message!r})"


@dataclass(frozen=True, slots=True, eq=False)
class BackfillRequest:
    """A backfill to launch. Nothing is checked here: the plan is checked when the request is launched."""

    selection: list[str]
    partition_keys: list[PartitionKey] | None = None
    partition_range: PartitionKeyRange | None = None
    strategy: Any = None
    failure_policy: str | None = None
    max_concurrency: int = 4
    tags: dict[str, str] | None = None

    def __repr__(self) -> str:
        partitions = "range" if self.partition_range is not None else len(self.partition_keys or ())
        return (
            f"BackfillRequest(selection={self.selection!r}, partitions={partitions}, "
            f"max_concurrency={self.max_concurrency})"
        )


class SensorResult:
    """The findings of a sensor: requests or a skip reason, and the cursor to start from next time.

    :raises TypeError: when ``run_requests`` is not a sequence of requests
    :raises ValueError: when there are both requests and a skip reason (also a ``ResultDefinitionError``)
    """

    __slots__ = ("_cursor", "_run_requests", "_skip_reason")

    def __init__(
        self,
        run_requests: Sequence[RunRequest | BackfillRequest] | None = None,
        skip_reason: str | SkipReason | None = None,
        cursor: str | None = None,
    ) -> None:
        self._run_requests = None if run_requests is None else _requests_of(run_requests)
        self._skip_reason = SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason
        if not isinstance(self._skip_reason, SkipReason | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"skip_reason must be a str or SkipReason, got {type(skip_reason).__name__}")
        require_optional_text("cursor", cursor)
        self._cursor = cursor
        if self._run_requests and self._skip_reason is not None:
            raise _SensorResultConflict("SensorResult takes either run_requests or skip_reason, not both")

    @property
    def run_requests(self) -> list[RunRequest | BackfillRequest] | None:
        """The requests in the order given, ``None`` when none were given."""
        return None if self._run_requests is None else list(self._run_requests)

    @property
    def skip_reason(self) -> SkipReason | None:
        """The reason why nothing is asked for."""
        return self._skip_reason

    @property
    def cursor(self) -> str | None:
        """The new cursor; ``None`` keeps the old one."""
        return self._cursor

    def __repr__(self) -> str:
        return (
            f"SensorResult(run_requests={len(self._run_requests or ())}, skip_reason={self._skip_reason!r}, "
            f"cursor={self._cursor!r})"
        )


def _requests_of(given: object) -> tuple[RunRequest | BackfillRequest, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise TypeError(f"run_requests must be a list or tuple, got {type(given).__name__}")
    requests: list[RunRequest | BackfillRequest] = []
    for request in cast("Sequence[object]", given):
        if not isinstance(request, RunRequest | BackfillRequest):
            raise TypeError(f"expected RunRequest or BackfillRequest, got {type(request).__name__}")
        requests.append(request)
    return tuple(requests)
