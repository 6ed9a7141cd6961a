"""How the rows of a run, and the index rows that follow it, come to be and move."""

from __future__ import annotations

import pytest

from rivers.records import IN_FLIGHT_STATUSES, PREDECESSORS, RUN_STATUSES
from rivers.storage.changes import RunAdmitted, RunWasCanceled, SlotsFreed
from rivers.storage.faults import Lost
from rivers.storage.transitions import (
    ATTEMPTS_MAX,
    created_changes,
    creation,
    move,
    queue_key,
    read_run,
    read_runs,
    repetition,
)

INDEXES = ("flight", "queue", "run_outcome")


@pytest.fixture
def create(storage, new_run):
    """Create runs of these ids and statuses in one transaction."""

    def make(**statuses):
        runs = [new_run(run_id, status) for run_id, status in statuses.items()]
        statements, variables = creation(runs, storage._engine.next_number(), "me", 99)
        storage._engine.transact(storage.session, statements, variables)

    return make


@pytest.fixture
def indexed(storage, rows_of):
    """The ids of the runs that each index has."""

    def read():
        rows = rows_of(storage)
        return {table: [row.get("r") or row["id"][-1] for row in rows.get(table, ())] for table in INDEXES}

    return read


@pytest.fixture
def moved(storage, now):
    """Move runs, at ``now + 1``; returns the ids of those that moved."""

    def go(run_ids, allowed, to, **more):
        with storage._engine as engine:
            rows = move(engine, storage.session, run_ids, allowed, to, {}, at=now + 1, **more)
            return [row.run_id for row in rows]

    return go


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ((1, 20, (5, 0), "b"), (0, 10, (1, 0), "a")),
        ((0, 10, (5, 0), "b"), (0, 20, (1, 0), "a")),
        ((0, 10, (1, 1), "b"), (0, 10, (2, 0), "a")),
        ((0, 10, (1, 0), "b"), (0, 10, (1, 1), "a")),
        ((2**80, 20, (1, 0), "b"), (1, 10, (1, 0), "a")),
        ((1, 20, (1, 0), "b"), (-(2**80), 10, (1, 0), "a")),
    ],
)
def test_the_queue_is_in_order_of_priority_then_of_asking(earlier, later):
    assert queue_key(*earlier) < queue_key(*later)


@pytest.mark.parametrize(
    ("status", "indexes"),
    [
        ("Queued", ["queue"]),
        ("NotStarted", ["flight"]),
        ("Started", ["flight"]),
        ("Success", []),
        ("Failure", ["run_outcome"]),
        ("Canceled", ["run_outcome"]),
    ],
)
def test_a_new_run_is_in_the_index_of_its_status(create, indexed, status, indexes):
    create(r=status)
    assert indexed() == {table: ["r"] if table in indexes else [] for table in INDEXES}


def test_only_a_started_run_has_a_lease(storage, create, rows_of, now):
    create(waits="NotStarted", runs="Started")
    leases = {row["id"][0]: (row["a"], row.get("o"), row.get("u")) for row in rows_of(storage)["flight"]}
    assert leases == {"waits": (now, None, None), "runs": (now, "me", 99)}


def test_runs_of_one_moment_share_a_row_of_the_order_of_creation(storage, new_run, rows_of, now):
    runs = [new_run("a"), new_run("b", at=now + 1), new_run("c")]
    statements, variables = creation(runs, 7)
    storage._engine.transact(storage.session, statements, variables)
    assert [(row["id"], row["r"]) for row in rows_of(storage)["run_order"]] == [
        ((-now - 1, -7), ["b"]),
        ((-now, -7), ["a", "c"]),
    ]


def test_new_runs_are_told_of_in_the_order_of_creation(new_run):
    changes = created_changes([new_run("a"), new_run("b", "Canceled")])
    assert [(type(change), change.run_id) for change in changes] == [(RunAdmitted, "a"), (RunWasCanceled, "b")]


def test_runs_are_read_in_the_order_asked_for_and_those_that_are_unknown_left_out(storage, create):
    create(a="Queued", b="Success")
    assert [row.run_id for row in read_runs(storage._engine, ["b", "nobody", "a"])] == ["b", "a"]
    assert read_runs(storage._engine, []) == []
    assert read_run(storage._engine, "nobody") is None


@pytest.mark.parametrize(
    ("status", "to"), [(status, to) for to, before in sorted(PREDECESSORS.items()) for status in sorted(before)]
)
def test_the_indexes_follow_a_run_that_moves(create, indexed, moved, status, to):
    create(r=status)
    assert moved(["r"], (status,), to) == ["r"]
    expected = {"flight": to in IN_FLIGHT_STATUSES, "queue": False, "run_outcome": to in ("Failure", "Canceled")}
    assert indexed() == {table: ["r"] if expected[table] else [] for table in INDEXES}


