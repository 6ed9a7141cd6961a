"""Creating and reading runs."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.records import LaunchedBy, RunRecord, UserRef


def test_a_run_is_read_back_as_it_was_created(storage, new_run, now):
    run = new_run(
        "r1",
        tags=(("team", "x"), ("a", "b")),
        priority=3,
        launched_by=LaunchedBy("manual", user=UserRef("sub", "e@x", None)),
        run_key="k",
        config={"ops": {"n": 1}},
    )
    assert storage.create_run(run)
    assert storage.get_run("r1") == RunRecord(
        run_id="r1",
        job_name="job",
        status="NotStarted",
        start_time=now,
        tags=[("team", "x"), ("a", "b")],
        node_names=["a", "b"],
        priority=3,
        launched_by=LaunchedBy("manual", user=UserRef("sub", "e@x", None)),
        run_key="k",
        config={"ops": {"n": 1}},
    )


def test_a_second_run_of_the_same_id_is_refused_and_changes_nothing(storage, new_run, rows_of):
    storage.create_run(new_run("r1"))
    before = rows_of(storage)
    assert storage.create_run(new_run("r1", priority=9)) is False
    assert rows_of(storage) == before


def test_an_unknown_run_is_none(storage):
    assert storage.get_run("nobody") is None


@pytest.mark.parametrize("run_id", ["9", "", "⟩`'", "a b", "0e1"])
def test_run_ids_are_kept_verbatim(storage, new_run, run_id):
    storage.create_run(new_run(run_id))
    assert storage.get_run(run_id).run_id == run_id
    assert [run.run_id for run in storage.get_runs()] == [run_id]


def test_runs_come_newest_first_and_those_of_one_instant_in_reverse_order_of_creation(storage, new_run, decision, now):
    storage.create_run(new_run("late", at=now + 5))
    storage.create_run(new_run("early", at=now - 5))
    storage.commit_ticks([decision("s", 1, runs=(new_run("z"), new_run("a")))], retain=None)
    storage.create_run(new_run("m"))
    assert [run.run_id for run in storage.get_runs()] == ["late", "m", "a", "z", "early"]
    assert [run.run_id for run in storage.get_runs(limit=2)] == ["late", "m"]


def test_runs_of_each_status_are_found_newest_first(storage, now):
    statuses = ["Queued", "NotStarted", "Started", "Success", "Failure", "Canceled"]
    for at in range(18):
        storage._create_run(f"r{at}", "j", statuses[at % 6], now + at)
    for index, status in enumerate(statuses):
        expected = [f"r{index + 12}", f"r{index + 6}", f"r{index}"]
        assert [run.run_id for run in storage.get_runs(status=status)] == expected
        assert [run.run_id for run in storage.get_runs(2, status)] == expected[:2]


def test_a_read_of_many_runs_goes_through_all_its_pages(storage, now):
    for at in range(450):
        storage._create_run(f"r{at}", "j", "Failure" if at % 2 else "Success", now + at)
    assert [run.run_id for run in storage.get_runs(1000)] == [f"r{at}" for at in reversed(range(450))]
    assert len(storage.get_runs(1000, "Failure")) == 225
    assert len(storage.get_runs(1000, "Success")) == 225


def test_limits_are_checked(storage, now):
    storage._create_run("r", "j", "Queued", now)
    assert storage.get_runs(0) == []
    with pytest.raises(OverflowError):
        storage.get_runs(-1)


def test_an_unknown_status_is_an_error_that_names_it(storage, now):
    with pytest.raises(StorageError, match="Unknown run status: queued"):
        storage.get_runs(status="queued")
    with pytest.raises(StorageError, match="Unknown run status: Running"):
        storage._create_run("r", "j", "Running", now)


def test_a_time_that_does_not_fit_is_refused(storage, new_run):
    with pytest.raises(StorageError, match="63 bits"):
        storage.create_run(new_run("r", at=2**63))
    assert storage.get_runs() == []


def test_a_priority_of_any_size_is_kept_and_ordered(storage, new_run):
    for run_id, priority in (("low", -(10**30)), ("high", 10**30), ("none", 0)):
        storage.create_run(new_run(run_id, "Queued", priority=priority))
    assert [run.priority for run in storage.get_queued_runs()] == [10**30, 0, -(10**30)]
