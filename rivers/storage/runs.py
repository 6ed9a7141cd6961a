"""Runs: creating and reading them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from rivers.exceptions import _UnknownRunStatus  # pyright: ignore[reportPrivateUsage]
from rivers.records import RUN_STATUSES, NewRun, RunRecord, RunStatus
from rivers.storage.faults import Duplicate
from rivers.storage.rows import RunRow
from rivers.storage.session import PAGE_ROWS, Session
from rivers.storage.transitions import RARE_OUTCOMES, created_changes, creation, read_run, read_runs
from rivers.storage.wire import checked_limit, record_id

EVERYONE = record_id("meta", "block_everyone")
"""The row with the block reason of every queued run that has none of its own."""


class Runs(Session):
    """Creating and reading runs."""

    def create_run(self, run: NewRun, *, owner: str | None = None, lease_until: int | None = None) -> bool:
        """Create a run. One that is created ``Started`` gets a lease for ``owner``.

        :returns: ``False`` when a run of that id exists, which is left untouched
        """
        with self._engine as engine:
            statements, variables = creation([run], engine.next_number(), owner, lease_until)
            try:
                engine.transact(self.session, statements, variables)
            except Duplicate:
                return False
            if engine.changes.wanted:
                engine.changes.put(created_changes([run]))
            return True

    def _create_run(
        self,
        run_id: str,
        job_name: str,
        status: str,
        start_time: int,
        priority: int = 0,
        tags: Sequence[tuple[str, str]] = (),
        block_reason: str | None = None,
        node_names: Sequence[str] = (),
    ) -> None:
        """Create a run in any status, for tests. A run of that id that exists is left untouched.

        :raises StorageError: ``status`` is no run status
        """
        run = NewRun(
            run_id=run_id,
            job_name=job_name,
            node_names=tuple(node_names),
            status=_checked_status(status),
            start_time=start_time,
            tags=tuple(tags),
            priority=priority,
        )
        with self._engine as engine:
            if self.create_run(run) and block_reason is not None:
                statement = "UPDATE $run SET br = $reason RETURN NONE"
                engine.transact(self.session, [statement], {"run": record_id("run", run_id), "reason": block_reason})

    def get_run(self, run_id: str) -> RunRecord | None:
        """Return the run of that id, ``None`` when there is none."""
        with self._engine as engine:
            row = read_run(engine, run_id)
            return None if row is None else row.record(self._everyone([row]))

    def get_runs(self, limit: int = 100, status: str | None = None) -> list[RunRecord]:
        """Return the newest runs first, at most ``limit``, only those in ``status`` when it is given.

        :raises StorageError: ``status`` is no run status
        :raises OverflowError: ``limit`` is negative
        """
        limit = checked_limit(limit)
        if status is not None:
            _checked_status(status)
        rows: list[RunRow] = []
        if limit == 0:
            return []
        with self._engine:
            for page in self._newest_first(status, min(limit, PAGE_ROWS) if status is None else PAGE_ROWS):
                rows.extend(row for row in page if status is None or row.status == status)
                if len(rows) >= limit:
                    break
            del rows[limit:]
            everyone = self._everyone(rows)
            return [row.record(everyone) for row in rows]

    def _newest_first(self, status: str | None, size: int) -> Iterator[list[RunRow]]:
        """Return pages of ``size`` rows that hold every run in that status, newest first."""
        if status == "Queued":
            return self._indexed("SELECT VALUE id[4] FROM queue")
        if status in ("NotStarted", "Started"):
            return self._indexed("SELECT VALUE id[0] FROM flight")
        if status in RARE_OUTCOMES:
            table = "SELECT id, r FROM run_outcome"
            return self._ranged(f"{table}:[$s,NONE]..[$s,..]", f"{table}:[$s,$a,$b,$c]>..[$s,..]", size, s=status)
        table = "SELECT id, r FROM run_order"
        return self._ranged(table, f"{table}:[$a,$b]>..", size)

    def _indexed(self, sql: str) -> Iterator[list[RunRow]]:
        (run_ids,) = self._engine.query(sql)
        rows = read_runs(self._engine, run_ids)
        rows.sort(key=lambda row: (row.start_time, row.place), reverse=True)
        yield rows

    def _ranged(self, first: str, following: str, size: int, **variables: Any) -> Iterator[list[RunRow]]:
        sql = first
        while True:
            (index,) = self._engine.query(f"{sql} LIMIT {size}", **variables)
            run_ids = list(_run_ids(index))
            for start in range(0, len(run_ids), size):
                yield read_runs(self._engine, run_ids[start : start + size])
            if len(index) < size:
                return
            sql = following
            key = [part for part in index[-1]["id"] if not isinstance(part, str)]
            variables.update(zip("abc", key, strict=False))

    def _everyone(self, rows: Sequence[RunRow]) -> str | None:
        if not any(row.status == "Queued" for row in rows):
            return None
        (text,) = self._engine.query("SELECT VALUE v FROM ONLY $id", id=EVERYONE)
        return text


def _run_ids(index: list[dict[str, Any]]) -> Iterator[str]:
    for row in index:
        if isinstance(row["r"], str):
            yield row["r"]
        else:
            yield from reversed(row["r"])


def _checked_status(status: str) -> RunStatus:
    if status not in RUN_STATUSES:
        raise _UnknownRunStatus(f"Unknown run status: {status}")
    return cast(RunStatus, status)
