"""The run queue as stored: which runs wait, in which order and why, and which are admitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rivers.records import RunRecord
from rivers.storage.runs import EVERYONE, Runs
from rivers.storage.session import PAGE_ROWS
from rivers.storage.transitions import move, queue_key, read_run, read_runs
from rivers.storage.wire import NONE, record_id


class QueuedRuns(Runs):
    """The runs of the queue, and those in flight."""

    def queued_page(self, limit: int, after: RunRecord | None = None) -> list[RunRecord]:
        """Return at most ``limit`` queued runs in admission order, those behind ``after`` when it is given.

        Admission order is by descending priority, then by start time, then by order of creation.
        """
        with self._engine as engine:
            sql, variables = "SELECT VALUE id[4] FROM queue", dict[str, Any]()
            last = None if after is None else read_run(engine, after.run_id)
            if last is not None:
                sql += ":[$a,$b,$c,$d,$e]>.."
                key = queue_key(last.priority, last.start_time, last.place, last.run_id)
                variables = dict(zip("abcde", key, strict=True))
            (run_ids,) = engine.query(f"{sql} LIMIT $limit", limit=limit, **variables)
            rows = read_runs(engine, run_ids)
            everyone = self._everyone(rows)
            return [row.record(everyone) for row in rows]

    def get_queued_runs(self) -> list[RunRecord]:
        """Return every queued run, in admission order."""
        runs: list[RunRecord] = []
        with self._engine:
            while True:
                page = self.queued_page(PAGE_ROWS, runs[-1] if runs else None)
                runs.extend(page)
                if len(page) < PAGE_ROWS:
                    return runs

    def queued_count(self) -> int:
        """Return how many runs are queued."""
        (rows,) = self._engine.query("SELECT count() FROM queue GROUP ALL")
        return rows[0]["count"] if rows else 0

    def in_flight(self) -> list[RunRecord]:
        """Return the runs that are ``NotStarted`` or ``Started``, by run id."""
        with self._engine as engine:
            (run_ids,) = engine.query("SELECT VALUE id[0] FROM flight")
            return [row.record() for row in read_runs(engine, run_ids)]

    def unstarted_runs(self) -> list[RunRecord]:
        """Return the runs that are ``NotStarted``, those that have been longest first."""
        with self._engine as engine:
            (flights,) = engine.query("SELECT VALUE [a, id[0]] FROM flight WHERE o = NONE")
            rows = read_runs(engine, [run_id for _, run_id in sorted(flights)])
            return [row.record() for row in rows if row.status == "NotStarted"]

    def admit_runs(self, run_ids: Sequence[str], at: int) -> list[str]:
        """Admit queued runs: ``Queued`` to ``NotStarted``, without a block reason, with a ``RunDequeued`` event.

        :returns: the runs that were still queued
        """
        with self._engine as engine:
            columns = {"aa": at, "br": NONE}
            rows = move(engine, self.session, run_ids, ("Queued",), "NotStarted", columns, at=at)
            return [row.run_id for row in rows]

    def set_block_reasons(self, reasons: Mapping[str, str | None], everyone: str | None) -> None:
        """Write why queued runs wait: a reason for each, and one text for all that have none of their own.

        The reason of a run that is no longer queued is ignored.
        """
        with self._engine as engine:
            engine.transact(
                self.session,
                [
                    "FOR $run IN $runs { UPDATE $run.i SET br = $run.r WHERE s = 'Queued' RETURN NONE }",
                    "UPSERT $everyone SET v = $text RETURN NONE",
                ],
                {
                    "runs": [{"i": record_id("run", run_id), "r": reason} for run_id, reason in reasons.items()],
                    "everyone": EVERYONE,
                    "text": everyone,
                },
            )

    def fail_launch(self, run_id: str, error: str, at: int) -> bool:
        """End a run that could not be launched: ``Failure`` with a ``RunLaunchFailed`` event.

        :returns: ``False`` when the run is unknown, or has started or ended already
        """
        with self._engine as engine:
            columns = {"ea": at, "er": error, "lf": True}
            return bool(move(engine, self.session, [run_id], ("Queued", "NotStarted"), "Failure", columns, at=at))
