"""What every daemon of rivers is: a ``chrono_daemon.Daemon`` with a rank on the clock."""

from __future__ import annotations

from abc import abstractmethod

import anyio
from chrono_daemon import Context, Daemon

from rivers.clock import Clock, rank
from rivers.daemons.failures import innermost
from rivers.exceptions import Superseded


class RankedDaemon(Daemon):
    """A daemon whose sleepers, among those due at one instant, wake in the order in which ``graph.py`` declares it.

    ``rank`` is set by the graph when it adds the daemon; it is also the tie-break of every sleep that the daemon's own
    tasks make.
    """

    rank: int = 0

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.start_attempted = anyio.Event()
        """Set once the first ``on_start`` has ended, well or with ``start_error``: a supervisor that restarts what
        fails would tell of a start only when it succeeds."""
        self.start_error: Exception | None = None
        self._superseded = False

    async def on_start(self, ctx: Context) -> None:
        """Take the rank, let all daemons of the same start come to rest, then recover from storage in turn."""
        rank.set(self.rank)
        await self.clock.idle(self.rank)
        try:
            self.recover()
        except Superseded:
            self._superseded = True
        except Exception as error:
            if not self.start_attempted.is_set():
                self.start_error = error
            raise
        finally:
            self.start_attempted.set()

    @abstractmethod
    def recover(self) -> None:
        """Read from storage what there is to do. Must be repeatable: a restart calls it again."""

    async def run(self, ctx: Context) -> None:
        """Carry the rank into the loop's task."""
        rank.set(self.rank)
        if self._superseded:
            return
        try:
            await self.serve(ctx)
        except Exception as error:
            # The graph of this daemon has been killed and replaced: not its failure, and not worth a restart.
            if not isinstance(innermost(error), Superseded):
                raise

    @abstractmethod
    async def serve(self, ctx: Context) -> None:
        """Wait, load, decide, persist, tell; until the supervisor asks to stop."""
