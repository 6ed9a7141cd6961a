"""Runs from start to end."""

from __future__ import annotations

import pytest

from rivers.records import LaunchedBy, NewEvent
from rivers.storage.changes import RunStarted, RunSucceeded
from rivers.storage.faults import Lost


def test_only_waiting_runs_start_and_each_gets_a_lease(storage, now):
    for run_id, status in (("a", "NotStarted"), ("b", "Queued"), ("c", "NotStarted"), ("d", "Started")):
        storage._create_run(run_id, "j", status, now)
    started = storage.start_runs(["c", "b", "nobody", "a", "d"], owner="me", at=now + 1, lease_until=now + 9)
    assert [(run.run_id, run.status, run.started_at) for run in started] == [
        ("c", "Started", now + 1),
        ("a", "Started", now + 1),
    ]
    assert storage.start_runs(["a"], owner="other", at=now + 2, lease_until=now + 9) == []
    assert storage.start_runs([], owner="me", at=now, lease_until=now) == []
    assert storage.renew_leases("me", now + 20) == 2
    assert storage.renew_leases("other", now + 20) == 0


def test_a_finished_run_has_its_events_its_end_and_no_lease(storage, new_run, step, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now + 9)
    storage.record_events("r", step("a", now))
    assert storage.finish_run("r", "Success", now + 5)
    run = storage.get_run("r")
    assert (run.status, run.end_time, run.started_at) == ("Success", now + 5, now)
    assert len(storage.get_events_for_run("r")) == 3
    assert storage.in_flight() == []
    assert storage.renew_leases("me", now) == 0


@pytest.mark.parametrize("first", ["Success", "Failure", "Canceled"])
@pytest.mark.parametrize("second", ["Success", "Failure", "Canceled"])
def test_a_terminal_status_is_final(storage, new_run, now, first, second):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    assert storage.finish_run("r", first, now + 1, error="E")
    before = storage.get_run("r")
    assert storage.finish_run("r", second, now + 2, error="F") is False
    assert storage.get_run("r") == before


def test_a_run_that_has_not_started_cannot_succeed(storage, now):
    storage._create_run("q", "j", "Queued", now)
    storage._create_run("n", "j", "NotStarted", now)
    assert not storage.finish_run("q", "Success", now)
    assert not storage.finish_run("n", "Success", now)
    assert not storage.finish_run("nobody", "Success", now)
    assert [run.run_id for run in storage.in_flight()] == ["n"]
    assert not storage.finish_run("nobody", "Failure", now)
    assert storage.finish_run("q", "Failure", now + 1, error="E: x", traceback="tb")
    run = storage.get_run("q")
    assert (run.status, run.error, run.traceback) == ("Failure", "E: x", "tb")
    assert storage.queued_count() == 0


def test_runs_that_succeed_together_end_in_one_commit_with_their_events(storage, new_run, step, now):
    told = []
    for run_id in ("a", "b", "canceled"):
        storage.create_run(new_run(run_id, "Started"), owner="me", lease_until=now)
        storage.record_events(run_id, step(run_id, now))
    storage.cancel_run("canceled", now + 1)
    storage.subscribe(told.append)
    assert storage.succeed_runs(["b", "canceled", "a", "nobody"], now + 5) == ["b", "a"]
    assert len(told) == 1
    assert [change.run_id for change in told[0] if isinstance(change, RunSucceeded)] == ["b", "a"]
    assert [storage.get_run(run_id).status for run_id in ("a", "b", "canceled")] == ["Success", "Success", "Canceled"]
    assert [len(storage.get_events_for_run(run_id)) for run_id in ("a", "b", "canceled")] == [3, 3, 3]
    assert storage.in_flight() == []


def test_no_runs_succeed_without_a_transaction(storage):
    assert storage.succeed_runs([], 0) == []


