"""Tells the queue of runs that somebody beside the graph has created, cancelled or ended in the same storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chrono_daemon import SendStream

from rivers.channels.mailbox import tell
from rivers.channels.messages import RunsChanged
from rivers.clock import Clock
from rivers.daemons.executions import Executions
from rivers.records import TERMINAL_STATUSES, Change


@dataclass(frozen=True, slots=True)
class OutsideChanges:
    """A subscriber of the graph's storage, called from whatever thread has committed."""

    clock: Clock
    executions: Executions
    port: SendStream[RunsChanged]

    def __call__(self, changes: Sequence[Change]) -> None:
        if any(self._is_news(change) for change in changes):
            self.clock.post(tell, self.port, RunsChanged())

    def _is_news(self, change: Change) -> bool:
        if change.kind != "run":
            return False
        status = change.facts.get("status")
        if status == "Queued":
            return change.facts.get("launched_by") == "manual"
        # Of a run that is executing here the launcher will tell, but a cancelled one may take long to come back.
        return status == "Canceled" or (
            status in TERMINAL_STATUSES and change.subject not in self.executions.running_ids
        )
