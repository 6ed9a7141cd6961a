"""Concurrency pools: claims, waiting, leases and limits."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from rivers.exceptions import StorageError, Superseded
from rivers.storage import Storage
from rivers.storage.changes import PoolLimitChanged, RunFailed, SlotsFreed

SECOND = 1_000_000_000


@dataclass
class _Time:
    """What a store asks a clock for."""

    at: int

    def now_ns(self) -> int:
        return self.at


@pytest.fixture
def time(now) -> _Time:
    return _Time(now)


@pytest.fixture
def pools(storage, time) -> Storage:
    """A store with the pools of the timelines, on a time that stands still."""
    bound = storage.bound(time, None)
    bound.set_pool_limit("db", 2)
    bound.set_pool_limit("api", 1)
    return bound


def _claim(pools, run, step, *requests, **options):
    return pools._claim_concurrency_slots([(pool, count) for pool, count in requests], run, step, **options)


def _claimed(pools, pool="db"):
    return pools.get_pool_info(pool).claimed_count


def _told(status):
    return status.status, status.position, status.reason and (status.reason.pool_key, status.reason.claimed)


def test_claims_fill_a_pool_and_a_repeated_one_counts_once(pools):
    first = _claim(pools, "r1", "s1", ("db", 1))
    assert (first.status, first.position, first.reason, first.is_claimed) == ("claimed", 0, None, True)
    assert _claimed(pools) == 1
    assert _claim(pools, "r1", "s1", ("db", 1)).is_claimed
    assert _claimed(pools) == 1
    assert _claim(pools, "r1", "s2", ("db", 1)).is_claimed
    assert _claimed(pools) == 2


@pytest.fixture
def full(pools) -> Storage:
    """Return the pools with no room left in ``db``."""
    for step in ("s1", "s2"):
        assert _claim(pools, "r1", step, ("db", 1)).is_claimed
    return pools


def test_claims_wait_and_their_position_counts_the_waiters(full):
    waiting = _claim(full, "r2", "s1", ("db", 1))
    assert _told(waiting) == ("pending", 1, ("db", 2))
    assert (waiting.reason.kind, waiting.reason.limit, waiting.is_claimed) == ("pool_full", 2, False)
    assert _claim(full, "r2", "s2", ("db", 1), priority=5).position == 2
    assert _claim(full, "r2", "s1", ("db", 1)).position == 2
    assert full.get_pool_info("db").pending_count == 2


@pytest.mark.rule("queue 2.1")
def test_a_claim_takes_all_its_pools_or_none(full):
    assert _told(_claim(full, "r3", "s", ("db", 1), ("api", 1))) == ("pending", 1, ("db", 2))
    assert _claimed(full, "api") == 0
    assert full.get_pool_info("api").pending_count == 1
    assert _claim(full, "r4", "s", ("api", 1)).is_claimed
    both = _claim(full, "r3", "s", ("db", 1), ("api", 1))
    assert (both.status, both.reason.kind) == ("pending", "pools_full")
    assert [(one.pool_key, one.claimed, one.limit) for one in both.reason.pools] == [("db", 2, 2), ("api", 1, 1)]
    assert (both.reason.pool_key, both.reason.claimed, both.reason.limit) == ("db", 2, 2)


@pytest.mark.rule("queue 2.5")
def test_a_newcomer_gets_what_others_have_waited_for(full):
    _claim(full, "r2", "s1", ("db", 1))
    full._free_concurrency_slots("r1", "s1")
    assert _claim(full, "r9", "s", ("db", 1)).is_claimed
    assert _claim(full, "r2", "s1", ("db", 1)).status == "pending"


@pytest.mark.rule("queue 2.6")
def test_more_than_the_limit_is_never_claimed(pools):
    assert _told(_claim(pools, "r", "s", ("db", 3))) == ("pending", 1, ("db", 0))
    assert _told(_claim(pools, "r", "s", ("db", 3))) == ("pending", 1, ("db", 0))


def test_freeing_a_run_ends_its_holding_and_its_waiting(full, rows_of):
    before = rows_of(full)
    full._free_concurrency_slots("r1", "s2")
    _claim(full, "r2", "holds", ("db", 1), ("api", 1))
    _claim(full, "r2", "waits", ("db", 1), ("api", 1))
    full._free_concurrency_slots_for_run("r2")
    assert [(_claimed(full, pool), full.get_pool_info(pool).pending_count) for pool in ("db", "api")] == [
        (1, 0),
        (0, 0),
    ]
    full._free_concurrency_slots_for_run("r2")
    full._free_concurrency_slots_for_run("nobody")
    full._free_concurrency_slots("nobody", "s")
    full._free_concurrency_slots_for_run("r1")
    after = rows_of(full)
    assert [after[table] for table in ("slot", "slot_wait", "slot_claim")] == [[], [], []]
    assert before["slot"]


@pytest.mark.rule("queue 2.11")
def test_an_expired_lease_stands_in_nobodys_way_and_is_collected_once(pools, time):
    _claim(pools, "r1", "s", ("api", 1), lease_duration="1s")
    time.at += SECOND - 1
    assert not _claim(pools, "r2", "s", ("api", 1)).is_claimed
    time.at += 1
    assert pools.get_pool_slot_holders("api") == []
    assert _claim(pools, "r2", "s", ("api", 1)).is_claimed
    assert pools._free_expired_leases() == 1
    assert pools._free_expired_leases() == 0
    assert [holder.run_id for holder in pools.get_pool_slot_holders("api")] == ["r2"]


def test_renewing_a_live_an_unknown_and_a_taken_lease(pools, time):
    _claim(pools, "r1", "s", ("api", 1), ("db", 1), lease_duration="10s")
    time.at += 9 * SECOND
    assert pools._renew_slot_lease("r1", "s", "10s") == 2
    assert {h.lease_expires_at for h in pools.get_pool_slot_holders("api")} == {time.at + 10 * SECOND}
    assert pools._renew_slot_lease("r1", "other") == pools._renew_slot_lease("nobody", "s") == 0
    time.at += 10 * SECOND
    assert _claim(pools, "r2", "s", ("api", 1)).is_claimed
    assert pools._renew_slot_lease("r1", "s") == 0
    assert [(_claimed(pools, pool)) for pool in ("api", "db")] == [1, 0]


@pytest.mark.rule("queue 2.4")
def test_a_lowered_limit_evicts_nobody_and_lets_nobody_in(full):
    full.set_pool_limit("db", 1)
    info = full.get_pool_info("db")
    assert (info.claimed_count, info.slot_limit) == (2, 1)
    refused = _claim(full, "new", "s", ("db", 1))
    assert (refused.status, refused.reason.claimed, refused.reason.limit) == ("pending", 2, 1)
    assert _claim(full, "r1", "s1", ("db", 1)).is_claimed, "what is held already is not taken away"


@pytest.mark.rule("queue 2.3")
def test_a_limit_of_0_lets_nobody_in_and_a_negative_one_everybody(pools):
    pools.set_pool_limit("closed", 0)
    pools.set_pool_limit("open", -1)
    refused = _claim(pools, "r", "s", ("closed", 1))
    assert (refused.status, refused.reason.claimed, refused.reason.limit) == ("pending", 0, 0)
    assert _claim(pools, "r", "t", ("open", 500)).is_claimed
    assert _claimed(pools, "open") == 500
    assert _claim(pools, "r", "u", ("closed", 0)).is_claimed


# -- limits ------------------------------------------------------------------------------------------------------------


def test_limits_are_listed_by_key_with_whole_seconds(pools):
    pools.set_pool_limit("zoo", -7, "1m 1500ms")
    pools.set_pool_limit("db", 4, lease_duration="999ms")
    assert [(one.pool_key, one.slot_limit, one.lease_duration_secs) for one in pools.get_pool_limits()] == [
        ("api", 1, 300),
        ("db", 4, 0),
        ("zoo", -7, 61),
    ]
    assert [info.pool_key for info in pools.get_all_pool_infos()] == ["api", "db", "zoo"]


@pytest.mark.rule("queue 2.3")
@pytest.mark.parametrize("limit", ["1", 1.0, None, True])
def test_a_limit_that_is_no_whole_number_is_a_type_error(pools, limit):
    with pytest.raises(TypeError, match="limit"):
        pools.set_pool_limit("db", limit)


def test_a_limit_that_the_store_cannot_hold_is_refused(pools):
    with pytest.raises(OverflowError):
        pools.set_pool_limit("db", 2**63)


@pytest.mark.rule("queue 2.3")
@pytest.mark.parametrize("call", ["set_pool_limit", "_claim_concurrency_slots", "_renew_slot_lease"])
def test_a_bad_duration_is_a_value_error(pools, call):
    arguments = {
        "set_pool_limit": ("db", 1),
        "_claim_concurrency_slots": ([("db", 1)], "r", "s"),
        "_renew_slot_lease": ("r", "s"),
    }[call]
    with pytest.raises(ValueError, match="lease_duration"):
        getattr(pools, call)(*arguments, lease_duration="soon")


def test_an_unknown_pool_is_named_and_nothing_is_recorded(pools, rows_of):
    before = rows_of(pools)
    with pytest.raises(StorageError, match=r"^pool 'nope' not configured$"):
        pools.get_pool_info("nope")
    with pytest.raises(StorageError, match=r"^pool 'nope' not configured$"):
        _claim(pools, "r", "s", ("db", 1), ("nope", 1))
    with pytest.raises(StorageError, match=r"^pools must not be empty$"):
        _claim(pools, "r", "s")
    with pytest.raises(OverflowError):
        _claim(pools, "r", "s", ("db", -1))
    assert rows_of(pools) == before
    assert pools.get_pool_slot_holders("nope") == []


def test_what_definitions_declare_replaces_what_is_there_once_in_a_process(new_storage):
    class Definitions:
        pass

    mine, others = Definitions(), Definitions()
    storage = new_storage()
    storage.set_pool_limit("db", 9, "1m")
    storage.register_pools({"db": 4, "api": -1}, definitions=mine)
    assert [(one.slot_limit, one.lease_duration_secs) for one in storage.get_pool_limits()] == [(-1, 300), (4, 300)]
    storage.set_pool_limit("db", 1)
    storage.register_pools({"db": 4, "new": 2}, definitions=mine)
    assert [one.slot_limit for one in storage.get_pool_limits()] == [-1, 1, 2]
    storage.register_pools({"db": 4}, definitions=others)
    assert storage.get_pool_info("db").slot_limit == 4


# -- claims ------------------------------------------------------------------------------------------------------------


def test_holders_come_oldest_first_with_their_lease(pools, time):
    start = time.at
    pools.set_pool_limit("db", 5)
    _claim(pools, "r2", "b", ("db", 1))
    _claim(pools, "r1", "a", ("db", 2), lease_duration="30s")
    time.at += SECOND
    _claim(pools, "r0", "c", ("db", 1))
    _claim(pools, "r2", "b", ("db", 1))
    holders = pools.get_pool_slot_holders("db")
    assert [(h.run_id, h.step_key, h.slots_consumed) for h in holders] == [
        ("r2", "b", 1),
        ("r1", "a", 2),
        ("r0", "c", 1),
    ]
    assert [h.claimed_at - start for h in holders] == [0, 0, SECOND]
    assert [h.lease_expires_at - start for h in holders] == [301 * SECOND, 30 * SECOND, 301 * SECOND]


def test_a_lease_below_a_second_is_over_at_once(pools):
    assert _claim(pools, "r", "s", ("api", 1), lease_duration="900ms").is_claimed
    assert _claim(pools, "r2", "s", ("api", 1)).is_claimed


def test_the_same_pool_asked_for_twice_is_judged_entry_by_entry(pools):
    assert _claim(pools, "r", "s", ("api", 1), ("api", 1)).is_claimed
    assert _claimed(pools, "api") == 1


def test_a_claim_for_another_number_of_slots_replaces_the_first(pools):
    _claim(pools, "r", "s", ("db", 1))
    assert _claim(pools, "r", "s", ("db", 2)).is_claimed
    assert _claimed(pools) == 2
    assert _claim(pools, "r", "s", ("db", 1)).is_claimed
    assert _claimed(pools) == 1


def test_a_step_that_claims_further_pools_keeps_those_it_has(pools):
    _claim(pools, "r", "s", ("db", 1))
    _claim(pools, "r", "s", ("api", 1))
    assert (_claimed(pools), _claimed(pools, "api")) == (1, 1)
    pools._free_concurrency_slots("r", "s")
    assert (_claimed(pools), _claimed(pools, "api")) == (0, 0)


def test_a_claim_that_waits_for_other_pools_than_before_waits_for_those_only(full):
    _claim(full, "r4", "s", ("api", 1))
    _claim(full, "r2", "s", ("db", 1))
    _claim(full, "r2", "s", ("api", 1))
    assert [full.get_pool_info(pool).pending_count for pool in ("db", "api")] == [0, 1]


def test_renewing_does_not_end_the_waiting_of_the_same_step(full):
    _claim(full, "r4", "s", ("api", 1))
    _claim(full, "r1", "s1", ("api", 1))
    assert full._renew_slot_lease("r1", "s1") == 1
    assert full.get_pool_info("api").pending_count == 1


def test_a_lease_that_is_over_is_renewed_while_there_is_room(pools, time):
    _claim(pools, "r", "s", ("api", 1), lease_duration="1s")
    time.at += 2 * SECOND
    assert _claimed(pools, "api") == 0
    assert pools._renew_slot_lease("r", "s", "1s") == 1
    assert _claimed(pools, "api") == 1
    time.at += 2 * SECOND
    assert pools._free_expired_leases() == 1
    assert pools._renew_slot_lease("r", "s", "1s") == 0


@pytest.mark.rule("queue 2.11")
def test_the_shortest_lease_of_the_pools_is_taken_when_none_is_given(pools, time):
    pools.set_pool_limit("api", 1, "20s")
    status, seconds = pools.claim_slots([("db", 1), ("api", 1)], "r", "s")
    assert (status.is_claimed, seconds) == (True, 20)
    assert pools.get_pool_slot_holders("db")[0].lease_expires_at == time.at + 20 * SECOND


def test_collecting_leaves_what_still_waits_and_what_is_still_held(full, time, rows_of):
    _claim(full, "r4", "s", ("api", 1), lease_duration="1s")
    _claim(full, "r4", "s", ("db", 1))
    _claim(full, "r5", "both", ("api", 0), lease_duration="1s")
    time.at += 2 * SECOND
    assert full._free_expired_leases() == 2
    rows = rows_of(full)
    assert [tuple(row["id"]) for row in rows["slot"]] == [("db", "r1", "s1"), ("db", "r1", "s2")]
    assert [tuple(row["id"]) for row in rows["slot_claim"]] == [("r1", "s1"), ("r1", "s2"), ("r4", "s")]
    assert full.get_pool_info("db").pending_count == 1


# -- others ------------------------------------------------------------------------------------------------------------


def test_subscribers_hear_of_limits_and_of_slots_that_are_free_again(pools, time):
    told = []
    pools.subscribe(told.extend)
    pools.set_pool_limit("db", 1)
    _claim(pools, "r", "s", ("db", 1), ("api", 1))
    _claim(pools, "r", "t", ("db", 1))
    pools._free_concurrency_slots("r", "t")
    pools._free_concurrency_slots("r", "s")
    _claim(pools, "r", "s", ("db", 1), lease_duration="1s")
    time.at += SECOND
    pools._free_expired_leases()
    began = time.at - SECOND
    assert told == [
        PoolLimitChanged(at=began, pool_key="db", limit=1),
        SlotsFreed(at=began, pool_key="db"),
        SlotsFreed(at=began, pool_key="api"),
        SlotsFreed(at=time.at, pool_key="db"),
    ]


@pytest.mark.rule("queue 2.13")
def test_the_slots_of_an_orphaned_run_are_freed_as_it_ends(full, new_run, time):
    full.create_run(new_run("r1", "Started"), owner="0.1", lease_until=time.at)
    told = []
    full.subscribe(told.extend)
    assert [run.run_id for run in full.fail_orphans(time.at, "dead")] == ["r1"]
    assert _claimed(full) == 0
    assert [type(change) for change in told] == [RunFailed, SlotsFreed]


def test_a_run_that_is_started_again_holds_nothing_of_before(full, new_run, time):
    full.create_run(new_run("r1", "Started"), owner="0.1", lease_until=time.at)
    assert full.start_run_again(new_run("r1", "Started", time.at), owner=full.session, lease_until=time.at)
    assert _claimed(full) == 0


def test_a_killed_session_claims_and_frees_nothing(full):
    full.supersede(full.session)
    with pytest.raises(Superseded):
        _claim(full, "r9", "s", ("api", 1))
    with pytest.raises(Superseded):
        full._free_concurrency_slots("r1", "s1")
    assert _claimed(full) == 2


def test_threads_that_claim_and_free_never_exceed_the_limit(pools):
    most: list[int] = []
    failures: list[BaseException] = []

    def work(run):
        try:
            for number in range(15):
                if _claim(pools, run, str(number), ("db", 1)).is_claimed:
                    most.append(_claimed(pools))
                    pools._free_concurrency_slots(run, str(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"r{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert 1 <= max(most) <= 2


def test_claims_outlive_the_store_that_took_them(tmp_path):
    with Storage.embedded(str(tmp_path / "s")) as first:
        first.set_pool_limit("db", 1)
        assert _claim(first, "r", "s", ("db", 1)).is_claimed
    with Storage.embedded(str(tmp_path / "s")) as second:
        assert not _claim(second, "r2", "s", ("db", 1)).is_claimed
        second._free_concurrency_slots_for_run("r")
        assert _claim(second, "r2", "s", ("db", 1)).is_claimed
