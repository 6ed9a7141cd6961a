"""Events and logs of runs, and the event groups they are written in."""

from __future__ import annotations

import pytest

from rivers.exceptions import Superseded
from rivers.records import NewEvent, StorageType
from rivers.storage.events import LogCursor
from rivers.storage.groups import GROUP_EVENTS_MAX, GROUP_SPAN_NS_MAX


def _types(events):
    return [event.event_type for event in events]


def test_events_come_back_as_recorded_oldest_first(storage, step, now):
    storage.record_events("r", [NewEvent("StepSlotClaimed", now, "a", metadata=(("pools", "db"),))])
    storage.record_events("r", step("a", now, code_version="c", input_data_versions=(("u", "1"),)))
    storage.record_events("r", [NewEvent("RunNote", now)])
    storage.record_events("r", step("b", now))
    events = storage.get_events_for_run("r")
    assert [(event.event_type, event.asset_key) for event in events] == [
        ("StepSlotClaimed", "a"),
        ("StepStart", "a"),
        ("Materialization", "a"),
        ("StepSuccess", "a"),
        ("RunNote", None),
        ("StepStart", "b"),
        ("Materialization", "b"),
        ("StepSuccess", "b"),
    ]
    materialization = events[2]
    assert materialization.metadata == [("rows", "3")]
    assert (materialization.data_version, materialization.code_version) == ("v1", "c")
    assert materialization.input_data_versions == [("u", "1")]
    assert (materialization.run_id, materialization.timestamp) == ("r", now + 1)
    assert len({event.id for event in events}) == 8
    assert storage.get_events_for_run("unknown") == []


def test_steps_that_interleave_keep_the_order_of_emission(storage, now):
    order = ["a", "b", "a", "c", "b", "a"]
    storage.record_events("r", [NewEvent(f"E{index}", now, asset) for index, asset in enumerate(order)])
    assert _types(storage.get_events_for_run("r")) == [f"E{index}" for index in range(6)]


def test_an_asset_shows_its_newest_events_first_over_runs_and_groups(storage, step, now):
    for run in range(5):
        storage.record_events(f"r{run}", step("a", now + 10 * run, version=f"v{run}"))
        storage.record_events(f"r{run}", step("other", now + 10 * run))
        if run % 2:
            storage.flush_events()
    events = storage.get_events_for_asset("a")
    assert len(events) == 15
    assert _types(events[:3]) == ["StepSuccess", "Materialization", "StepStart"]
    assert [event.run_id for event in events[::3]] == ["r4", "r3", "r2", "r1", "r0"]
    assert storage.get_events_for_asset("a", 4) == events[:4]
    assert storage.get_events_for_asset("a", 0) == []
    assert storage.get_events_for_asset("unknown") == []
    assert [event.id for event in events if event.run_id == "r3"][::-1] == [
        event.id for event in storage.get_events_for_run("r3") if event.asset_key == "a"
    ]
    with pytest.raises(OverflowError):
        storage.get_events_for_asset("a", -1)


def test_a_long_history_is_read_page_by_page(storage, now):
    for at in range(450):
        storage.record_events("r", [NewEvent("StepFailure", now + at, "a")])
        storage.flush_events()
    events = storage.get_events_for_asset("a", 1000)
    assert [event.timestamp - now for event in events] == list(reversed(range(450)))


def test_a_materialization_updates_the_record_and_an_observation_part_of_it(storage, step, now):
    storage.record_events("r1", step("a", now, version="v1", code_version="c1", input_data_versions=(("u", "7"),)))
    record = storage.get_asset_record("a")
    assert (record.last_run_id, record.last_timestamp, record.last_data_version) == ("r1", now + 1, "v1")
    assert record.last_event_id == storage.get_latest_materialization("a").id
    assert record.last_input_data_versions == [("u", "7")]
    storage.record_events("r2", [NewEvent("Observation", now + 9, "a", data_version="v2")])
    observed = storage.get_asset_record("a")
    assert (observed.last_run_id, observed.last_timestamp, observed.last_data_version) == ("r2", now + 9, "v2")
    assert observed.last_materialization_code_version == "c1"
    assert storage.get_latest_materialization("a").data_version == "v1"
    storage.record_events("r3", [NewEvent("Observation", now + 9, "external", data_version="v2")])
    assert storage.get_asset_record("external").last_data_version == "v2"
    assert storage.get_latest_materialization("external") is None


