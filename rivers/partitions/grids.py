"""The starts of time windows, as arithmetic: nothing is enumerated but what is asked for.

A grid has no end either way; a definition says where its windows begin and end. Every moment is in nanoseconds on the
naive timeline (``naive_time``). Methods return ``None`` only for a cron expression of listed years that has no further
starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from rivers.durations import NANOS_PER_SECOND
from rivers.partitions.naive_time import DAY_NANOS

if TYPE_CHECKING:
    from rivers.cron.wall_times import WallTimes

MINUTE_NANOS: Final = 60 * NANOS_PER_SECOND
HOUR_NANOS: Final = 3600 * NANOS_PER_SECOND


class Grid(Protocol):
    """Moments at which windows start."""

    def contains(self, moment: int) -> bool:
        """Return whether a window starts at that very moment."""
        ...

    def at_or_after(self, moment: int) -> int | None:
        """Return the first start that is not before the moment."""
        ...

    def at_or_before(self, moment: int) -> int | None:
        """Return the last start that is not after the moment."""
        ...

    def step(self, start: int, n: int) -> int | None:
        """Return the start ``n`` windows after (before, when negative) one of the grid."""
        ...

    def count(self, start: int, end: int) -> int:
        """Return how many starts lie in ``start <= t < end``."""
        ...

    def starts(self, start: int, end: int) -> Iterator[int]:
        """Yield the starts in ``start <= t < end``, in order."""
        ...

    @property
    def unit(self) -> int:
        """The longest of day, hour, minute, second and nanosecond that divides every start."""
        ...


@dataclass(frozen=True, slots=True)
class IntervalGrid:
    """Every ``interval`` nanoseconds, through ``anchor``."""

    anchor: int
    interval: int

    def contains(self, moment: int) -> bool:
        return (moment - self.anchor) % self.interval == 0

    def at_or_after(self, moment: int) -> int:
        return moment + (self.anchor - moment) % self.interval

    def at_or_before(self, moment: int) -> int:
        return moment - (moment - self.anchor) % self.interval

    def step(self, start: int, n: int) -> int:
        return start + n * self.interval

    def count(self, start: int, end: int) -> int:
        return max(0, len(range(self.at_or_after(start), end, self.interval)))

    def starts(self, start: int, end: int) -> Iterator[int]:
        return iter(range(self.at_or_after(start), end, self.interval))

    @property
    def unit(self) -> int:
        units = (DAY_NANOS, HOUR_NANOS, MINUTE_NANOS, NANOS_PER_SECOND)
        return next((unit for unit in units if self.anchor % unit == 0 == self.interval % unit), 1)


@dataclass(frozen=True, slots=True)
class CronGrid:
    """The times of a cron expression, which are whole seconds; equal when they are those of one expression."""

    wall: WallTimes

    def contains(self, moment: int) -> bool:
        seconds, rest = divmod(moment, NANOS_PER_SECOND)
        return not rest and self.wall.contains(seconds)

    def at_or_after(self, moment: int) -> int | None:
        return self._nth(self.wall.rank(_rounded_up(moment)))

    def at_or_before(self, moment: int) -> int | None:
        return self._nth(self.wall.rank(moment // NANOS_PER_SECOND + 1) - 1)

    def step(self, start: int, n: int) -> int | None:
        return self._nth(self.wall.rank(start // NANOS_PER_SECOND) + n)

    def count(self, start: int, end: int) -> int:
        return self.wall.count(_rounded_up(start), _rounded_up(end))

    def starts(self, start: int, end: int) -> Iterator[int]:
        return (time * NANOS_PER_SECOND for time in self.wall.between(_rounded_up(start), _rounded_up(end)))

    @property
    def unit(self) -> int:
        return self.wall.unit * NANOS_PER_SECOND

    def _nth(self, rank: int) -> int | None:
        time = self.wall.nth(rank)
        return None if time is None else time * NANOS_PER_SECOND


@lru_cache(maxsize=1024)
def wall_times(expression: str) -> WallTimes:
    """Return the times of a valid expression, which are read once and shared."""
    from rivers.cron.wall_times import WallTimes  # it loads croniter, which only cron grids need

    return WallTimes(expression)


def _rounded_up(moment: int) -> int:
    return -(-moment // NANOS_PER_SECOND)
