"""A run that waits for slots hears of those that are given back, and of nothing else."""

from __future__ import annotations

import pytest

from rivers.execution.dispatch.slot_news import SlotNews
from rivers.storage import Storage


@pytest.fixture
def news(storage: Storage) -> SlotNews:
    storage.set_pool_limit("db", 1)
    storage.set_pool_limit("api", 1)
    for pool in ("db", "api"):
        assert storage._claim_concurrency_slots([(pool, 1)], "other", pool).is_claimed
    return SlotNews(storage)


DB = frozenset({"db"})
NONE: frozenset[str] = frozenset()


def test_what_was_given_back_before_is_asked_for_once_it_begins_to_listen(news: SlotNews) -> None:
    assert news.follow(DB) == {"db"}
    assert not news.follow(DB)
    assert news.follow(DB | {"api"}) == {"api"}
    assert not news.take()
    assert not news.follow(NONE)
    assert news.follow(DB) == {"db"}


def test_slots_that_are_freed_and_limits_that_change_are_news_of_the_pools_it_follows(
    news: SlotNews, storage: Storage
) -> None:
    news.follow(DB)
    storage._free_concurrency_slots("other", "api")
    storage.kv_set("k", b"")
    assert not news.take()
    storage._free_concurrency_slots("other", "db")
    assert news.interrupt.is_set
    assert news.take() == {"db"}
    assert not news.take()
    storage.set_pool_limit("db", 2)
    storage.set_pool_limit("api", 2)
    assert news.take() == {"db"}


def test_nobody_who_waits_hears_anything(news: SlotNews, storage: Storage) -> None:
    storage._free_concurrency_slots("other", "db")
    assert not news.take()
    news.follow(DB)
    storage.set_pool_limit("db", 2)
    news.follow(NONE)
    storage.set_pool_limit("db", 3)
    assert not news.take()
    assert not storage._engine.changes.wanted, "a writer builds no change when nobody listens"