def test_the_newest_of_several_materializations_in_one_group_wins(storage, step, now):
    storage.record_events("r", [*step("a", now, version="v1"), *step("a", now + 5, version="v2")])
    assert storage.get_asset_record("a").last_data_version == "v2"
    assert storage.get_latest_materialization("a").timestamp == now + 6


def test_an_observation_and_a_materialization_of_one_group_settle_in_order(storage, step, now):
    observed = NewEvent("Observation", now + 9, "a", data_version="seen")
    storage.record_events("r", [*step("a", now, version="made"), observed])
    assert storage.get_asset_record("a").last_data_version == "seen"
    storage.record_events("r", [observed, *step("a", now + 20, version="made2")])
    assert storage.get_asset_record("a").last_data_version == "made2"


def test_a_failed_step_is_in_the_history_of_its_asset_and_changes_no_record(storage, now):
    storage.record_events("r", [NewEvent("StepStart", now, "a"), NewEvent("StepFailure", now, "a")])
    assert _types(storage.get_events_for_asset("a")) == ["StepFailure", "StepStart"]
    assert storage.get_asset_record("a") is None


def test_a_group_is_written_when_it_is_full(storage, now):
    transactions = []
    storage._engine.rewrite = lambda statements: transactions.append(1) or statements
    for _ in range(GROUP_EVENTS_MAX - 1):
        storage.record_events("r", [NewEvent("StepStart", now, "a")])
    assert not transactions
    storage.record_events("r", [NewEvent("StepStart", now, "a")])
    assert len(transactions) == 1
    storage.record_log("r", "a", now, "x" * 300_000, None, None)
    assert len(transactions) == 2


def test_where_a_crash_can_lose_a_group_it_is_written_when_a_step_ends_that_took_long(new_storage, now):
    """Or whoever kills a run of hours in its last step would do all of it again."""
    storage = new_storage()
    transactions = []
    storage._engine.rewrite = lambda statements: transactions.append(1) or statements
    almost, late = now + GROUP_SPAN_NS_MAX - 1, now + GROUP_SPAN_NS_MAX
    storage.record_events("r", [NewEvent("StepStart", now, "a"), NewEvent("StepSuccess", almost, "a")])
    storage.secure_events("r", now)
    storage.record_events("r", [NewEvent("StepStart", almost, "a"), NewEvent("StepSuccess", late, "a")])
    assert not transactions
    storage.secure_events("r", almost)
    assert len(transactions) == (storage.type == StorageType.Embedded)
    storage.record_events("r", [NewEvent("StepStart", late, "b"), NewEvent("StepSuccess", late, "b")])
    storage.secure_events("r", late)
    storage.secure_events("unknown", now)
    assert len(transactions) == (storage.type == StorageType.Embedded)
    storage.record_events("r", [NewEvent("StepSuccess", late, "began beside a")])
    storage.secure_events("r", now)
    assert len(transactions) == 2 * (storage.type == StorageType.Embedded)
    assert len(storage.get_events_for_run("r")) == 7


def test_reads_see_what_every_handle_has_recorded(storage, step, now):
    sibling = storage.bound(storage.clock, storage.ids)
    reads = [
        lambda: len(storage.get_events_for_run("r")) == 3,
        lambda: len(storage.get_events_for_asset("a")) >= 3,
        lambda: storage.get_latest_materialization("a") is not None,
        lambda: storage.get_asset_record("a") is not None,
        lambda: len(storage.get_asset_records()) == 1,
        lambda: storage.get_run_progress("r") == (1, 1),
        lambda: storage.compute_staleness()["a"][0] == "UpToDate",
    ]
    for number, read in enumerate(reads):
        sibling.record_events("r" if number == 0 else f"r{number}", step("a", now))
        if number == 5:
            sibling.record_events("r", [])
        assert read()
    sibling.record_log("r", "a", now, "out", None, None)
    assert len(storage.get_run_logs("r")) == 1


def test_a_kill_drops_the_open_group_and_refuses_what_comes_later(storage, step, now):
    sibling = storage.bound(storage.clock, storage.ids)
    sibling.record_events("r", step("a", now))
    storage.supersede(sibling.session)
    with pytest.raises(Superseded):
        sibling.record_events("r", step("a", now))
    with pytest.raises(Superseded):
        sibling.record_log("r", "a", now, "x", None, None)
    with pytest.raises(Superseded):
        sibling.finish_run("r", "Success", now)
    assert storage.get_events_for_run("r") == []
    assert storage.session in storage.live_sessions()
    assert sibling.session not in storage.live_sessions()


