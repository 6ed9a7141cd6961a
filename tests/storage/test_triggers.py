"""Triggers, ticks, run keys and group commit."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError, Superseded
from rivers.records import TriggerState
from rivers.storage.faults import OutcomeUnknown


def _seqs(storage, name, **how):
    return [tick.seq for tick in storage.get_ticks(name, **how)]


def test_missing_triggers_are_created_with_the_checkpoint_and_others_left_alone(storage, decision, now):
    storage.ensure_triggers("schedule", ["a"], now)
    storage.commit_ticks([decision("a", 1, checkpoint=now + 7, cursor="c")], retain=None)
    states = storage.ensure_triggers("schedule", ["a", "b"], now + 50)
    assert states["a"] == TriggerState("schedule", "a", 1, "c", now + 7, now + 1, None, "schedule/a/1")
    assert states["b"] == TriggerState("schedule", "b", checkpoint=now + 50)
    assert storage.trigger_states("schedule") == states
    assert storage.ensure_triggers("sensor", [], None) == {}
    assert storage.ensure_triggers("sensor", ["s"], None) == {"s": TriggerState("sensor", "s")}
    assert storage.trigger_state("condition", "a") is None


def test_a_tick_carries_everything_it_was_given(storage, decision, new_run, now):
    asked = decision("a", 1, runs=(new_run("r", run_key="k"),), cursor="5", checkpoint=now)
    assert storage.commit_ticks([asked], retain=5) == [asked]
    assert storage.get_ticks("a") == [asked.tick]
    assert storage.get_run("r").run_key == "k"
    assert storage.used_run_keys("schedule", "a", ["k", "other"]) == {"k": "r"}
    assert storage.used_run_keys("sensor", "a", ["k"]) == {}
    assert storage.used_run_keys("schedule", "a", []) == {}


def test_a_tick_without_a_checkpoint_leaves_the_old_one(storage, decision, now):
    storage.commit_ticks([decision("a", 1, checkpoint=now)], retain=None)
    storage.commit_ticks([decision("a", 2)], retain=None)
    assert storage.trigger_state("schedule", "a").checkpoint == now


def test_a_schedule_and_a_sensor_may_share_a_name(storage, decision, now):
    storage.commit_ticks(
        [decision("a", 1), decision("a", 2), decision("a", 1, kind="sensor", at=now + 100)], retain=None
    )
    assert [(tick.automation_type, tick.seq) for tick in storage.get_ticks("a")] == [
        ("Sensor", 1),
        ("Schedule", 2),
        ("Schedule", 1),
    ]
    assert len(storage.get_ticks("a", 1)) == 1
    assert storage.get_ticks("a", 0) == []
    assert storage.get_ticks("unknown") == []
    with pytest.raises(OverflowError):
        storage.get_ticks("a", -1)


def test_a_queued_run_of_a_tick_is_in_the_queue_and_has_its_event(storage, decision, new_run):
    storage.commit_ticks([decision("a", 1, runs=(new_run("r", "Queued"),))], retain=None)
    assert [run.run_id for run in storage.get_queued_runs()] == ["r"]
    assert [event.event_type for event in storage.get_events_for_run("r")] == ["RunQueued"]


@pytest.mark.parametrize("stale", [0, 1, 3, 9])
def test_a_decision_on_another_sequence_than_the_newest_is_lost(storage, decision, rows_of, stale):
    storage.commit_ticks([decision("a", 1), decision("a", 2)], retain=None)
    before = rows_of(storage)
    assert storage.commit_ticks([decision("a", stale + 1, id="other")], retain=None) == []
    assert rows_of(storage) == before


def test_a_lost_decision_takes_no_other_of_its_group_with_it(storage, decision, new_run):
    storage.commit_ticks([decision("a", 1)], retain=None)
    group = [decision("b", 1, runs=(new_run("rb"),)), decision("a", 1, id="late"), decision("c", 1)]
    assert storage.commit_ticks(group, retain=None) == [group[0], group[2]]
    assert storage.trigger_state("schedule", "a").decision_id == "schedule/a/1"
    assert storage.get_run("rb") is not None


def test_a_used_run_key_fails_its_decision_only(storage, decision, new_run):
    storage.commit_ticks([decision("a", 1, runs=(new_run("r1", run_key="k"),))], retain=None)
    group = [decision("a", 2, runs=(new_run("r2", run_key="k"),)), decision("b", 1, runs=(new_run("r3", run_key="k"),))]
    assert storage.commit_ticks(group, retain=None) == [group[1]]
    assert storage.get_run("r2") is None
    assert _seqs(storage, "a") == [1]


def test_a_group_already_committed_is_recognised_by_its_decision_id(storage, decision):
    """The reply to a group was lost: it is replayed one by one, and every decision is found to be there."""
    group = [decision(f"s{index}", 1) for index in range(3)]
    original = storage._engine.transact

    def lose_the_reply(session, statements, variables):
        storage._engine.transact = original
        original(session, statements, variables)
        raise OutcomeUnknown("connection lost")

    storage._engine.transact = lose_the_reply
    assert storage.commit_ticks(group, retain=None) == group
    assert [_seqs(storage, f"s{index}") for index in range(3)] == [[1], [1], [1]]


def test_a_group_that_never_arrived_is_committed_on_replay(storage, decision):
    group = [decision(f"s{index}", 1) for index in range(3)]
    original = storage._engine.transact

    def lose_the_request(session, statements, variables):
        storage._engine.transact = original
        raise OutcomeUnknown("connection lost")

    storage._engine.transact = lose_the_request
    assert storage.commit_ticks(group, retain=None) == group
    assert _seqs(storage, "s2") == [1]


def test_more_decisions_than_a_group_holds_are_all_committed(storage, decision):
    decisions = [decision(f"s{index}", 1) for index in range(120)]
    transactions = []
    storage._engine.rewrite = lambda statements: transactions.append(1) or statements
    assert storage.commit_ticks(decisions, retain=None) == decisions
    assert len(transactions) == 3
    assert len(storage.trigger_states("schedule")) == 120


@pytest.mark.parametrize("retain", [0, 1, 3])
def test_only_the_newest_ticks_of_each_trigger_are_kept(storage, decision, retain):
    for seq in range(1, 8):
        group = [decision("a", seq), decision("b", seq), decision("a", seq, kind="sensor")]
        assert len(storage.commit_ticks(group, retain=retain)) == 3
        for name in ("a", "b"):
            ticks = [tick.seq for tick in storage.get_ticks(name) if tick.automation_type == "Schedule"]
            assert ticks == list(range(seq, max(0, seq - retain), -1))


def test_a_smaller_limit_prunes_what_a_larger_one_and_another_handle_left(storage, decision):
    sibling = storage.bound(storage.clock, storage.ids)
    for seq in range(1, 21):
        sibling.commit_ticks([decision("a", seq)], retain=15)
    storage.commit_ticks([decision("a", 21)], retain=2)
    assert _seqs(storage, "a") == [21, 20]
    storage.commit_ticks([decision("a", 22)], retain=None)
    storage.commit_ticks([decision("a", 23)], retain=2)
    assert _seqs(storage, "a") == [23, 22]


def test_pruning_is_undone_with_its_transaction_and_done_again_later(storage, decision):
    for seq in range(1, 4):
        storage.commit_ticks([decision("a", seq)], retain=3)
    storage._engine.rewrite = lambda statements: [*statements, "THROW 'planted'"]
    with pytest.raises(StorageError, match="planted"):
        storage.commit_ticks([decision("a", 4)], retain=3)
    storage._engine.rewrite = None
    assert _seqs(storage, "a") == [3, 2, 1]
    storage.commit_ticks([decision("a", 4)], retain=3)
    assert _seqs(storage, "a") == [4, 3, 2]


def test_a_choice_is_kept_and_may_move_the_checkpoint(storage, decision, now):
    assert storage.set_trigger_choice("schedule", "a", "stopped", now).choice == "stopped"
    storage.commit_ticks([decision("a", 1, checkpoint=now)], retain=None)
    state = storage.set_trigger_choice("schedule", "a", "running", now, checkpoint=now + 9)
    assert (state.choice, state.checkpoint, state.last_seq) == ("running", now + 9, 1)
    assert storage.set_trigger_choice("schedule", "a", None, now).choice is None


def test_checkpoints_move_without_a_tick(storage, decision, now):
    storage.commit_ticks([decision("a", 1, checkpoint=now, cursor="c")], retain=None)
    storage.set_checkpoints("schedule", {"a": now + 5, "new": now + 6})
    storage.set_checkpoints("schedule", {})
    states = storage.trigger_states("schedule")
    assert (states["a"].checkpoint, states["a"].last_seq, states["a"].cursor) == (now + 5, 1, "c")
    assert states["new"].checkpoint == now + 6


def test_a_superseded_session_commits_nothing_and_does_not_try_one_by_one(storage, decision):
    sibling = storage.bound(storage.clock, storage.ids)
    storage.supersede(sibling.session)
    with pytest.raises(Superseded):
        sibling.commit_ticks([decision("a", 1)], retain=None)
    assert storage.trigger_state("schedule", "a") is None
