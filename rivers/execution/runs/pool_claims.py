"""The slots of concurrency pools that the steps of one run hold: claimed before an attempt, renewed while it lasts.

A lease is renewed every third of its length, by whoever lets time pass: the run's thread when it waits on the clock or
looks after its steps, and a thread of this process while the run's own is inside a function.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from rivers.clock.threads import THREADS
from rivers.durations import NANOS_PER_SECOND, parse_duration
from rivers.exceptions import ExecutionError, Superseded
from rivers.execution.runs.environment import Environment
from rivers.execution.steps.compiled_steps import Step
from rivers.ids import random_for

POLL_INTERVAL: Final = ("RIVERS_CLAIM_POLL_INTERVAL", "1s")
POLL_JITTER: Final = ("RIVERS_CLAIM_POLL_JITTER", "500ms")
CLAIM_TIMEOUT: Final = ("RIVERS_CLAIM_TIMEOUT", "10m")

_SHORTEST_POLL_SECONDS: Final = 0.01
"""So that an interval of 0 does not ask for ever within one instant of a simulation."""

_RENEWALS_PER_LEASE: Final = 3
_ROUNDING_SECONDS: Final = 1e-6
"""Clocks round waits to whole microseconds, so a wait for a renewal may end that much before it."""

_LONGEST_WATCH_SECONDS: Final = 3600.0
_SHORTEST_WATCH_SECONDS: Final = 0.05
_log = logging.getLogger("rivers.execution")

Tell = Callable[[Step, str, Sequence[tuple[str, str]]], None]
"""Records an event of a step: its type and metadata."""


@dataclass(slots=True)
class Waiting:
    """An attempt at a step that waits for slots. The settings are those of the moment at which it began to wait."""

    step: Step
    number: int
    since: float
    interval: float
    jitter: float
    timeout: float
    polls: int = 0

    def seconds_to_next(self, run_id: str, now: float) -> float:
        """How long to wait before asking again; never beyond the moment at which it gives up."""
        self.polls += 1
        draw = random_for(run_id, self.step.name, self.number, "claim", self.polls).random()
        poll = max(self.interval + draw * self.jitter, _SHORTEST_POLL_SECONDS)
        return max(0.0, min(poll, self.since + self.timeout - now))


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no room: ask again after so many seconds. ``reason`` is given the first time."""

    seconds: float
    reason: str | None


@dataclass(slots=True)
class _Lease:
    step: Step
    seconds: int
    renew_at: float

    @property
    def period(self) -> float:
        return self.seconds / _RENEWALS_PER_LEASE


