"""Every transaction is all or nothing: a fault is planted at each position of its real statement list."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError


def _commit(storage, tools):
    storage.commit_ticks(
        [
            tools.decision(
                "a", 4, runs=(tools.new_run("r4", "Queued", run_key="k4"),), cursor="4", checkpoint=tools.now
            ),
            tools.decision("new", 1, runs=(tools.new_run("r5"),)),
        ],
        retain=2,
    )


def _start(storage, tools):
    storage.start_runs(["waiting", "waiting too"], owner="me", at=tools.now + 1, lease_until=tools.now + 9)


def _finish(storage, tools):
    storage.finish_run("started", "Success", tools.now + 2)


def _fail(storage, tools):
    storage.finish_run("started", "Failure", tools.now + 2, error="E: x")


def _admit(storage, tools):
    storage.admit_runs(["queued", "queued too"], tools.now + 3)


def _cancel(storage, tools):
    storage.cancel_run("queued", tools.now + 3)


def _orphans(storage, tools):
    storage.fail_orphans(tools.now + 3, "dead")


def _again(storage, tools):
    storage.start_run_again(tools.new_run("failed", "Started", tools.now + 3), owner="me", lease_until=tools.now + 9)


def _flush(storage, tools):
    storage.flush_events()


def _claim(storage, tools):
    assert storage._claim_concurrency_slots([("db", 1), ("open", 2)], "started", "waits").is_claimed


def _wait(storage, tools):
    assert not storage._claim_concurrency_slots([("db", 9), ("open", 2)], "started", "waits").is_claimed


def _free(storage, tools):
    storage._free_concurrency_slots_for_run("started")


def _collect(storage, tools):
    assert storage._free_expired_leases() == 1


OPERATIONS = [
    _commit,
    _start,
    _finish,
    _fail,
    _admit,
    _cancel,
    _orphans,
    _again,
    _flush,
    _claim,
    _wait,
    _free,
    _collect,
]


class _Tools:
    def __init__(self, decision, new_run, step, now):
        self.decision, self.new_run, self.step, self.now = decision, new_run, step, now


@pytest.fixture
def tools(decision, new_run, step, now):
    return _Tools(decision, new_run, step, now)


def _prepare(storage, tools):
    storage.register_assets([])
    for seq in range(1, 4):
        storage.commit_ticks([tools.decision("a", seq)], retain=None)
    for run_id in ("queued", "queued too"):
        storage._create_run(run_id, "j", "Queued", tools.now)
    for run_id in ("waiting", "waiting too"):
        storage._create_run(run_id, "j", "NotStarted", tools.now)
    storage.create_run(tools.new_run("started", "Started"), owner="0.1", lease_until=tools.now)
    storage._create_run("failed", "j", "Failure", tools.now)
    storage.record_events("started", tools.step("a", tools.now))
    storage.flush_events()
    storage.record_events("started", [*tools.step("a", tools.now), *tools.step("b", tools.now)])
    storage.record_log("started", "a", tools.now, "out", None, None)
    storage.set_pool_limit("db", 2)
    storage.set_pool_limit("open", -1)
    storage._claim_concurrency_slots([("db", 1)], "started", "holds")
    storage._claim_concurrency_slots([("open", 1)], "started", "expired", lease_duration="0s")
    storage._claim_concurrency_slots([("db", 7)], "started", "waits")


def _statements_of(storage, operation, tools):
    seen = []
    storage._engine.rewrite = lambda statements: seen.append(list(statements)) or statements
    operation(storage, tools)
    return seen[-1]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_at_any_position_leaves_every_row_as_it_was(new_storage, rows_of, tools, operation):
    probe = new_storage()
    _prepare(probe, tools)
    count = len(_statements_of(probe, operation, tools))
    assert count >= 2
    storage = new_storage()
    _prepare(storage, tools)
    before = rows_of(storage)
    told = []
    storage.subscribe(told.extend)
    for position in range(count + 1):
        storage._engine.rewrite = lambda statements, at=position: [
            *statements[:at],
            "THROW 'planted'",
            *statements[at:],
        ]
        with pytest.raises(StorageError, match="planted"):
            operation(storage, tools)
        assert rows_of(storage) == before, f"statement {position} of {count}"
    assert told == []
    storage._engine.rewrite = None
    operation(storage, tools)
    assert rows_of(storage) != before
    assert bool(told) == (operation not in (_claim, _wait)), "a claim gives nobody anything to do"


def test_the_check_above_sees_a_transaction_that_is_torn(new_storage, rows_of, tools):
    """Plant the mistake: the statements run in two transactions, and the fault is in the second."""
    storage = new_storage()
    _prepare(storage, tools)
    before = rows_of(storage)
    storage._engine.rewrite = lambda statements: [
        *statements[:3],
        "COMMIT",
        "BEGIN",
        *statements[3:],
        "THROW 'planted'",
    ]
    with pytest.raises(StorageError, match="planted"):
        _finish(storage, tools)
    storage._engine.rewrite = None
    assert rows_of(storage) != before


def test_one_bad_decision_of_a_group_is_left_out_and_the_others_stand(new_storage, tools):
    storage = new_storage()
    _prepare(storage, tools)
    storage._create_run("taken", "j", "Queued", tools.now)
    group = [
        tools.decision("x", 1, runs=(tools.new_run("rx"),)),
        tools.decision("y", 1, runs=(tools.new_run("taken"),)),
        tools.decision("z", 1, runs=(tools.new_run("rz"),)),
    ]
    assert storage.commit_ticks(group, retain=None) == [group[0], group[2]]
    assert storage.trigger_state("schedule", "y") is None
    assert storage.get_run("taken").job_name == "j"


def test_events_stay_open_when_writing_them_fails_and_are_written_later(new_storage, tools):
    storage = new_storage()
    _prepare(storage, tools)
    storage._engine.rewrite = lambda statements: ["THROW 'planted'"]
    with pytest.raises(StorageError, match="planted"):
        storage.get_events_for_run("started")
    storage._engine.rewrite = None
    assert len(storage.get_events_for_run("started")) == 9
    assert len(storage.get_run_logs("started")) == 1
