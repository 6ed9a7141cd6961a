"""The stored run queue."""

from __future__ import annotations

import pytest


def _fill(storage, now):
    for run_id, at, priority in (("A", 10, 1), ("B", 5, 1), ("C", 20, 9), ("D", 5, 1)):
        storage._create_run(run_id, "j", "Queued", now + at, priority=priority)


@pytest.mark.rule("queue 1.6")
def test_the_queue_is_read_in_admission_order_page_by_page(storage, now):
    _fill(storage, now)
    first = storage.queued_page(2)
    second = storage.queued_page(2, after=first[-1])
    assert [run.run_id for run in first] == ["C", "B"]
    assert [run.run_id for run in second] == ["D", "A"]
    assert storage.queued_page(2, after=second[-1]) == []
    assert [run.run_id for run in storage.get_queued_runs()] == ["C", "B", "D", "A"]
    assert storage.queued_count() == 4


@pytest.mark.rule("queue 1.6")
def test_runs_of_one_instant_queue_in_the_order_in_which_they_were_asked_for(storage, decision, new_run, now):
    runs = tuple(new_run(name, "Queued", now) for name in ("z", "a", "m"))
    storage.commit_ticks([decision("s", 1, runs=runs)], retain=None)
    storage._create_run("b", "j", "Queued", now)
    assert [run.run_id for run in storage.queued_page(2)] == ["z", "a"]
    assert [run.run_id for run in storage.get_queued_runs()] == ["z", "a", "m", "b"]


def test_an_empty_queue_counts_nothing(storage):
    assert storage.queued_count() == 0
    assert storage.get_queued_runs() == []


def test_a_queue_longer_than_a_page_is_read_whole(storage, decision, new_run, now):
    for group in range(9):
        runs = tuple(new_run(f"{group}-{index}", "Queued", now + group) for index in range(50))
        storage.commit_ticks([decision(f"s{group}", 1, runs=runs)], retain=None)
    assert len(storage.get_queued_runs()) == storage.queued_count() == 450


@pytest.mark.rule("queue 1.8")
def test_admission_moves_only_queued_runs_and_clears_their_reason(storage, now):
    _fill(storage, now)
    storage._create_run("done", "j", "Success", now)
    storage.set_block_reasons({"A": "limit"}, None)
    assert storage.admit_runs(["A", "done", "nobody", "C"], now + 50) == ["A", "C"]
    assert storage.admit_runs(["A"], now + 60) == []
    run = storage.get_run("A")
    assert (run.status, run.admitted_at, run.block_reason) == ("NotStarted", now + 50, None)
    assert [run.run_id for run in storage.get_queued_runs()] == ["B", "D"]
    assert [run.run_id for run in storage.in_flight()] == ["A", "C"]


@pytest.mark.rule("queue 1.8")
def test_a_queued_run_shows_its_own_reason_or_that_of_everyone(storage, now):
    _fill(storage, now)
    storage.set_block_reasons({"A": "tag limit", "nobody": "x"}, "no slots")
    assert storage.get_run("A").block_reason == "tag limit"
    assert storage.get_run("B").block_reason == "no slots"
    assert {run.block_reason for run in storage.get_runs(status="Queued")} == {"tag limit", "no slots"}
    storage.set_block_reasons({"A": None}, None)
    assert {run.block_reason for run in storage.queued_page(9)} == {None}
    storage.set_block_reasons({}, "no slots")
    storage.admit_runs(["B"], now)
    assert storage.get_run("B").block_reason is None


@pytest.mark.rule("queue 1.10")
def test_a_launch_that_fails_ends_the_run_and_says_so(storage, now):
    _fill(storage, now)
    storage._create_run("started", "j", "Started", now)
    storage.admit_runs(["A"], now + 1)
    assert storage.fail_launch("A", "no such image", now + 2)
    assert storage.fail_launch("B", "gone", now + 3)
    assert not storage.fail_launch("A", "again", now + 4)
    assert not storage.fail_launch("started", "x", now + 4)
    assert not storage.fail_launch("nobody", "x", now + 4)
    run = storage.get_run("A")
    assert (run.status, run.error, run.end_time) == ("Failure", "no such image", now + 2)
    events = storage.get_events_for_run("A")
    assert [event.event_type for event in events] == ["RunQueued", "RunDequeued", "RunLaunchFailed"]
    assert events[-1].metadata == [("error", "no such image")]
    assert dict(events[0].metadata)["priority"] == "1"
    assert [event.timestamp for event in events] == [now + 10, now + 1, now + 2]
    assert storage.in_flight() == [storage.get_run("started")]
    assert [run.run_id for run in storage.get_queued_runs()] == ["C", "D"]


def test_runs_that_wait_for_an_executor_longest_come_first(storage, now):
    _fill(storage, now)
    storage.admit_runs(["A"], now + 300)
    storage.admit_runs(["C"], now + 200)
    storage._create_run("direct", "j", "NotStarted", now + 250)
    storage._create_run("started", "j", "Started", now + 1)
    assert [run.run_id for run in storage.unstarted_runs()] == ["C", "direct", "A"]
