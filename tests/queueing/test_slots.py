"""The rule by which slots of pools are given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.queueing.pool_records import PoolBlockDetail
from rivers.queueing.slots import PoolUse, blockers, slots_by_pool, step_pools

FULL = PoolBlockDetail("p", 2, 2)


@pytest.mark.parametrize(
    ("wanted", "use", "expected"),
    [
        (1, PoolUse(2, held=1), []),
        (1, PoolUse(2, held=2), [FULL]),
        (3, PoolUse(2, held=2), [FULL]),
        (0, PoolUse(2, held=2), []),
        (0, PoolUse(0), []),
        (1, PoolUse(0), [PoolBlockDetail("p", 0, 0)]),
        (500, PoolUse(-1, held=500), []),
        (1, PoolUse(1, held=2), [PoolBlockDetail("p", 2, 1)]),
        (1, PoolUse(1, held=2, own=1), []),
        (2, PoolUse(2, held=2, own=1), [FULL]),
        (2, PoolUse(2, held=1, own=1), []),
    ],
)
def test_a_claim_needs_room_beside_what_others_hold(wanted, use, expected):
    assert blockers({"p": wanted}, {"p": use}) == expected


def test_every_pool_in_the_way_is_named_in_the_order_of_the_request():
    uses = {"b": PoolUse(1, 1), "free": PoolUse(5, 1), "a": PoolUse(2, 2)}
    assert [found.pool_key for found in blockers({"b": 1, "free": 1, "a": 1}, uses)] == ["b", "a"]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=40), st.integers(0, 5))
def test_whatever_is_claimed_and_freed_the_limit_holds(moves, limit):
    held: list[int] = []
    for wanted, frees in moves:
        if frees and held:
            held.pop()
        elif not blockers({"p": wanted}, {"p": PoolUse(limit, sum(held))}):
            held.append(wanted)
        assert sum(held) <= limit


def test_of_several_requests_for_one_pool_the_largest_counts():
    assert slots_by_pool([("a", 1), ("b", 2), ("a", 3)]) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("request_", "error"), [(("p", -1), OverflowError), (("p", 1.5), TypeError), ((3, 1), TypeError)]
)
def test_what_is_no_request_is_refused(request_, error):
    with pytest.raises(error):
        slots_by_pool([request_])


@pytest.mark.rule("assets 6.32")
def test_a_step_with_several_outputs_claims_the_most_that_one_of_them_asks_for():
    assert step_pools([[("db", 1), ("api", 2)], [("db", 3)], []]) == (("db", 3), ("api", 2))
