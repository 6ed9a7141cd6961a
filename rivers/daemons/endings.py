"""How the end of a run reaches storage: with the others of its moment while there is a graph, and else alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from rivers.clock import Clock
from rivers.daemons.left_behind import LeftBehind
from rivers.exceptions import ExecutionError, Killed, StorageError, Superseded
from rivers.execution.attempts.failure_records import error_text
from rivers.execution.run_execution import conclude
from rivers.execution.runs.results import Ending
from rivers.records import RunRecord
from rivers.repository.code_repository import CodeRepository
from rivers.storage import GROUP_MAX, AsyncStore, Storage

_log = logging.getLogger("rivers.executions")


class Handover:
    """One run between the thread that carries it out and the loop that waits for it.

    The loop takes the ending as long as it waits. Once it has left, the thread stores the ending itself: a run that has
    started can finish when the graph has gone.
    """

    def __init__(self, repo: CodeRepository) -> None:
        self._repo = repo
        self._lock = threading.Lock()
        self._left: LeftBehind | None = None
        self._is_out = False
        self._ending: Ending | None = None

    def carry_out(self, run: RunRecord) -> Ending | None:
        """Execute the run, on its thread. ``None``: nobody waited for the ending any more, so it is stored already.

        :raises ExecutionError: for what would end more than this run
        """
        try:
            ending = self._repo.carry_out(run)
            with self._lock:
                if self._left is None:
                    self._ending = ending
                    return ending
            conclude(self._repo.storage, ending)
            return None
        except (Exception, Killed, Superseded):
            raise
        except BaseException as error:
            # On the loop an exit would end every run, and a CancelledError pass for a cancellation of who waits there.
            raise ExecutionError(error_text(error)) from error
        finally:
            with self._lock:
                self._is_out = True
            if self._left is not None:
                self._left.done()

    def leave(self, left: LeftBehind) -> Ending | None:
        """Wait no longer, on the loop. Return the ending when it is the loop's to store."""
        with self._lock:
            if not self._is_out:
                self._left = left
                left.expect()
            return self._ending


class Endings:
    """The writer of endings: those of runs that came back in one moment are one transaction.

    ``stored`` is called for each run whose ending storage has, ``refused`` for each whose ending it did not take.
    """

    def __init__(
        self,
        store: AsyncStore,
        clock: Clock,
        stored: Callable[[str], None],
        refused: Callable[[str, StorageError], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._stored = stored
        self._refused = refused
        self._waiting: list[Ending] = []
        self._gathering = False

    async def take(self, ending: Ending) -> None:
        """Store this ending soon. The first of a moment waits until the others of that moment have come, for all."""
        self._waiting.append(ending)
        if self._gathering:
            return
        self._gathering = True
        try:
            await self._clock.idle()
        finally:
            # Also when the graph is stopped meanwhile: the threads have handed these over.
            self._gathering = False
            await self._store_all()

    async def store_now(self, ending: Ending) -> None:
        """Store this ending, and all that have been taken, without waiting for any other."""
        self._waiting.append(ending)
        await self._store_all()

    async def _store_all(self) -> None:
        # Every call is shielded: whoever waits here may be cancelled because the graph is closed.
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
            await self._store_group(group)

    async def _store_group(self, group: Sequence[Ending]) -> None:
        succeeded = [ending.run_id for ending in group if ending.status == "Success"]
        alone = [ending for ending in group if ending.status != "Success"]
        if succeeded:
            try:
                await self._store.run_shielded(Storage.succeed_runs, succeeded, self._clock.now_ns())
            except StorageError:
                alone = list(group)  # one that storage cannot take must not take the others with it
            else:
                for run_id in succeeded:
                    self._stored(run_id)
        for ending in alone:
            await self._store_alone(ending)

    async def _store_alone(self, ending: Ending) -> None:
        try:
            await self._store.run_shielded(conclude, ending)
        except Superseded:
            _log.debug("run %s belonged to a graph that was killed", ending.run_id)
        except StorageError as error:
            self._refused(ending.run_id, error)
            return
        self._stored(ending.run_id)
