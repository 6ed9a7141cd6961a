"""The statements that create a run and move it from one status to the next, with the index rows that follow it.

Tables: ``run:[run_id]``; ``run_order:[-start_time, -number]`` (the runs of one commit and time, for newest-first
reads); ``queue:[-priority, start_time, number, position, run_id]`` while Queued; ``flight:[run_id]`` while NotStarted
or Started, which holds the lease (owner ``o``, until ``u``) of a started run; ``run_outcome:[status, -start_time,
-number, -position]`` for the rare outcomes, so that failures are found without reading every success.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from rivers.records import IN_FLIGHT_STATUSES, NewRun
from rivers.storage.changes import Change, run_change
from rivers.storage.engine import Engine
from rivers.storage.faults import LOST, Lost
from rivers.storage.rows import Row, RunRow, run_body, run_row
from rivers.storage.wire import NONE, clamped, record_id

RARE_OUTCOMES: Final = ("Failure", "Canceled")
ATTEMPTS_MAX: Final = 5


def queue_key(priority: int, start_time: int, place: tuple[int, int], run_id: str) -> list[Any]:
    """Return the key of a queued run, by which the queue is in admission order: by descending priority, then by time.

    ``place`` is the place in the order of creation, which tells runs of one instant apart.
    """
    return [-clamped(priority), start_time, *place, run_id]


def creation(
    runs: Sequence[NewRun], number: int, owner: str | None = None, lease_until: int | None = None
) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that create ``runs``, and their variables."""
    rows = [run_row(run, number, position) for position, run in enumerate(runs)]
    order: dict[int, list[str]] = {}
    queued: list[Row] = []
    flights: list[Row] = []
    outcomes: list[Row] = []
    for position, run in enumerate(runs):
        order.setdefault(run.start_time, []).append(run.run_id)
        if run.status == "Queued":
            queued.append({"id": queue_key(run.priority, run.start_time, (number, position), run.run_id)})
        elif run.status in IN_FLIGHT_STATUSES:
            flights.append(_flight(run, owner, lease_until))
        elif run.status in RARE_OUTCOMES:
            outcomes.append(_outcome(run.status, run.start_time, (number, position), run.run_id))
    orders = [{"id": [-start_time, -number], "r": run_ids} for start_time, run_ids in order.items()]
    statements: list[str] = []
    variables: dict[str, Any] = {}
    for table, table_rows in (
        ("run", rows),
        ("run_order", orders),
        ("queue", queued),
        ("flight", flights),
        ("run_outcome", outcomes),
    ):
        if table_rows:
            statements.append(f"INSERT INTO {table} ${table} RETURN NONE")
            variables[table] = table_rows
    return statements, variables


def _flight(run: NewRun, owner: str | None, lease_until: int | None) -> Row:
    row: Row = {"id": [run.run_id], "a": run.start_time}
    if run.status == "Started":
        row["o"] = owner
        row["u"] = lease_until
    return row


def _outcome(status: str, start_time: int, place: tuple[int, int], run_id: str) -> Row:
    return {"id": [status, -start_time, -place[0], -place[1]], "r": run_id}


def created_changes(runs: Sequence[NewRun]) -> list[Change]:
    """Return the changes for new runs."""
    return [run_change(run.status, run.start_time, run.run_id, run.job_name, run.launched_by) for run in runs]


def read_run(engine: Engine, run_id: str) -> RunRow | None:
    """Return the row of a run, ``None`` when it is unknown."""
    (columns,) = engine.query("SELECT * FROM ONLY $id", id=record_id("run", run_id))
    return None if columns is None else RunRow(columns)


def read_runs(engine: Engine, run_ids: Sequence[str]) -> list[RunRow]:
    """Return the rows of the runs that exist, in the order asked for."""
    if not run_ids:
        return []
    (rows,) = engine.query("SELECT * FROM $ids", ids=[record_id("run", run_id) for run_id in run_ids])
    return [RunRow(columns) for columns in rows]


