"""The runs that are executing now.

They belong to the graph, not to a daemon: the launcher may fail and restart without losing one, and a run that has
started can finish when the graph has gone.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection
from itertools import chain, repeat
from typing import Final

import anyio.abc
from chrono_daemon import SendStream

from rivers.channels.mailbox import tell
from rivers.channels.messages import RunFinished
from rivers.clock import Clock
from rivers.daemons.endings import Endings, Handover
from rivers.daemons.left_behind import LeftBehind
from rivers.exceptions import Killed, StorageError, Superseded
from rivers.records import RunRecord
from rivers.repository.code_repository import CodeRepository
from rivers.storage import AsyncStore, Storage

_log = logging.getLogger("rivers.executions")

_OUTCOME_RETRY_SECONDS: Final = (0.1, 0.5, 2.0, 10.0)
_OUTCOME_RETRY_SECONDS_MAX: Final = 60.0


class Executions:
    """The launcher of runs on threads of the clock, which tells when each has come back."""

    def __init__(
        self,
        repo: CodeRepository,
        store: AsyncStore,
        clock: Clock,
        group: anyio.abc.TaskGroup,
        left_behind: LeftBehind,
    ) -> None:
        self._repo = repo
        self._store = store
        self._clock = clock
        self._group = group
        self._finished: SendStream[RunFinished] | None = None
        self._running: dict[str, RunRecord] = {}
        self._none_running = anyio.Event()
        self._none_running.set()
        self._left_behind = left_behind
        self._endings = Endings(store, clock, self._come_back, self._refused)

    def tell_ends_to(self, finished: SendStream[RunFinished]) -> None:
        """Set the edge on which the end of every run is told."""
        self._finished = finished

    @property
    def running(self) -> dict[str, RunRecord]:
        """The runs that are executing, by id."""
        return dict(self._running)

    @property
    def running_ids(self) -> Collection[str]:
        """The ids of the runs that are executing, as a live view."""
        return self._running.keys()

    def launch(self, run: RunRecord) -> None:
        """Execute a run that storage already says is Started. Launching a run that is executing is harmless."""
        if run.run_id in self._running:
            return
        if not self._running:
            self._none_running = anyio.Event()
        self._running[run.run_id] = run
        self._group.start_soon(self._execute, run, name=f"run {run.run_id}")

    async def wait_none_running(self) -> None:
        """Return once every run that was launched has come back."""
        await self._none_running.wait()

    async def _execute(self, run: RunRecord) -> None:
        handover = Handover(self._repo)
        try:
            key = ("run", -run.priority, run.start_time, run.run_id)
            ending = await self._clock.offload(key, handover.carry_out, run)
        except (Killed, Superseded):
            _log.debug("run %s belonged to a graph that was killed", run.run_id)
        except Exception as error:
            _log.exception("run %s could not be carried out", run.run_id)
            await self._record_failure(run.run_id, error)
        except anyio.get_cancelled_exc_class():
            ending = handover.leave(self._left_behind)
            if ending is not None:
                await self._endings.store_now(ending)
            raise
        else:
            if ending is not None:
                await self._endings.take(ending)
                return
        self._come_back(run.run_id)

    def _come_back(self, run_id: str) -> None:
        del self._running[run_id]
        if not self._running:
            self._none_running.set()
        if self._finished is not None:
            tell(self._finished, RunFinished(run_id=run_id))

    def _refused(self, run_id: str, error: Exception) -> None:
        _log.error("the end of run %s could not be stored", run_id, exc_info=error)
        self._group.start_soon(self._fail, run_id, error)

    async def _fail(self, run_id: str, error: Exception) -> None:
        await self._record_failure(run_id, error)
        self._come_back(run_id)

    async def _record_failure(self, run_id: str, error: Exception) -> None:
        """Store the failure of a run that could not store its own end.

        It is tried until it succeeds: a run that stayed Started would hold its slots for as long as the system lives.
        """
        text = f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        for seconds in chain(_OUTCOME_RETRY_SECONDS, repeat(_OUTCOME_RETRY_SECONDS_MAX)):
            try:
                now = self._clock.now_ns()
                await self._store.run(Storage.finish_run, run_id, "Failure", now, error=text, traceback=trace)
                return
            except Superseded:
                return
            except StorageError:
                _log.exception("the failure of run %s could not be stored; trying again", run_id)
                await self._clock.sleep(seconds)
