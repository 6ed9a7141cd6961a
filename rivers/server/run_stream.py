"""The stream of a run: a line of JSON for each event and each log as it is committed, and then one for the end."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

import anyio

from rivers.records import TERMINAL_STATUSES, RunRecord
from rivers.server.served import Served
from rivers.storage import Storage
from rivers.storage.changes import Change, EventRecorded, RunChange
from rivers.storage.events import LogCursor, RunLog
from rivers.views.documents import event_document, log_document, run_document

LOOK_SECONDS: Final = 0.5
"""How often a run without news is read all the same: an open event group tells nobody, and a read writes it."""


async def run_lines(served: Served, run_id: str) -> AsyncGenerator[bytes]:
    """Yield NDJSON: ``{"kind": "event"|"log"|"run", ...}``, the last line a ``run`` with a terminal status.

    When the server closes, the stream ends early, after a ``run`` line with the status so far.
    """
    news = _News(served, run_id)
    try:
        async with aclosing(_documents(served, run_id, news)) as documents:
            async for document in documents:
                yield json.dumps(document, ensure_ascii=False).encode() + b"\n"
    finally:
        news.unsubscribe()


async def _documents(served: Served, run_id: str, news: _News) -> AsyncGenerator[dict[str, Any]]:
    cursor = LogCursor()
    while True:
        closing = served.closing.is_set()
        run, (events, logs, cursor) = await served.store.run(_look, run_id, cursor)
        fresh = [{"kind": "event", **event_document(event)} for event in events]
        fresh += [{"kind": "log", **log_document(log)} for log in logs]
        for document in sorted(fresh, key=lambda each: each["timestamp"]):
            yield document
        if run is None:
            return
        if closing or run.status in TERMINAL_STATUSES:
            yield {"kind": "run", **run_document(run), "traceback": run.traceback}
            return
        await news.wait()


def _look(storage: Storage, run_id: str, cursor: LogCursor) -> tuple[RunRecord | None, RunLog]:
    # The status first: what is read after a terminal status is complete.
    return storage.get_run(run_id), storage.get_run_log_after(run_id, cursor)


class _News:
    """Wakes the reader of a stream when something of its run has been committed."""

    def __init__(self, served: Served, run_id: str) -> None:
        self._clock = served.clock
        self._run_id = run_id
        self._arrived = anyio.Event()
        self.unsubscribe = served.storage.subscribe(self._look)

    async def wait(self) -> None:
        """Return at news, or after ``LOOK_SECONDS`` without any."""
        await self._clock.sleep(LOOK_SECONDS, interrupt=self._arrived)
        self._arrived = anyio.Event()

    def _look(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, RunChange | EventRecorded) and change.run_id == self._run_id:
                self._clock.post(self._arrive)
                return

    def _arrive(self) -> None:
        self._arrived.set()
