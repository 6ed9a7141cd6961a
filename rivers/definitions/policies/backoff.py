"""The wait before a failed step is retried. The random source of the jitter is the caller's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rivers.definitions.argument_checks import require_number
from rivers.exceptions import ConfigurationError

_LONGEST_WAIT_SECONDS: Final = 10 * 365 * 86400.0  # an exponential that outgrows a float waits this long


class Uniform(Protocol):
    """The part of ``random.Random`` that jitter needs."""

    def uniform(self, a: float, b: float) -> float:
        """Return a number between ``a`` and ``b``."""
        ...


class Backoff:
    """The waits before the next attempts, in seconds. Build it with the factories.

    Every factory raises ``ConfigurationError`` for a jitter outside 0..1 and for an infinite duration. A negative or
    NaN duration counts as 0.
    """

    jitter: float
    max_delay: float | None

    def __init__(self) -> None:
        raise TypeError("Backoff cannot be constructed; use Backoff.constant, linear, exponential or fixed")

    @staticmethod
    def constant(delay: float, *, jitter: float = 0.0, max_delay: float | None = None) -> Backoff:
        """Wait the same time before each retry."""
        return _ConstantBackoff(_duration("delay", delay), _jitter(jitter), _longest(max_delay))

    @staticmethod
    def linear(step: float, *, initial: float = 0.0, jitter: float = 0.0, max_delay: float | None = None) -> Backoff:
        """Wait ``initial + step * n`` before the n-th retry."""
        return _LinearBackoff(
            _duration("step", step), _duration("initial", initial), _jitter(jitter), _longest(max_delay)
        )

    @staticmethod
    def exponential(
        initial: float, *, factor: float = 2.0, jitter: float = 0.0, max_delay: float | None = None
    ) -> Backoff:
        """Wait ``initial * factor ** (n - 1)`` before the n-th retry."""
        require_number("factor", factor)
        if not 0 < factor < math.inf:
            raise ConfigurationError(
                f"Backoff factor must be a finite number above 0, got {factor!r}",
                kind="Backoff",
                name="factor",
                value=str(factor),
            )
        return _ExponentialBackoff(_duration("initial", initial), float(factor), _jitter(jitter), _longest(max_delay))

    @staticmethod
    def fixed(schedule: Sequence[float], *, jitter: float = 0.0) -> Backoff:
        """Wait the times of ``schedule`` in order, and the last of them again when they are used up."""
        waits = tuple(_duration("schedule", wait) for wait in schedule)
        if not waits:
            raise ConfigurationError("Backoff schedule must hold at least one wait", kind="Backoff", name="schedule")
        return _FixedBackoff(waits, _jitter(jitter), None)

    def wait_seconds(self, failure_count: int, random: Uniform) -> float:
        """Return the wait after the n-th failure, counted from 1. Only jitter draws from ``random``."""
        try:
            wait = self._wait(failure_count)
        except OverflowError:
            wait = _LONGEST_WAIT_SECONDS
        wait = min(wait, _LONGEST_WAIT_SECONDS if self.max_delay is None else self.max_delay)
        return wait * random.uniform(1 - self.jitter, 1 + self.jitter) if self.jitter else wait

    def _wait(self, failure_count: int) -> float:
        raise TypeError(f"{type(self).__name__} is not one of the backoffs that Backoff's factories make")


@dataclass(frozen=True)
class _ConstantBackoff(Backoff):
    delay: float
    jitter: float
    max_delay: float | None

    def _wait(self, failure_count: int) -> float:
        return self.delay


@dataclass(frozen=True)
class _LinearBackoff(Backoff):
    step: float
    initial: float
    jitter: float
    max_delay: float | None

    def _wait(self, failure_count: int) -> float:
        return self.initial + self.step * failure_count


@dataclass(frozen=True)
class _ExponentialBackoff(Backoff):
    initial: float
    factor: float
    jitter: float
    max_delay: float | None

    def _wait(self, failure_count: int) -> float:
        return self.initial * self.factor ** (failure_count - 1)


@dataclass(frozen=True)
class _FixedBackoff(Backoff):
    schedule: tuple[float, ...]
    jitter: float
    max_delay: float | None

    def _wait(self, failure_count: int) -> float:
        return self.schedule[min(failure_count, len(self.schedule)) - 1]


def _duration(parameter: str, value: float) -> float:
    require_number(parameter, value)
    if math.isinf(value):
        raise ConfigurationError(
            f"Backoff {parameter} must be finite, got {value!r}", kind="Backoff", name=parameter, value=str(value)
        )
    return float(value) if value > 0 else 0.0  # NaN compares false


def _longest(value: float | None) -> float | None:
    return None if value is None else _duration("max_delay", value)


def _jitter(value: float) -> float:
    require_number("jitter", value)
    if not 0 <= value <= 1:
        raise ConfigurationError(
            f"Backoff jitter must be between 0 and 1, got {value!r}", kind="Backoff", name="jitter", value=str(value)
        )
    return float(value)