def test_what_a_run_recorded_is_kept_when_it_was_cancelled_meanwhile(storage, new_run, step, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.record_events("r", step("a", now))
    assert storage.cancel_run("r", now + 1) == "Canceled"
    assert storage.finish_run("r", "Success", now + 2) is False
    assert storage.get_run("r").status == "Canceled"
    assert len(storage.get_events_for_run("r")) == 3


def test_cancelling_works_before_the_end_only_and_raises_the_flag(storage, now):
    for status in ("Queued", "NotStarted", "Started"):
        storage._create_run(status, "j", status, now)
        assert storage.cancel_run(status, now + 1) == "Canceled"
        assert storage.is_cancelled(status)
        assert storage.cancel_run(status, now + 2) is None
        assert storage.get_run(status).end_time == now + 1
    storage._create_run("done", "j", "Success", now)
    assert storage.cancel_run("done", now) is None
    assert storage.cancel_run("nobody", now) is None
    assert not storage.is_cancelled("done")
    assert (storage.queued_count(), storage.in_flight()) == (0, [])


def test_cancel_queued_run_answers_as_specified(storage, now):
    for status in ("Queued", "NotStarted", "Started", "Success", "Failure", "Canceled"):
        storage._create_run(status, "j", status, now)
    answers = {status: storage.cancel_queued_run(status) for status in ("Queued", "NotStarted", "Canceled")}
    assert answers == {"Queued": True, "NotStarted": True, "Canceled": True}
    assert not any(storage.cancel_queued_run(name) for name in ("Started", "Success", "Failure", "nobody"))
    assert storage.get_run("Queued").status == "Canceled"
    assert storage.get_run("Queued").end_time is not None


def test_the_cancellation_flag_can_be_raised_for_any_id_and_changes_no_status(storage, now):
    storage._create_run("r", "j", "Started", now)
    assert not storage.is_cancelled("r")
    storage.request_cancellation("r")
    storage.request_cancellation("nobody")
    assert storage.is_cancelled("r")
    assert storage.is_cancelled("nobody")
    assert storage.get_run("r").status == "Started"


def test_the_outcome_takes_three_words_and_changes_no_status(storage, now):
    storage._create_run("r", "j", "Started", now)
    for status in ("Success", "Failure", "Cancelled"):
        storage.set_run_outcome("r", status, 1, 2, "text")
    storage.set_run_outcome("nobody", "Success", 0, 0)
    assert storage.get_run("r").status == "Started"
    with pytest.raises(ValueError, match="Success, Failure, Cancelled"):
        storage.set_run_outcome("r", "Canceled", 1, 1)


def test_progress_counts_steps_that_ended_and_steps_that_began(storage, new_run, step, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    assert storage.get_run_progress("r") == (0, 0)
    storage.record_events("r", [*step("a", now), NewEvent("StepStart", now, "b")])
    assert storage.get_run_progress("r") == (1, 2)
    storage.record_events("r", [NewEvent("StepFailure", now, "b")])
    assert storage.get_run_progress("r") == (2, 2)
    assert storage.get_run_progress("nobody") == (0, 0)


def test_runs_of_dead_owners_fail_with_the_reason_and_live_ones_go_on(storage, new_run, now):
    storage.create_run(new_run("mine", "Started"), owner=storage.session, lease_until=now - 1)
    storage.create_run(new_run("dead", "Started"), owner="0.7", lease_until=now + 10**12)
    storage.create_run(new_run("waiting", "NotStarted"))
    storage._create_run("nobody's", "j", "Queued", now)
    failed = storage.fail_orphans(now + 5, "its process died")
    assert [(run.run_id, run.status, run.error) for run in failed] == [("dead", "Failure", "its process died")]
    assert storage.fail_orphans(now + 6, "again") == []
    assert storage.get_run("mine").status == "Started"


def test_the_runs_of_a_superseded_session_are_orphans(storage, new_run, now):
    sibling = storage.bound(storage.clock, storage.ids)
    storage.create_run(new_run("r", "Started"), owner=sibling.session, lease_until=now + 9)
    assert storage.fail_orphans(now, "x") == []
    storage.supersede(sibling.session)
    assert [run.run_id for run in storage.fail_orphans(now, "x")] == ["r"]


def test_a_move_that_is_overtaken_is_decided_again_on_the_new_status(storage, now):
    storage._create_run("r", "j", "Queued", now)
    engine = storage._engine

    def overtaken(statements):
        # Another client cancels the run between our read and our transaction.
        engine.rewrite = None
        engine.query("UPDATE run SET s = 'Canceled'")
        return statements

    engine.rewrite = overtaken
    assert storage.admit_runs(["r"], now) == []
    assert storage.get_run("r").status == "Canceled"


def test_a_move_that_is_always_overtaken_gives_up(storage, now):
    storage._create_run("r", "j", "Queued", now)
    storage._engine.rewrite = lambda statements: ["THROW 'rivers:lost'", *statements]
    with pytest.raises(Lost, match="kept changing"):
        storage.admit_runs(["r"], now)


@pytest.mark.rule("repository 3.4.2")
@pytest.mark.parametrize("end", ["Success", "Failure", "Canceled"])
def test_a_run_that_has_ended_is_started_again_and_ends_anew(storage, new_run, step, now, end):
    for run_id in ("before", "r", "after"):
        storage.create_run(new_run(run_id, "Started"), owner="me", lease_until=now)
    storage.record_events("r", step("a", now))
    if end == "Canceled":
        storage.cancel_run("r", now + 1)
    else:
        storage.finish_run("r", end, now + 1, error="E: x", traceback="tb")
    again = new_run("r", "Started", now + 5, tags=(("t", "1"),))
    assert storage.start_run_again(again, owner="you", lease_until=now + 9)
    run = storage.get_run("r")
    assert (run.status, run.start_time, run.started_at, run.end_time) == ("Started", now, now + 5, None)
    assert (run.error, run.traceback, run.tags) == (None, None, [("t", "1")])
    assert not storage.is_cancelled("r")
    assert storage.renew_leases("you", now + 20) == 1
    assert {run.run_id for run in storage.in_flight()} == {"before", "r", "after"}
    assert storage.get_runs(status=end) == []
    assert [run.run_id for run in storage.get_runs()] == ["after", "r", "before"]
    assert len(storage.get_events_for_run("r")) == 3
    for status in ("Failure", "Success"):
        assert storage.finish_run("r", status, now + 7)
        assert storage.get_run("r").end_time == now + 7
        assert [run.run_id for run in storage.get_runs(status=status)] == ["r"]
        storage.start_run_again(again, owner="you", lease_until=now + 9)


def test_the_events_since_a_run_began_anew_are_told_apart_also_at_the_same_instant(storage, new_run, step, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    assert storage.get_events_since_anew("r") == storage.get_events_since_anew("nobody") == []
    for round_, (name, anew, known) in enumerate((("a", True, 0), ("b", False, 3), ("c", True, 0), ("d", False, 3))):
        storage.finish_run("r", "Success", now)
        assert storage.start_run_again(new_run("r", "Started", now), owner="me", lease_until=now, anew=anew)
        assert len(storage.get_events_since_anew("r")) == known
        storage.record_events("r", step(name, now))
        assert len(storage.get_events_since_anew("r")) == known + 3
        assert len(storage.get_events_for_run("r")) == 3 * (round_ + 1)


@pytest.mark.rule("repository 3.4.6")
def test_what_waits_or_is_executed_is_not_started_again(storage, new_run, now):
    for status in ("Queued", "NotStarted"):
        storage._create_run(status, "j", status, now)
        assert not storage.start_run_again(new_run(status, "Started", now + 1), owner="me", lease_until=now + 9)
        assert storage.get_run(status).status == status
    storage.create_run(new_run("r", "Started"), owner=storage.session, lease_until=now + 9)
    assert not storage.start_run_again(new_run("r", "Started", now + 1), owner="me", lease_until=now + 9)
    assert not storage.start_run_again(new_run("nobody", "Started", now + 1), owner="me", lease_until=now + 9)
    assert storage.get_run("r").started_at == now


def test_the_run_of_a_dead_executor_is_started_again(storage, new_run, now):
    storage.create_run(new_run("r", "Started"), owner="0.7", lease_until=now + 10**12)
    assert storage.start_run_again(new_run("r", "Started", now + 1), owner=storage.session, lease_until=now + 9)
    assert storage.fail_orphans(now + 5, "x") == []
    assert storage.finish_run("r", "Success", now + 2)


def test_starting_again_keeps_the_way_through_the_queue_and_forgets_a_failed_launch(storage, new_run, now):
    storage._create_run("r", "j", "Queued", now)
    storage.admit_runs(["r"], now + 1)
    storage.fail_launch("r", "E: x", now + 2)
    assert storage.start_run_again(new_run("r", "Started", now + 3), owner=storage.session, lease_until=now + 9)
    assert [event.event_type for event in storage.get_events_for_run("r")] == ["RunQueued", "RunDequeued"]


def test_subscribers_are_told_that_a_run_started_again(storage, new_run, now):
    told = []
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.finish_run("r", "Failure", now + 1)
    storage.subscribe(told.extend)
    storage.start_run_again(new_run("r", "Started", now + 3), owner="me", lease_until=now + 9)
    assert told == [RunStarted(at=now + 3, run_id="r", job_name="job", launched_by=LaunchedBy.manual())]


def test_of_two_who_start_a_run_again_one_comes_too_late(storage, new_run, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.finish_run("r", "Failure", now + 1)
    engine = storage._engine

    def overtaken(statements):
        engine.rewrite = None
        assert storage.start_run_again(new_run("r", "Started", now + 2), owner=storage.session, lease_until=now + 9)
        return statements

    engine.rewrite = overtaken
    assert not storage.start_run_again(new_run("r", "Started", now + 3), owner="late", lease_until=now + 9)
    assert storage.get_run("r").started_at == now + 2


def test_a_start_that_is_always_overtaken_gives_up(storage, new_run, now):
    storage.create_run(new_run("r", "Started"), owner="me", lease_until=now)
    storage.finish_run("r", "Failure", now + 1)
    storage._engine.rewrite = lambda statements: ["THROW 'rivers:lost'", *statements]
    with pytest.raises(Lost, match="kept changing"):
        storage.start_run_again(new_run("r", "Started", now + 2), owner="me", lease_until=now + 9)
