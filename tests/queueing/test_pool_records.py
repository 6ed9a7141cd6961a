"""How pools and claims are told."""

from __future__ import annotations

from rivers.queueing.pool_records import BlockReason, ConcurrencyClaimStatus, PoolBlockDetail

ONE = BlockReason.of([PoolBlockDetail("a", 1, 1)])
TWO = BlockReason.of([PoolBlockDetail("db", 2, 2), PoolBlockDetail("api", 1, 1)])


def test_one_pool_in_the_way_is_told_by_itself_and_several_in_a_list():
    assert (ONE.kind, ONE.pool_key, ONE.claimed, ONE.limit, ONE.pools) == ("pool_full", "a", 1, 1, [])
    assert (TWO.kind, TWO.pool_key, TWO.claimed, TWO.limit) == ("pools_full", "db", 2, 2)
    assert [(pool.pool_key, pool.claimed, pool.limit) for pool in TWO.pools] == [("db", 2, 2), ("api", 1, 1)]


def test_a_person_reads_which_pools_are_full():
    assert ONE.text == "pool 'a' full (1/1)"
    assert TWO.text == "pool 'db' full (2/2), pool 'api' full (1/1)"


def test_the_representation_says_what_is_known():
    pending = ConcurrencyClaimStatus("pending", 2, ONE)
    expected = "BlockReason.pool_full(pool_key='a', claimed=1, limit=1)"
    assert repr(pending) == f"ConcurrencyClaimStatus.Pending(position=2, reason={expected})"
    assert repr(TWO).startswith("BlockReason.pools_full(pools=[PoolBlockDetail(pool_key='db', claimed=2, limit=2), ")
    claimed = ConcurrencyClaimStatus("claimed")
    assert (repr(claimed), claimed.is_claimed, pending.is_claimed) == ("ConcurrencyClaimStatus.Claimed()", True, False)
