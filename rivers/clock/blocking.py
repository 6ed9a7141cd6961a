"""Driving a SimClock from a thread that is not its loop's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

from rivers.clock.loops import LoopPort
from rivers.clock.moments import Moment


class _Driven(Protocol):
    async def advance(self, duration: str | float | timedelta) -> None: ...
    async def advance_to(self, moment: Moment) -> None: ...
    async def settle(self) -> None: ...


class BlockingDriver:
    """``advance`` and the like for synchronous code beside the loop. Each call returns when the clock has come to rest.

    Raises what ``SimClock`` raises, and ``RuntimeError`` on the loop's own thread or in work that the clock runs.
    """

    def __init__(self, clock: _Driven, port: LoopPort, check: Callable[[], None]) -> None:
        self._clock = clock
        self._port = port
        self._check = check

    def advance(self, duration: str | float | timedelta) -> None:
        """See ``SimClock.advance``."""
        self._run(self._clock.advance, duration)

    def advance_to(self, moment: Moment) -> None:
        """See ``SimClock.advance_to``."""
        self._run(self._clock.advance_to, moment)

    def settle(self) -> None:
        """See ``SimClock.settle``."""
        self._run(self._clock.settle)

    def _run(self, drive: Callable[..., Awaitable[None]], *args: Any) -> None:
        self._check()
        self._port.run_from_thread(drive, *args)
