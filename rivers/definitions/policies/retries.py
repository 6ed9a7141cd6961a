"""The failures of a step that are retried, how often, and with how much more of a worker."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, cast

from rivers.definitions.argument_checks import (
    require_number,
    require_optional_text,
    require_text,
    require_whole_number,
)
from rivers.definitions.policies.backoff import Backoff, Uniform
from rivers.exceptions import ConfigurationError, RunCanceled, _NegativeCount  # pyright: ignore[reportPrivateUsage]


class FailureReason(StrEnum):
    """The reason why an attempt failed, as far as a retry policy cares. Its text is what events carry."""

    ERROR = "error"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    INFRASTRUCTURE = "infrastructure"
    CANCELLED = "cancelled"


class RetryOn(Enum):
    """The failures that a policy retries, in two words."""

    ALL = "all"
    TRANSIENT = "transient"


_TRANSIENT: Final = frozenset({FailureReason.OUT_OF_MEMORY, FailureReason.TIMEOUT, FailureReason.INFRASTRUCTURE})


def classify_failure(failure: BaseException) -> FailureReason:
    """Return the reason behind an exception. The death of a worker process is infrastructure, ``OSError`` is not."""
    if isinstance(failure, KeyboardInterrupt | RunCanceled):
        return FailureReason.CANCELLED
    if isinstance(failure, MemoryError):
        return FailureReason.OUT_OF_MEMORY
    if isinstance(failure, TimeoutError):
        return FailureReason.TIMEOUT
    if isinstance(failure, BrokenExecutor):
        return FailureReason.INFRASTRUCTURE
    return FailureReason.ERROR


@dataclass(frozen=True, kw_only=True)
class Compute:
    """The CPU and memory that a step asks of its worker, in texts such as ``"500m"``. Advice outside kubernetes."""

    cpu: str | None = None
    memory: str | None = None
    gpu: str | None = None

    def __post_init__(self) -> None:
        for parameter, value in (("cpu", self.cpu), ("memory", self.memory), ("gpu", self.gpu)):
            require_optional_text(parameter, value)


@dataclass(frozen=True, init=False)
class ComputeEscalation:
    """More memory or CPU for the attempt after a failure for one of the reasons in ``on``. Inert on local executors.

    The reasons in ``on`` are retried even when ``retry_on`` does not list them.
    """

    max_memory: str
    factor: float
    cpu_factor: float | None
    max_cpu: str | None
    on: tuple[FailureReason, ...]

    def __init__(
        self,
        *,
        max_memory: str,
        factor: float = 2.0,
        cpu_factor: float | None = None,
        max_cpu: str | None = None,
        on: Sequence[FailureReason] | None = None,
    ) -> None:
        require_text("max_memory", max_memory)
        require_number("factor", factor)
        if cpu_factor is not None:
            require_number("cpu_factor", cpu_factor)
        require_optional_text("max_cpu", max_cpu)
        reasons = (FailureReason.OUT_OF_MEMORY,) if on is None else tuple(on)
        for reason in cast("tuple[object, ...]", reasons):
            if not isinstance(reason, FailureReason):
                raise TypeError(f"on must hold only FailureReason, got {type(reason).__name__}")
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(max_memory=max_memory, factor=factor, cpu_factor=cpu_factor, max_cpu=max_cpu, on=reasons)


@dataclass(frozen=True, init=False)
class RetryPolicy:
    """The rule for retrying a step: how often, when, and after which failures.

    ``max_retries`` counts the attempts after the first; 0 never retries. ``retry_on`` is a ``RetryOn`` or a list of
    exception types and failure reasons; ``None`` means every failure. A cancellation is never retried.

    :raises OverflowError: when ``max_retries`` is negative (also a ``ValueError``)
    :raises ConfigurationError: when ``retry_on`` is neither ``None``, a ``RetryOn`` nor a list
    :raises TypeError: for an element of ``retry_on`` that is neither
    """

    max_retries: int
    backoff: Backoff | None
    retry_on: RetryOn | tuple[type[BaseException] | FailureReason, ...]
    escalate: ComputeEscalation | None

    def __init__(
        self,
        max_retries: int = 1,
        *,
        backoff: Backoff | None = None,
        retry_on: RetryOn | list[type[BaseException] | FailureReason] | None = None,
        escalate: ComputeEscalation | None = None,
    ) -> None:
        require_whole_number("max_retries", max_retries)
        if max_retries < 0:
            raise _NegativeCount(f"max_retries must not be negative, got {max_retries}")
        if not isinstance(backoff, Backoff | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"backoff must be a Backoff, got {type(backoff).__name__}")
        if not isinstance(escalate, ComputeEscalation | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"escalate must be a ComputeEscalation, got {type(escalate).__name__}")
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(
            max_retries=int(max_retries), backoff=backoff, retry_on=_triggers(retry_on), escalate=escalate
        )

    def should_retry(self, failure: BaseException, failure_count: int) -> bool:
        """Return whether to retry after the ``failure_count``-th failed attempt (counted from 1)."""
        if failure_count > self.max_retries:
            return False
        reason = classify_failure(failure)
        if reason is FailureReason.CANCELLED:
            return False
        if self.escalate is not None and reason in self.escalate.on:
            return True
        if self.retry_on is RetryOn.ALL:
            return True
        if self.retry_on is RetryOn.TRANSIENT:
            return reason in _TRANSIENT
        return any(
            reason is trigger if isinstance(trigger, FailureReason) else isinstance(failure, trigger)
            for trigger in self.retry_on
        )

    def wait_seconds(self, failure_count: int, random: Uniform) -> float:
        """Return the wait after the n-th failed attempt (counted from 1); 0 without a backoff."""
        return 0.0 if self.backoff is None else self.backoff.wait_seconds(failure_count, random)


def _triggers(retry_on: object) -> RetryOn | tuple[type[BaseException] | FailureReason, ...]:
    if retry_on is None:
        return RetryOn.ALL
    if isinstance(retry_on, RetryOn):
        return retry_on
    if not isinstance(retry_on, list):
        raise ConfigurationError(
            f"retry_on must be RetryOn.ALL, RetryOn.TRANSIENT or a list of exception types and failure reasons, "
            f"got {retry_on!r}"
        )
    triggers: list[type[BaseException] | FailureReason] = []
    for trigger in cast("list[object]", retry_on):
        if isinstance(trigger, FailureReason) or (isinstance(trigger, type) and issubclass(trigger, BaseException)):
            triggers.append(trigger)
        else:
            raise TypeError(f"retry_on must hold only exception types and FailureReason, got {trigger!r}")
    return tuple(triggers)