def test_logs_are_kept_verbatim_with_absent_streams_as_none(storage, now):
    storage.record_log("r", "a", now, "line 1\n\tline 2 é\n", None, "INFO x\n")
    storage.record_log("r", "b", now + 1, None, "err", None, traceback="Traceback")
    first, second = storage.get_run_logs("r")
    assert (first.step_key, first.stdout, first.stderr, first.logs) == ("a", "line 1\n\tline 2 é\n", None, "INFO x\n")
    assert (second.step_key, second.stderr, second.traceback, second.timestamp) == ("b", "err", "Traceback", now + 1)
    assert first.id != second.id
    assert storage.get_run_logs("unknown") == []


class Follower:
    """Reads what a run tells from cursor to cursor, and counts the rows and engine calls that it takes."""

    def __init__(self, storage, run_id):
        self.storage, self.run_id, self.cursor = storage, run_id, LogCursor()
        self.events, self.logs = [], []
        self.rows_read = self.calls = 0

    def look(self):
        """Read on. Returns how much was new."""
        engine = self.storage._engine
        self.storage.flush_events()
        query = engine.query

        def counted(sql, **variables):
            results = query(sql, **variables)
            self.calls += 1
            self.rows_read += sum(len(rows) for rows in results if isinstance(rows, list))
            return results

        engine.query = counted
        try:
            events, logs, self.cursor = self.storage.get_run_log_after(self.run_id, self.cursor)
        finally:
            engine.query = query
        self.events += events
        self.logs += logs
        return len(events) + len(logs)

    def has_missed_and_doubled_nothing(self):
        return self.events == self.storage.get_events_for_run(self.run_id) and self.logs == self.storage.get_run_logs(
            self.run_id
        )


def test_what_a_follower_reads_is_what_is_new_since_its_last_look(storage, step, now):
    follower = Follower(storage, "r")
    for look in range(20):
        storage.record_events("r", step("a", now + look))
        storage.record_log("r", "a", now + look, "out", None, None)
        storage.record_events("another", step("a", now + look))
        assert follower.look() == 4
        assert follower.look() == 0
    assert follower.has_missed_and_doubled_nothing()
    assert (follower.rows_read, follower.calls) == (40, 40), "a page of events and one of logs for each group, once"


def test_a_follower_misses_nothing_from_the_queue_to_the_end_whoever_executes_the_run(storage, new_run, step, now):
    follower = Follower(storage, "r")
    assert follower.look() == 0, "nobody knows the run yet"
    storage.create_run(new_run("r", "Queued"))
    assert follower.look() == 1
    storage.admit_runs(["r"], now + 1)
    storage.start_runs(["r"], owner=storage.session, at=now + 2, lease_until=now)
    storage.record_events("r", step("a", now + 3))
    assert follower.look() == 4, "the look closes a group that was open"
    storage.record_events("r", [NewEvent("StepStart", now + 4, "b")])
    storage.supersede(storage.session)
    assert follower.look() == 0, "what a killed session had not written has not happened"
    again = storage.bound(None, None)
    assert again.start_run_again(new_run("r", "Started", now + 5), owner=again.session, lease_until=now)
    assert follower.look() == 0
    again.record_log("r", "b", now + 6, "out", None, None)
    assert follower.look() == 1
    again.record_events("r", step("b", now + 6))
    again.finish_run("r", "Success", now + 9)
    assert follower.look() == 3
    assert follower.look() == 0
    assert _types(follower.events)[:3] == ["RunQueued", "RunDequeued", "StepStart"]
    assert follower.has_missed_and_doubled_nothing()


def test_a_follower_reads_of_a_launch_that_failed(storage, new_run, now):
    storage.create_run(new_run("r", "Queued"))
    follower = Follower(storage, "r")
    follower.look()
    storage.fail_launch("r", "no room", now + 1)
    assert follower.look() == 1
    assert _types(follower.events) == ["RunQueued", "RunLaunchFailed"]
    assert storage.start_run_again(new_run("r", "Started", now + 2), owner="me", lease_until=now)
    storage.record_events("r", [NewEvent("StepStart", now + 3, "a")])
    assert follower.look() == 1, "a run that is started again forgets the launch, and the follower goes on"


def test_a_log_alone_and_an_event_alone_move_the_cursor(storage, now):
    follower = Follower(storage, "r")
    storage.record_log("r", "a", now, "one", None, None)
    assert (follower.look(), follower.look()) == (1, 0)
    storage.record_events("r", [NewEvent("StepStart", now, "a")])
    assert (follower.look(), follower.look()) == (1, 0)
