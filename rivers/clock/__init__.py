"""The clock: the only source of time, the only way to wait, and the only way off the loop.

Owns both clocks, ``WallClock`` and ``SimClock``, behind one protocol. Nothing else in rivers asks the
system for the time.
"""

from __future__ import annotations

from rivers.clock.blocking import BlockingDriver
from rivers.clock.interrupt import Interrupt
from rivers.clock.moments import Moment, datetime_of, moment_ns, seconds_of
from rivers.clock.protocol import DEFAULT_RANK, Clock, rank
from rivers.clock.sim import SimClock
from rivers.clock.wall import WallClock

__all__ = [
    "DEFAULT_RANK",
    "BlockingDriver",
    "Clock",
    "Interrupt",
    "Moment",
    "SimClock",
    "WallClock",
    "datetime_of",
    "moment_ns",
    "rank",
    "seconds_of",
]
