"""Each checker of the crash test passes what is right and sees the mistake that it is there for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rivers.daemons.leases import ORPHANED
from rivers.durations import NANOS_PER_SECOND
from rivers.records import AssetRecord, LaunchedBy, RunRecord, StoredEvent, StoredTick, TriggerState
from tests.crash import checkers
from tests.crash.checkers import CHECKERS, Checker
from tests.crash.evidence import Evidence, Life, Line, Snapshot, read_lines

SECOND = NANOS_PER_SECOND
NIGHTLY, COUNTING = ("schedule", "nightly"), ("sensor", "counting")


def tick(trigger: tuple[str, str], seq: int, **facts) -> StoredTick:
    kind, name = trigger
    known = {"timestamp": seq * SECOND, **facts}
    return StoredTick(f"{name}-{seq}", name, kind.capitalize(), known.pop("status", "Success"), seq=seq, **known)


def run(run_id: str, status: str, by: LaunchedBy, **facts) -> RunRecord:
    return RunRecord(run_id, "j", status, facts.pop("start_time", SECOND), node_names=["a"], launched_by=by, **facts)


def events_of(run_id: str, at: int) -> list[StoredEvent]:
    kinds = ("StepStart", "Materialization", "StepSuccess")
    return [StoredEvent(f"{run_id}/{place}", kind, "a", run_id, None, at) for place, kind in enumerate(kinds)]


def told(kind: str, subject: str, at: int, **facts) -> Line:
    return {"kind": kind, "subject": subject, "at": at, "facts": facts}


def healthy() -> Evidence:
    """Two lives: in the first a run was left Started by the kill and one admitted, in the second one is at work."""
    nightly, counting = LaunchedBy.schedule("nightly"), LaunchedBy.sensor("counting")
    ended, orphan = {"admitted_at": SECOND, "started_at": SECOND, "end_time": 2 * SECOND}, {"error": ORPHANED}
    runs = [
        run("ended", "Success", nightly, **ended),
        run("orphan", "Failure", counting, run_key="k", **(ended | orphan | {"end_time": 12 * SECOND})),
        run("working", "Started", nightly, start_time=14 * SECOND, admitted_at=14 * SECOND, started_at=14 * SECOND),
        run("waiting", "Queued", counting, start_time=14 * SECOND),
    ]
    ticks = {
        NIGHTLY: {
            1: tick(NIGHTLY, 1, scheduled_at=SECOND, run_ids=["ended"]),
            2: tick(NIGHTLY, 2, status="Skipped", skip_reason="missed", scheduled_at=13 * SECOND, timestamp=13 * SECOND,
                    missed_first=2 * SECOND, missed_last=13 * SECOND, missed_count=12),
            3: tick(NIGHTLY, 3, scheduled_at=14 * SECOND, timestamp=14 * SECOND, run_ids=["working"]),
        },
        COUNTING: {
            1: tick(COUNTING, 1, cursor="1", run_ids=["orphan"]),
            2: tick(COUNTING, 2, cursor="2", timestamp=14 * SECOND, run_ids=["waiting"]),
        },
    }  # fmt: skip
    events = {"ended": events_of("ended", SECOND), "orphan": [], "working": [], "waiting": []}
    latest = events["ended"][1]
    found = Snapshot(
        triggers={
            NIGHTLY: TriggerState("schedule", "nightly", 3, None, 14 * SECOND, 14 * SECOND, None, "nightly-3"),
            COUNTING: TriggerState("sensor", "counting", 2, "2", None, 14 * SECOND, None, "counting-2"),
        },
        runs={each.run_id: each for each in runs},
        flights={"working": "3.2"},
        queue=["waiting"],
        outcomes={"orphan": "Failure"},
        run_keys={("sensor", "counting", "k"): "orphan"},
        run_events=events,
        asset_events={"a": events["ended"]},
        assets={"a": AssetRecord("a", last_event_id=latest.id, last_run_id="ended", last_timestamp=latest.timestamp)},
        latest={"a": latest},
    )
    lives = [
        Life(1, 2, boot=1, ended_at=10 * SECOND, lines=[
            told("tick", "nightly", SECOND, automation="Schedule", status="Success", seq=1, runs=["ended"],
                 scheduled_at=SECOND),
            told("tick", "counting", SECOND, automation="Sensor", status="Success", seq=1, runs=["orphan"]),
            told("run", "ended", SECOND, status="Started"),
            told("event", "a", SECOND, type="Materialization", run="ended"),
            told("run", "ended", 2 * SECOND, status="Success"),
        ]),
        Life(2, 1, boot=3, ended_at=15 * SECOND, lines=[
            told("tick", "counting", 14 * SECOND, automation="Sensor", status="Success", seq=2, runs=["waiting"]),
            told("run", "waiting", 14 * SECOND, status="Queued"),
        ]),
    ]  # fmt: skip
    return Evidence(
        lives=lives,
        found=found,
        ticks=ticks,
        left_started=[{"orphan"}, {"working"}],
        steps=[("ended", "a"), ("orphan", "a")],
        polls=[1, 2, 2],
    )


def test_no_checker_complains_about_what_is_right() -> None:
    assert {checker.__name__: checker(healthy()) for checker in CHECKERS} == {each.__name__: [] for each in CHECKERS}


def drop_the_told_tick(evidence: Evidence) -> None:
    del evidence.ticks[NIGHTLY][1]


def tell_another_run_of_a_tick(evidence: Evidence) -> None:
    evidence.lives[0].lines[0]["facts"]["runs"] = ["other"]


def lose_a_told_run(evidence: Evidence) -> None:
    del evidence.found.runs["ended"]


def take_a_told_status_back(evidence: Evidence) -> None:
    change_run(evidence, "ended", status="NotStarted")


def replace_a_told_end(evidence: Evidence) -> None:
    change_run(evidence, "ended", status="Failure")


def lose_a_told_event(evidence: Evidence) -> None:
    del evidence.found.run_events["ended"][1]


def leave_a_gap(evidence: Evidence) -> None:
    del evidence.ticks[COUNTING][1]


def move_the_state_without_its_tick(evidence: Evidence) -> None:
    evidence.found.triggers[COUNTING] = replace(evidence.found.triggers[COUNTING], cursor="3")


def fire_a_second_twice(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][4] = tick(NIGHTLY, 4, scheduled_at=14 * SECOND)


def fire_a_second_that_was_missed(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][4] = tick(NIGHTLY, 4, scheduled_at=5 * SECOND)


def leave_a_second_out(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][2] = replace(evidence.ticks[NIGHTLY][2], missed_first=3 * SECOND, missed_count=11)


def count_the_missed_wrong(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][2] = replace(evidence.ticks[NIGHTLY][2], missed_count=11)


def leave_the_checkpoint_behind(evidence: Evidence) -> None:
    evidence.found.triggers[NIGHTLY] = replace(evidence.found.triggers[NIGHTLY], checkpoint=13 * SECOND)


def use_a_key_twice(evidence: Evidence) -> None:
    change_run(evidence, "waiting", run_key="k")


def forget_a_key(evidence: Evidence) -> None:
    evidence.found.run_keys.clear()


def write_a_tick_without_its_run(evidence: Evidence) -> None:
    del evidence.found.runs["working"]


def write_a_run_without_its_tick(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][3] = replace(evidence.ticks[NIGHTLY][3], run_ids=[])


def name_a_run_in_two_ticks(evidence: Evidence) -> None:
    evidence.ticks[NIGHTLY][2] = replace(evidence.ticks[NIGHTLY][2], run_ids=["ended"])


def execute_an_orphan_again(evidence: Evidence) -> None:
    evidence.steps.append(("orphan", "a"))


def start_a_run_again(evidence: Evidence) -> None:
    evidence.lives[1].lines.append(told("run", "ended", 13 * SECOND, status="Started"))


def succeed_without_executing(evidence: Evidence) -> None:
    evidence.steps.remove(("ended", "a"))


def execute_before_the_start(evidence: Evidence) -> None:
    evidence.steps.append(("waiting", "a"))


def execute_what_is_not_there(evidence: Evidence) -> None:
    evidence.steps.append(("other", "a"))


def keep_an_old_cursor(evidence: Evidence) -> None:
    evidence.ticks[COUNTING][2] = replace(evidence.ticks[COUNTING][2], cursor="1")


def poll_with_a_replaced_cursor(evidence: Evidence) -> None:
    evidence.polls.append(1)


def poll_past_a_cursor(evidence: Evidence) -> None:
    evidence.polls.append(4)


def let_a_sensor_stick(evidence: Evidence) -> None:
    del evidence.lives[1].lines[0]


def leave_a_lease_to_the_dead(evidence: Evidence) -> None:
    evidence.found.flights["working"] = "1.2"


def leave_an_orphan_started(evidence: Evidence) -> None:
    change_run(evidence, "orphan", status="Started", error=None, end_time=None)


def give_an_orphan_no_reason(evidence: Evidence) -> None:
    change_run(evidence, "orphan", error="failed")


def end_a_living_run_as_an_orphan(evidence: Evidence) -> None:
    change_run(evidence, "ended", status="Failure", error=ORPHANED)


def admit_one_too_many(evidence: Evidence) -> None:
    change_run(evidence, "waiting", status="Started", admitted_at=14 * SECOND + 1, started_at=14 * SECOND + 1)


def admit_before_an_end(evidence: Evidence) -> None:
    change_run(evidence, "working", admitted_at=12 * SECOND - 1)


def keep_a_started_run_in_the_queue(evidence: Evidence) -> None:
    evidence.found.queue.append("working")


def lose_a_run_from_the_queue(evidence: Evidence) -> None:
    evidence.found.queue.clear()


def keep_an_ended_run_in_flight(evidence: Evidence) -> None:
    evidence.found.flights["ended"] = "3.2"


def start_without_an_owner(evidence: Evidence) -> None:
    evidence.found.flights["working"] = None


def forget_a_failure(evidence: Evidence) -> None:
    evidence.found.outcomes.clear()


def index_a_run_that_is_not_there(evidence: Evidence) -> None:
    evidence.found.queue.append("other")


def end_without_an_end(evidence: Evidence) -> None:
    change_run(evidence, "ended", end_time=None)


def strand_an_admitted_run(evidence: Evidence) -> None:
    change_run(evidence, "orphan", status="NotStarted", end_time=None)


def write_an_event_for_the_run_only(evidence: Evidence) -> None:
    evidence.found.asset_events["a"] = evidence.found.asset_events["a"][:2]


def show_an_asset_as_it_is_not(evidence: Evidence) -> None:
    evidence.found.assets["a"] = replace(evidence.found.assets["a"], last_run_id="orphan")


def show_a_materialization_that_is_not_there(evidence: Evidence) -> None:
    evidence.found.run_events["ended"].pop(1)
    evidence.found.asset_events["a"] = evidence.found.run_events["ended"]


def show_nothing_of_an_asset(evidence: Evidence) -> None:
    evidence.found.assets["a"], evidence.found.latest["a"] = AssetRecord("a"), None


def succeed_with_half_the_events(evidence: Evidence) -> None:
    del evidence.found.run_events["ended"][2]


def change_run(evidence: Evidence, run_id: str, **facts) -> None:
    evidence.found.runs[run_id] = replace(evidence.found.runs[run_id], **facts)


MISTAKES: list[tuple[Checker, Callable[[Evidence], None]]] = [
    (checkers.every_told_tick_is_found, drop_the_told_tick),
    (checkers.every_told_tick_is_found, tell_another_run_of_a_tick),
    (checkers.every_told_status_was_reached, lose_a_told_run),
    (checkers.every_told_status_was_reached, take_a_told_status_back),
    (checkers.every_told_status_was_reached, replace_a_told_end),
    (checkers.every_told_event_is_found, lose_a_told_event),
    (checkers.ticks_are_numbered_without_gaps, leave_a_gap),
    (checkers.ticks_are_numbered_without_gaps, move_the_state_without_its_tick),
    (checkers.each_scheduled_time_is_dealt_with_once, fire_a_second_twice),
    (checkers.each_scheduled_time_is_dealt_with_once, fire_a_second_that_was_missed),
    (checkers.each_scheduled_time_is_dealt_with_once, leave_a_second_out),
    (checkers.each_scheduled_time_is_dealt_with_once, count_the_missed_wrong),
    (checkers.each_scheduled_time_is_dealt_with_once, leave_the_checkpoint_behind),
    (checkers.no_run_key_has_two_runs, use_a_key_twice),
    (checkers.no_run_key_has_two_runs, forget_a_key),
    (checkers.ticks_and_runs_name_each_other, write_a_tick_without_its_run),
    (checkers.ticks_and_runs_name_each_other, write_a_run_without_its_tick),
    (checkers.ticks_and_runs_name_each_other, name_a_run_in_two_ticks),
    (checkers.no_run_is_executed_twice, execute_an_orphan_again),
    (checkers.no_run_is_executed_twice, start_a_run_again),
    (checkers.execution_is_what_the_store_says, succeed_without_executing),
    (checkers.execution_is_what_the_store_says, execute_before_the_start),
    (checkers.execution_is_what_the_store_says, execute_what_is_not_there),
    (checkers.no_cursor_moves_back, keep_an_old_cursor),
    (checkers.no_cursor_moves_back, poll_with_a_replaced_cursor),
    (checkers.no_cursor_moves_back, poll_past_a_cursor),
    (checkers.every_sensor_goes_on, let_a_sensor_stick),
    (checkers.nobody_dead_holds_a_run, leave_a_lease_to_the_dead),
    (checkers.orphans_fail_with_the_reason, leave_an_orphan_started),
    (checkers.orphans_fail_with_the_reason, give_an_orphan_no_reason),
    (checkers.orphans_fail_with_the_reason, end_a_living_run_as_an_orphan),
    (checkers.limits_hold, admit_one_too_many),
    (checkers.limits_hold, admit_before_an_end),
    (checkers.indexes_agree_with_runs, keep_a_started_run_in_the_queue),
    (checkers.indexes_agree_with_runs, lose_a_run_from_the_queue),
    (checkers.indexes_agree_with_runs, keep_an_ended_run_in_flight),
    (checkers.indexes_agree_with_runs, start_without_an_owner),
    (checkers.indexes_agree_with_runs, forget_a_failure),
    (checkers.indexes_agree_with_runs, index_a_run_that_is_not_there),
    (checkers.indexes_agree_with_runs, end_without_an_end),
    (checkers.what_was_admitted_is_launched_again, strand_an_admitted_run),
    (checkers.assets_agree_with_events, write_an_event_for_the_run_only),
    (checkers.assets_agree_with_events, show_an_asset_as_it_is_not),
    (checkers.assets_agree_with_events, show_a_materialization_that_is_not_there),
    (checkers.assets_agree_with_events, show_nothing_of_an_asset),
    (checkers.success_has_all_its_events, succeed_with_half_the_events),
]


@pytest.mark.parametrize(("checker", "plant"), MISTAKES, ids=lambda each: each.__name__)
def test_a_planted_mistake_is_seen(checker: Checker, plant: Callable[[Evidence], None]) -> None:
    evidence = healthy()
    plant(evidence)
    assert checker(evidence)


def test_a_tick_that_reads_otherwise_later_is_a_contradiction() -> None:
    evidence, found = Evidence(), Snapshot(ticks={NIGHTLY: [tick(NIGHTLY, 1)]})
    evidence.add(Life(1, None), found, [], [])
    assert checkers.nothing_final_changed(evidence) == []
    evidence.add(Life(2, None), Snapshot(ticks={NIGHTLY: [tick(NIGHTLY, 1, cursor="x")]}), [], [])
    assert checkers.nothing_final_changed(evidence)


@pytest.mark.parametrize("later", [{}, {"r": run("r", "Failure", LaunchedBy.manual())}])
def test_a_run_that_had_ended_and_reads_otherwise_later_is_a_contradiction(later: dict[str, RunRecord]) -> None:
    evidence = Evidence()
    evidence.add(Life(1, None), Snapshot(runs={"r": run("r", "Success", LaunchedBy.manual())}), [], [])
    evidence.add(Life(2, None), Snapshot(runs=later), [], [])
    assert checkers.nothing_final_changed(evidence)


def test_every_checker_has_a_mistake_planted_for_it() -> None:
    planted = {checker for checker, _ in MISTAKES}
    assert [checker.__name__ for checker in CHECKERS if checker not in planted] == ["nothing_final_changed"]


def test_a_line_that_the_kill_has_cut_short_is_no_line() -> None:
    assert read_lines(b'{"kind": "tick"}\n{"kind": "ru') == [{"kind": "tick"}]
