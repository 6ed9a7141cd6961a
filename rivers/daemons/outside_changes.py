"""The hints to the queue about runs that somebody outside the graph creates, cancels or ends in the same storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chrono_daemon import SendStream

from rivers.channels.mailbox import tell
from rivers.channels.messages import RunsChanged
from rivers.clock import Clock
from rivers.daemons.executions import Executions
from rivers.storage.changes import Change, RunEnded, RunQueued, RunWasCanceled


@dataclass(frozen=True, slots=True)
class OutsideChanges:
    """A subscriber of the graph's storage. It is called from the thread that has committed, whichever that is."""

    clock: Clock
    executions: Executions
    port: SendStream[RunsChanged]

    def __call__(self, changes: Sequence[Change]) -> None:
        if any(self._is_news(change) for change in changes):
            self.clock.post(tell, self.port, RunsChanged())

    def _is_news(self, change: Change) -> bool:
        match change:
            case RunQueued():
                return change.launched_by.kind == "manual"
            case RunWasCanceled():
                return True  # also one that is executing here, since it may take long to come back
            case RunEnded():
                return change.run_id not in self.executions.running_ids  # of the others the launcher will tell
            case _:
                return False