def test_only_runs_in_an_allowed_status_move_and_are_returned_as_they_were(storage, create, moved):
    create(**{status: status for status in RUN_STATUSES})
    assert moved([*RUN_STATUSES, "nobody"], ("Started", "Queued"), "Canceled") == ["Queued", "Started"]
    now_in = {row.run_id: row.status for row in read_runs(storage._engine, RUN_STATUSES)}
    assert now_in == {status: status for status in RUN_STATUSES} | {"Queued": "Canceled", "Started": "Canceled"}


def test_statements_of_the_caller_run_in_the_same_transaction_and_only_when_something_moves(storage, create, moved):
    create(r="Queued")
    note = (["UPSERT kv:['note'] SET v = $v RETURN NONE"], {"v": b"1"})
    assert moved(["r"], ("Started",), "Failure", extra=note) == []
    assert storage.kv_get("note") is None
    assert moved(["r"], ("Queued",), "Failure", extra=note) == ["r"]
    assert storage.kv_get("note") == b"1"


def test_what_else_is_in_the_transaction_is_told_first(storage, create, moved, now):
    create(r="Queued")
    told = []
    storage.subscribe(told.extend)
    freed = SlotsFreed(at=now, pool_key="db")
    moved(["r"], ("Started",), "Failure", before=[freed])
    assert told == []
    moved(["r"], ("Queued",), "Canceled", before=[freed])
    assert [type(change) for change in told] == [SlotsFreed, RunWasCanceled]


def test_a_run_that_has_moved_meanwhile_is_looked_at_again(storage, create, moved):
    create(a="Queued", b="Queued")
    engine = storage._engine

    def overtaken(statements):
        engine.rewrite = None
        storage.cancel_run("a", 1)
        return statements

    engine.rewrite = overtaken
    assert moved(["a", "b"], ("Queued",), "NotStarted") == ["b"]
    assert read_run(engine, "a").status == "Canceled"


def test_a_move_that_is_always_overtaken_gives_up(storage, create, moved):
    create(r="Queued")
    attempts = []
    storage._engine.rewrite = lambda statements: attempts.append(1) or ["THROW 'rivers:lost'"]
    with pytest.raises(Lost, match="runs r kept changing while they were moved to NotStarted"):
        moved(["r"], ("Queued",), "NotStarted")
    assert len(attempts) == ATTEMPTS_MAX


@pytest.mark.parametrize("status", ["Success", "Failure", "Canceled"])
def test_a_run_that_is_repeated_keeps_its_place_and_leaves_its_end_behind(
    storage, create, indexed, new_run, rows_of, now, status
):
    create(r="Started", other="Started")
    storage.finish_run("r", status, now + 1, error="E: x", traceback="...")
    storage.request_cancellation("r")
    before = read_run(storage._engine, "r")
    repeated = repetition(before, new_run("r", "Started", now + 5, run_key="k"), "you", 77, 3)
    storage._engine.transact(storage.session, *repeated)
    after = read_run(storage._engine, "r")
    assert (after.place, after.start_time) == (before.place, before.start_time)
    assert {"ea", "er", "tb", "lf", "br"}.isdisjoint(after.columns)
    assert (after.status, after.columns["sa"], after.columns["an"]) == ("Started", now + 5, 3)
    assert indexed() == {"flight": ["other", "r"], "queue": [], "run_outcome": []}
    leases = {row["id"][0]: (row["a"], row["o"], row["u"]) for row in rows_of(storage)["flight"]}
    assert leases == {"other": (now, "me", 99), "r": (now + 5, "you", 77)}
    assert not storage.is_cancelled("r")


def test_a_repetition_that_goes_on_keeps_where_the_run_last_began_anew(storage, create, new_run, now):
    create(r="Failure")
    for anew, expected in ((3, 3), (None, 3)):
        row = read_run(storage._engine, "r")
        storage._engine.transact(storage.session, *repetition(row, new_run("r", "Started", now + 5), "me", 9, anew))
        storage.finish_run("r", "Failure", now + 6)
        assert read_run(storage._engine, "r").columns["an"] == expected


def test_of_two_repetitions_of_one_end_the_second_is_lost(storage, create, new_run, now):
    create(r="Failure")
    repeated = repetition(read_run(storage._engine, "r"), new_run("r", "Started", now + 5), "me", 9, 3)
    storage._engine.transact(storage.session, *repeated)
    with pytest.raises(Lost):
        storage._engine.transact(storage.session, *repeated)
