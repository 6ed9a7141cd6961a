"""The rows behind slots: a grant holds only for the pools as they were read, and nothing is left behind."""

from __future__ import annotations

import pytest

from rivers.storage import Storage


def _claim(storage, run, *requests):
    return storage._claim_concurrency_slots(list(requests), run, "s")


@pytest.fixture
def half_full(storage) -> Storage:
    """A store with a pool of two slots, one of which is held."""
    storage.set_pool_limit("db", 2)
    assert _claim(storage, "r1", ("db", 1)).is_claimed
    return storage


def _interfered(storage, change):
    """Another process claims the last slot between the look of a claim and its grant, whose statements ``change``."""

    def interfere(statements):
        storage._engine.rewrite = None
        assert _claim(storage, "other", ("db", 1)).is_claimed
        return change(statements)

    storage._engine.rewrite = interfere
    return _claim(storage, "late", ("db", 1))


def test_a_pool_that_changed_since_it_was_read_is_looked_at_again(half_full):
    assert not _interfered(half_full, lambda statements: statements).is_claimed
    assert half_full.get_pool_info("db").claimed_count == 2


def test_the_test_above_sees_a_grant_without_its_guard(half_full):
    """Plant the mistake: the version is not compared."""
    unguarded = lambda statements: [one for one in statements if not one.startswith("IF $seen")]  # noqa: E731
    assert _interfered(half_full, unguarded).is_claimed
    assert half_full.get_pool_info("db").claimed_count == 3


def test_a_claim_that_waits_on_is_not_written_again(half_full):
    _claim(half_full, "r2", ("db", 2))
    written: list[str] = []
    half_full._engine.rewrite = lambda statements: written.extend(statements) or statements
    assert _claim(half_full, "r2", ("db", 2)).position == 1
    assert written == []


def test_many_claims_leave_no_row_behind(half_full, rows_of):
    half_full.set_pool_limit("open", -1)
    before = {table: len(rows) for table, rows in rows_of(half_full).items()}
    for number in range(20):
        run = f"run{number}"
        _claim(half_full, run, ("db", 2), ("open", 1))
        _claim(half_full, run, ("open", 1))
        half_full._free_concurrency_slots(run, "s")
    assert {table: len(rows) for table, rows in rows_of(half_full).items()} == before | {"slot_wait": 0}
