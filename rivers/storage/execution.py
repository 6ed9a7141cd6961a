"""Runs in execution: started with a lease, ended once, cancelled, or ended in place of an owner that died."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rivers.records import PREDECESSORS, TERMINAL_STATUSES, NewRun, RunRecord, StorageType
from rivers.storage.changes import RunStarted, RunSucceeded
from rivers.storage.events import Events
from rivers.storage.faults import Lost
from rivers.storage.groups import Group
from rivers.storage.pages import Writes
from rivers.storage.queued import QueuedRuns
from rivers.storage.rows import RunRow
from rivers.storage.slots import claims_of_runs, freed_changes, freeing
from rivers.storage.transitions import ATTEMPTS_MAX, created_changes, move, read_run, repetition
from rivers.storage.wire import pack, record_id

VERDICTS: Final = ("Success", "Failure", "Cancelled")

_SUCCEED: Final = (
    "UPDATE $runs SET s = 'Success', ea = $at WHERE s = 'Started' RETURN id, b",
    "DELETE $flights WHERE o != NONE RETURN NONE",
)


class ExecutedRuns(QueuedRuns, Events):
    """Runs from their start to their end."""

    def start_runs(self, run_ids: Sequence[str], *, owner: str, at: int, lease_until: int) -> list[RunRecord]:
        """Move runs from ``NotStarted`` to ``Started``, each with a lease for ``owner``.

        :returns: the runs that this call started, in the order asked for
        """
        if not run_ids:
            return []
        with self._engine as engine:
            # A flight row has an owner exactly when its run is Started. So both statements take the same runs, and
            # nothing has to be read first.
            rows, _ = engine.transact(
                self.session,
                [
                    "UPDATE $runs SET s = 'Started', sa = $at WHERE s = 'NotStarted' RETURN AFTER",
                    "UPDATE $flights SET o = $owner, u = $until WHERE o = NONE RETURN NONE",
                ],
                {
                    "runs": [record_id("run", run_id) for run_id in run_ids],
                    "flights": [record_id("flight", run_id) for run_id in run_ids],
                    "at": at,
                    "owner": owner,
                    "until": lease_until,
                },
            )
            started = [RunRow(columns) for columns in rows]
            if engine.changes.wanted:
                engine.changes.put(
                    [
                        RunStarted(at=at, run_id=row.run_id, job_name=row.job_name, launched_by=row.launched_by)
                        for row in started
                    ]
                )
            return [row.record() for row in started]

    def start_run_again(self, run: NewRun, *, owner: str, lease_until: int, anew: bool = True) -> bool:
        """Start a run again that has ended, or whose owner is dead: back to ``Started``, at ``run.start_time``.

        No other way leads out of a terminal status; it is for a person who asks for the run by its id. ``run`` replaces
        the record, except for the time at which the run was first asked for. The events stay. The end, the error, the
        cancellation and the slots that the run held are forgotten. ``anew`` has ``get_events_since_anew`` begin here.

        :returns: ``False`` when the run is unknown, has not started yet, or is executing
        """
        with self._engine as engine:
            self.flush_events()
            begins = engine.next_number() if anew else None
            for _ in range(ATTEMPTS_MAX):
                row = read_run(engine, run.run_id)
                if row is None or not (row.status in TERMINAL_STATUSES or self._is_orphan(row, run.start_time)):
                    return False
                statements, variables = repetition(row, run, owner, lease_until, begins)
                free, freed = freeing(claims_of_runs(engine, [run.run_id]))
                try:
                    with engine.stop_requests.changing() as asked:
                        engine.transact(self.session, [*statements, *free], {**variables, **freed})
                        asked.discard(run.run_id)
                except Lost:
                    continue
                if engine.changes.wanted:
                    engine.changes.put(created_changes([run]))
                return True
            raise Lost(f"run {run.run_id} kept changing while it was started again")

    def _is_orphan(self, row: RunRow, at: int) -> bool:
        if row.status != "Started":
            return False
        flight = record_id("flight", row.run_id)
        (lease,) = self._engine.query("SELECT VALUE [o, u] FROM ONLY $flight", flight=flight)
        return lease is None or self._is_dead(lease[0], lease[1], at)

    def _is_dead(self, owner: str, lease_until: int | None, at: int) -> bool:
        """Return whether an owner of leases is dead: no live session of this process and, on a store that other
        processes share, with an expired lease."""
        engine = self._engine
        is_shared = engine.kind == StorageType.Remote
        return owner not in engine.live_sessions() and (not is_shared or (lease_until or 0) < at)

    def finish_run(
        self, run_id: str, status: str, at: int, *, error: str | None = None, traceback: str | None = None
    ) -> bool:
        """End a run. The same transaction writes its open event group and deletes its lease.

        :returns: ``False`` when the run is unknown, has ended already or cannot enter ``status`` from its own; what it
            recorded is written all the same
        """
        with self._engine as engine:
            engine.refuse_superseded(self.session)
            group = engine.groups.find(self.session, run_id)
            groups = [] if group is None else [group]
            if status == "Success":
                return bool(self.succeed_runs([run_id], at))
            engine.stop_requests.forget([run_id])
            columns: dict[str, Any] = {"ea": at}
            if error is not None:
                columns["er"] = error
            if traceback is not None:
                columns["tb"] = traceback
            ended = self._end(run_id, status, at, columns, groups)
            if not ended and groups:
                self._write_groups(self.session, groups)
            return ended

    def succeed_runs(self, run_ids: Sequence[str], at: int) -> list[str]:
        """End runs as ``Success``, in one transaction with their open event groups. The caller keeps it small.

        Nothing is read first: a flight row has an owner exactly when its run is Started, so both statements take the
        same runs.

        :returns: the runs that this call ended; what the others recorded is written as well
        """
        if not run_ids:
            return []
        with self._engine as engine:
            engine.stop_requests.forget(run_ids)
            found = [engine.groups.find(self.session, run_id) for run_id in run_ids]
            groups = [group for group in found if group is not None]
            writes = Writes(engine, groups)
            variables: dict[str, Any] = {
                "runs": [record_id("run", run_id) for run_id in run_ids],
                "flights": [record_id("flight", run_id) for run_id in run_ids],
                "at": at,
            }
            rows, *_ = engine.transact(self.session, [*_SUCCEED, *writes.statements], variables | writes.variables)
            engine.groups.forget(self.session, groups)
            changes = writes.changes
            if engine.changes.wanted:
                succeeded = [RunRow({**columns, "s": "Success"}) for columns in rows]
                changes += [
                    RunSucceeded(at=at, run_id=row.run_id, job_name=row.job_name, launched_by=row.launched_by)
                    for row in succeeded
                ]
            engine.changes.put(changes)
            return [row["id"][0] for row in rows]

    def _end(self, run_id: str, status: str, at: int, columns: dict[str, Any], groups: list[Group]) -> bool:
        engine = self._engine
        writes = Writes(engine, groups)
        moved = move(
            engine,
            self.session,
            [run_id],
            PREDECESSORS[status],
            status,
            columns,
            at=at,
            extra=(writes.statements, writes.variables),
            before=writes.changes,
        )
        if moved:
            engine.groups.forget(self.session, groups)
        return bool(moved)

    def cancel_run(self, run_id: str, at: int) -> str | None:
        """Cancel a run that has not ended, and set its flag, which keeps its executor from starting another step.

        :returns: the new status, ``None`` when the run has ended or is unknown
        """
        flag = (["UPSERT $flag SET at = $flag_at RETURN NONE"], {"flag": record_id("cancel", run_id), "flag_at": at})
        with self._engine as engine, engine.stop_requests.changing() as asked:
            columns = {"ea": at}
            moved = move(
                engine, self.session, [run_id], PREDECESSORS["Canceled"], "Canceled", columns, at=at, extra=flag
            )
            asked.update(row.run_id for row in moved if row.status == "Started")
            return "Canceled" if moved else None

    def cancel_queued_run(self, run_id: str) -> bool:
        """Cancel a run that has not started. Return ``True`` also when the run is ``Canceled`` already."""
        at = self.clock.now_ns()
        with self._engine as engine:
            allowed = ("Queued", "NotStarted")
            if move(engine, self.session, [run_id], allowed, "Canceled", {"ea": at}, at=at):
                return True
            row = read_run(engine, run_id)
            return row is not None and row.status == "Canceled"

    def request_cancellation(self, run_id: str) -> None:
        """Set the flag that keeps an executor from starting another step. The status does not change."""
        with self._engine as engine, engine.stop_requests.changing() as asked:
            statement = "UPSERT $flag SET at = 0 RETURN NONE"
            engine.transact(self.session, [statement], {"flag": record_id("cancel", run_id)})
            asked.add(run_id)

    def is_cancelled(self, run_id: str) -> bool:
        """Return whether the flag of a run is set."""
        (at,) = self._engine.query("SELECT VALUE at FROM ONLY $id", id=record_id("cancel", run_id))
        return at is not None

    def is_asked_to_stop(self, run_id: str) -> bool:
        """Return ``is_cancelled`` of a run that is executing. It is free on a store that this process has to itself."""
        engine = self._engine
        if engine.kind == StorageType.Remote:
            return self.is_cancelled(run_id)
        asked = engine.stop_requests.known
        if asked is None:
            with engine:
                asked = engine.stop_requests.learn(self._flagged_runs)
        return run_id in asked

    def _flagged_runs(self) -> list[str]:
        """Return the queued runs and those in flight that have the flag. A run that has ended keeps its flag."""
        engine = self._engine
        flights, waiting = engine.query("SELECT VALUE id[0] FROM flight; SELECT VALUE id[4] FROM queue")
        flags = [record_id("cancel", run_id) for run_id in (*flights, *waiting)]
        (flagged,) = engine.query("SELECT VALUE id[0] FROM $flags", flags=flags)
        return flagged

    def set_run_outcome(
        self, run_id: str, status: str, completed_steps: int, total_steps: int, message: str | None = None
    ) -> None:
        """Write the verdict of an executor for its launcher. The status of the run does not change.

        :raises ValueError: ``status`` is none of ``Success``, ``Failure`` and ``Cancelled``
        """
        if status not in VERDICTS:
            raise ValueError(f"status must be one of {', '.join(VERDICTS)}, got {status!r}")
        body = pack([status, completed_steps, total_steps, message])
        with self._engine as engine:
            statement = "UPSERT $verdict SET b = $body RETURN NONE"
            engine.transact(self.session, [statement], {"verdict": record_id("verdict", run_id), "body": body})

    def renew_leases(self, owner: str, until: int) -> int:
        """Extend every lease of ``owner``. Return how many there are."""
        with self._engine as engine:
            (renewed,) = engine.transact(
                self.session,
                ["UPDATE flight SET u = $until WHERE o = $owner RETURN VALUE 1"],
                {"owner": owner, "until": until},
            )
            return len(renewed)

    def fail_orphans(self, at: int, reason: str) -> list[RunRecord]:
        """End the started runs whose owner is dead as ``Failure`` with ``reason``, and free the slots that they hold.

        :returns: the runs as they are now
        """
        with self._engine as engine:
            (leases,) = engine.query("SELECT VALUE [id[0], o, u] FROM flight WHERE o != NONE")
            orphans = [run_id for run_id, owner, until in leases if self._is_dead(owner, until, at)]
            columns = {"ea": at, "er": reason}
            claims = claims_of_runs(engine, orphans)
            moved = move(engine, self.session, orphans, ("Started",), "Failure", columns, at=at, extra=freeing(claims))
            engine.stop_requests.forget(orphans)
            if moved and engine.changes.wanted:
                engine.changes.put(freed_changes((pool for claim in claims for pool in claim.get("h") or ()), at))
            ended = [read_run(engine, row.run_id) for row in moved]
            return [row.record() for row in ended if row is not None]