class PoolClaims:
    """Every claim of one run. Claims and releases are the run's thread's; leases are renewed from any."""

    def __init__(self, environment: Environment, run_id: str, tell: Tell) -> None:
        self._storage = environment.storage
        self._clock = environment.clock
        self._run_id = run_id
        self._tell = tell
        self._around = keeping.get()
        self._waiting: dict[str, Waiting] = {}
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._watched_until: float | None = None
        self._is_used = False
        self._is_closed = False

    # -- claiming ------------------------------------------------------------------------------------------------------

    def claim(self, step: Step, number: int) -> Refused | None:
        """Ask for all the slots that attempt ``number`` at ``step`` needs. Return ``None`` when it has got them.

        :raises ExecutionError: it has waited for ``RIVERS_CLAIM_TIMEOUT``, and does not wait any more
        """
        now = self._clock.monotonic()
        self._is_used = True
        status, seconds = self._storage.claim_slots(step.pools, self._run_id, step.name)
        if status.is_claimed:
            self._waiting.pop(step.name, None)
            self._hold(step, seconds, now)
            return None
        waiting, reason = self._waiting.get(step.name), None
        if waiting is None:
            interval, jitter, timeout = (_seconds(setting) for setting in (POLL_INTERVAL, POLL_JITTER, CLAIM_TIMEOUT))
            waiting = self._waiting[step.name] = Waiting(step, number, now, interval, jitter, timeout)
            reason = "" if status.reason is None else status.reason.text
        if now - waiting.since >= waiting.timeout:
            self.withdraw(step)
            raise ExecutionError(
                f"step '{step.name}' timed out waiting for pool slots after {waiting.timeout:g}s"
                f" ({'' if status.reason is None else status.reason.text})"
            )
        return Refused(waiting.seconds_to_next(self._run_id, now), reason)

    def withdraw(self, step: Step) -> None:
        """It does not wait any more."""
        if self._waiting.pop(step.name, None) is not None:
            self._storage._free_concurrency_slots(self._run_id, step.name)  # pyright: ignore[reportPrivateUsage]

    def release(self, step: Step) -> None:
        """Give back what an attempt held, and say so."""
        with self._lock:
            if self._leases.pop(step.name, None) is None:
                return
        self._storage._free_concurrency_slots(self._run_id, step.name)  # pyright: ignore[reportPrivateUsage]
        self._tell(step, "StepSlotReleased", ())

    def end(self) -> None:
        """The run is over: whatever it may still hold or wait for is freed."""
        if self._is_used:
            self._storage._free_concurrency_slots_for_run(self._run_id)  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        """Renew nothing more."""
        with self._lock:
            self._is_closed = True
            self._leases.clear()
            self._changed.notify_all()

    # -- leases --------------------------------------------------------------------------------------------------------

    def seconds_to_renewal(self) -> float:
        """When ``renew_due`` is to be called next, for the run around this one too; infinite when nothing is held."""
        around = math.inf if self._around is None else self._around.seconds_to_renewal()
        with self._lock:
            return min(around, self._first_renewal() - self._clock.monotonic())

    def renew_due(self) -> None:
        """Renew the leases a third of which has passed."""
        if self._around is not None:
            self._around.renew_due()
        if self._leases:
            self._renew(self._clock.monotonic())

    def _hold(self, step: Step, seconds: int, now: float) -> None:
        with self._lock:
            self._leases[step.name] = lease = _Lease(step, seconds, math.inf)
            if seconds > 0:
                lease.renew_at = now + lease.period
            if self._watched_until is None:
                self._watched_until = lease.renew_at
                THREADS.run(self._watch, lambda _: None)
            elif lease.renew_at < self._watched_until:
                self._changed.notify_all()

    def _first_renewal(self) -> float:
        return min((lease.renew_at for lease in self._leases.values()), default=math.inf)

    def _renew(self, now: float) -> None:
        with self._lock:
            for lease in list(self._leases.values()):
                if lease.renew_at <= now + _ROUNDING_SECONDS:
                    lease.renew_at = now + lease.period
                    if self._is_kept(lease):
                        self._tell(lease.step, "StepSlotRenewed", ())

    def _is_kept(self, lease: _Lease) -> bool:
        """Whether the slots are held for another lease. Those of one that was over may have to be claimed anew."""
        storage, name = self._storage, lease.step.name
        if storage.renew_slots(self._run_id, name, lease.seconds):
            return True
        if storage.claim_slots(lease.step.pools, self._run_id, name, lease_seconds=lease.seconds)[0].is_claimed:
            return True
        _log.warning("the lease of step '%s' on its pools was over, and others have taken its slots meanwhile", name)
        return False

    def _watch(self) -> None:
        """Renew what is overdue, on a thread of this process.

        Only what is past its moment: in a simulation the run's thread is always woken at that very moment, before time
        moves on, so nothing is ever left for this thread and the trace does not depend on it.
        """
        with self._lock:
            while not self._is_closed:
                self._watched_until = self._first_renewal()
                seconds = min(self._watched_until - self._clock.monotonic(), _LONGEST_WATCH_SECONDS)
                self._changed.wait(max(seconds, _SHORTEST_WATCH_SECONDS))
                now = self._clock.monotonic()
                if self._first_renewal() < now - _ROUNDING_SECONDS:
                    try:
                        self._renew(now)
                    except Superseded:
                        return
                    except Exception as error:
                        _log.warning("the leases on pools of run %s were not renewed: %s", self._run_id, error)


keeping: ContextVar[PoolClaims | None] = ContextVar("rivers_keeping", default=None)
"""The claims of the run whose step is executing here, which wait on the clock with those of a run inside of it."""


def _seconds(setting: tuple[str, str]) -> float:
    """What the environment says, or the default when that is no duration."""
    name, default = setting
    try:
        return parse_duration(os.environ.get(name, default), name) / NANOS_PER_SECOND
    except ValueError:
        return parse_duration(default, name) / NANOS_PER_SECOND
