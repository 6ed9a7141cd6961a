"""What a store knows of the definitions of a repository that was bound to it."""

from __future__ import annotations

import json

import rivers as rs
from rivers.storage import Storage
from rivers.storage.assets import TOPOLOGY_KEY
from rivers.storage.pools import UNLIMITED
from tests.repositories import Build


@rs.Asset(kinds=["table"], group="shop", code_version="2", tags=["daily"], pool="db")
def orders() -> int:
    return 1


@rs.Asset
def revenue(orders: int) -> int:
    return orders


def test_the_store_knows_what_is_made_from_what(build: Build, storage: Storage) -> None:
    build(orders, revenue)
    told = storage.kv_get(TOPOLOGY_KEY)
    assert told is not None
    assert json.loads(told) == {"orders": {"deps": []}, "revenue": {"deps": ["orders"]}}
    build(orders)
    told = storage.kv_get(TOPOLOGY_KEY)
    assert told is not None
    assert json.loads(told) == {"orders": {"deps": []}}


def test_the_record_of_an_asset_says_what_its_declaration_says(build: Build, storage: Storage) -> None:
    build(orders, revenue)
    record = storage.get_asset_record("orders")
    assert record is not None
    assert (record.kinds, record.group, record.code_version, record.tags) == (["table"], "shop", "2", ["daily"])
    assert storage.get_asset_record("revenue") is not None


def test_pools_have_the_limits_of_the_repository_or_none(build: Build, storage: Storage) -> None:
    build(orders, pool_limits={"api": 3})
    assert {limit.pool_key: limit.slot_limit for limit in storage.get_pool_limits()} == {"api": 3, "db": UNLIMITED}