def move(
    engine: Engine,
    session: str,
    run_ids: Sequence[str],
    allowed: Collection[str],
    to: str,
    columns: Row,
    *,
    at: int,
    extra: tuple[Sequence[str], dict[str, Any]] = ((), {}),
    before: Sequence[Change] = (),
) -> list[RunRow]:
    """Move those of ``run_ids`` that are in an ``allowed`` status to the status ``to``, in one transaction.

    ``columns`` are set together with the status. ``extra`` has statements of the caller for the same transaction, and
    their variables; ``before`` has the changes that follow from them. They do not count when nothing moves.

    :returns: the rows of the runs that moved, as they were before
    :raises Lost: the runs kept changing meanwhile
    """
    for _ in range(ATTEMPTS_MAX):
        rows = [row for row in read_runs(engine, run_ids) if row.status in allowed]
        if not rows:
            return []
        statements, variables = _movement(rows, to, columns, at)
        try:
            engine.transact(session, [*extra[0], *statements], {**extra[1], **variables})
        except Lost:
            continue
        if engine.changes.wanted:
            error = columns.get("er")
            moved = (run_change(to, at, row.run_id, row.job_name, row.launched_by, error) for row in rows)
            engine.changes.put([*before, *moved])
        return rows
    raise Lost(f"runs {', '.join(run_ids)} kept changing while they were moved to {to}")


def repetition(
    row: RunRow, run: NewRun, owner: str, lease_until: int, anew: int | None
) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that start the run of ``row`` again, as ``run`` describes it, and their variables.

    The run keeps its place in the order of creation and its way through the queue. What its end left behind goes:
    error, traceback, the flag of a cancellation.

    :param anew: a number above those of all its event pages when the run begins anew, ``None`` when it goes on
    """
    statements = [
        "LET $moved = (UPDATE $run SET s = 'Started', b = $body, sa = $at, an = $anew, "
        "ea = NONE, er = NONE, tb = NONE, lf = NONE, br = NONE WHERE s = $was AND ea = $ended RETURN VALUE s)",
        f"IF array::len($moved) != 1 {{ THROW '{LOST}' }}",
        "UPSERT $flight SET a = $at, o = $owner, u = $until RETURN NONE",
        "DELETE $flag RETURN NONE",
    ]
    variables: dict[str, Any] = {
        "run": record_id("run", row.run_id),
        "body": run_body(run, row.place, row.start_time, was_queued=row.was_queued),
        "at": run.start_time,
        "anew": row.columns.get("an", NONE) if anew is None else anew,
        "was": row.status,
        "ended": row.columns.get("ea", NONE),
        "flight": record_id("flight", row.run_id),
        "owner": owner,
        "until": lease_until,
        "flag": record_id("cancel", row.run_id),
    }
    if row.status in RARE_OUTCOMES:
        statements.append("DELETE $outcome RETURN NONE")
        key = _outcome(row.status, row.start_time, row.place, row.run_id)["id"]
        variables["outcome"] = record_id("run_outcome", *key)
    return statements, variables


def _movement(rows: Sequence[RunRow], to: str, columns: Row, at: int) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that move the rows of runs, by compare-and-set, and their index rows; their variables."""
    by_status: dict[str, list[RunRow]] = {}
    for row in rows:
        by_status.setdefault(row.status, []).append(row)
    statements: list[str] = []
    variables: dict[str, Any] = {"set": {**columns, "s": to}}
    for status, members in by_status.items():
        ids = f"ids_{status}"
        variables[ids] = [record_id("run", row.run_id) for row in members]
        statements.append(f"LET $moved = (UPDATE ${ids} MERGE $set WHERE s = '{status}' RETURN VALUE s)")
        statements.append(f"IF array::len($moved) != {len(members)} {{ THROW '{LOST}' }}")
    leaving = by_status.get("Queued", ())
    if leaving:
        statements.append("DELETE $unqueued RETURN NONE")
        variables["unqueued"] = [
            record_id("queue", *queue_key(row.priority, row.start_time, row.place, row.run_id)) for row in leaving
        ]
        if to in IN_FLIGHT_STATUSES:
            statements.append("INSERT INTO flight $boarding RETURN NONE")
            variables["boarding"] = [{"id": [row.run_id], "a": at} for row in leaving]
    landing = [row for row in rows if row.status in IN_FLIGHT_STATUSES]
    if landing and to not in IN_FLIGHT_STATUSES:
        statements.append("DELETE $landed RETURN NONE")
        variables["landed"] = [record_id("flight", row.run_id) for row in landing]
    if to in RARE_OUTCOMES:
        statements.append("INSERT INTO run_outcome $outcomes RETURN NONE")
        variables["outcomes"] = [_outcome(to, row.start_time, row.place, row.run_id) for row in rows]
    return statements, variables
