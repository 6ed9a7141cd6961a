"""The time of a run as its steps see it, wherever they execute: reading it, waiting, and being asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

from rivers.clock import Clock, Interrupt
from rivers.exceptions import RunCanceled
from rivers.storage import Storage

CANCEL_CHECK_SECONDS: Final = 1.0
"""How many seconds a wait between two attempts may go on after the run was cancelled."""

LONGEST_NAP_SECONDS: Final = 30.0
"""How many seconds a long ``context.sleep`` may go on after the run was cancelled."""

_LOOK_SECONDS: Final = 0.1
_CANCELED: Final = "the run was cancelled"


class StepTime(Protocol):
    """The time that an execution context is built on."""

    def datetime(self) -> datetime:
        """Return the current moment as an aware UTC datetime."""
        ...

    def sleep_blocking(self, seconds: float) -> None:
        """Wait on the clock of the run.

        :raises RunCanceled: the run is cancelled, before or meanwhile
        """
        ...

    def cancelled(self) -> bool:
        """Return whether the step should stop."""
        ...


class Renewals(Protocol):
    """What has to be kept alive while time passes."""

    def seconds_to_renewal(self) -> float:
        """Return the seconds until the next renewal is due."""
        ...

    def renew_due(self) -> None:
        """Renew what is due."""
        ...


class Cancellation:
    """Whether a run was cancelled. Once storage has said so, it is final."""

    def __init__(self, storage: Storage, run_id: str, clock: Clock) -> None:
        self.seen = False
        self._storage = storage
        self._run_id = run_id
        self._clock = clock
        self._looked_at = clock.monotonic()

    def check(self) -> bool:
        """Ask storage, and return whether the run was cancelled."""
        if not self.seen:
            self._looked_at = self._clock.monotonic()
            self.seen = self._storage.is_asked_to_stop(self._run_id)
        return self.seen

    def glance(self, seconds: float = _LOOK_SECONDS) -> bool:
        """``check`` for callers that ask in a loop: storage is not asked again within ``seconds``."""
        if not self.seen and self._clock.monotonic() - self._looked_at >= seconds:
            self.check()
        return self.seen


class RunTime:
    """The time of what executes on the run's own thread, which may wait on the clock itself.

    Interceptors get it as their clock, so the clock answers everything else.
    """

    def __init__(self, clock: Clock, cancellation: Cancellation, renewals: Renewals | None = None) -> None:
        self._clock = clock
        self._cancellation = cancellation
        self._renewals = renewals
        self.sleeper: Callable[[float], None] | None = None
        """What waits instead, while other steps of the run need attention."""
        self._thread = threading.get_ident()

    def datetime(self) -> datetime:
        return self._clock.datetime()

    def cancelled(self) -> bool:
        return self._cancellation.glance()

    def sleep_blocking(self, seconds: float) -> None:
        if self._cancellation.check():
            raise RunCanceled(_CANCELED)
        if self.sleeper is not None and threading.get_ident() == self._thread:
            self.sleeper(seconds)
        else:
            self.nap(seconds, LONGEST_NAP_SECONDS)
        if self._cancellation.seen:
            raise RunCanceled(_CANCELED)

    def nap(self, seconds: float, longest: float = CANCEL_CHECK_SECONDS, *, interrupt: Interrupt | None = None) -> None:
        """Wait on the clock until the time has passed, the run is cancelled or ``interrupt`` is set.

        The run is looked at after a second, then after as long as the wait has lasted already, but at least every
        ``longest`` seconds: a simulated wait of an hour need not wake 3600 times.
        """
        waited = 0.0
        while True:
            length = min(seconds - waited, longest, max(CANCEL_CHECK_SECONDS, waited))
            if self._renewals is not None:
                length = max(0.0, min(length, self._renewals.seconds_to_renewal()))
            self._clock.sleep_blocking(length, interrupt=interrupt)
            waited += length
            if self._renewals is not None:
                self._renewals.renew_due()
            if waited >= seconds or self._cancellation.check() or (interrupt is not None and interrupt.is_set):
                return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)


class LaneTime:
    """The time of what executes on another thread of this process. The run's thread carries out its waits.

    ``ask`` passes on a wait with the event that ends it. It returns ``False`` when nobody listens any more.
    """

    def __init__(self, clock: Clock, cancellation: Cancellation, ask: Callable[[float, threading.Event], bool]) -> None:
        self.stopped = False
        self._clock = clock
        self._cancellation = cancellation
        self._ask = ask
        self._waits: dict[threading.Event, None] = {}
        self._refused: dict[int, None] = {}

    def stop(self) -> None:
        """Ask the step to end. It hears of that at once when it waits, else when it next asks."""
        self.stopped = True
        for over in list(self._waits):
            over.set()

    def was_refused_here(self) -> bool:
        """Return whether a wait on this thread was refused or cut short because the step is to end."""
        return threading.get_ident() in self._refused

    def datetime(self) -> datetime:
        return self._clock.datetime()

    def cancelled(self) -> bool:
        return self.stopped or self._cancellation.glance()

    def sleep_blocking(self, seconds: float) -> None:
        over = threading.Event()
        self._waits[over] = None  # before looking at ``stopped``: either ``stop`` sees the wait, or the wait sees it
        try:
            if self.stopped or not self._ask(seconds, over):
                raise self._canceled()
            over.wait()
        finally:
            del self._waits[over]
        if self.stopped or self._cancellation.seen:
            raise self._canceled()

    def _canceled(self) -> RunCanceled:
        self._refused[threading.get_ident()] = None
        return RunCanceled(_CANCELED)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)
