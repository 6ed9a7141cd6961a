"""Asset records and staleness over a real store."""

from __future__ import annotations

import json

from rivers.records import AssetRecord
from rivers.storage.assets import TOPOLOGY_KEY


def test_definitions_are_registered_and_what_happened_is_kept(storage, step, now):
    defined = AssetRecord("a", tags=["t"], kinds=["k"], group="g", code_version="1", pool=[("db", 2)])
    storage.register_assets([defined])
    assert storage.get_asset_record("a") == defined
    storage.record_events("r", step("a", now, code_version="1"))
    storage.flush_events()
    storage.register_assets([AssetRecord("a", code_version="2")])
    record = storage.get_asset_record("a")
    assert (record.code_version, record.tags, record.pool) == ("2", [], [])
    assert (record.last_run_id, record.last_materialization_code_version) == ("r", "1")
    assert storage.get_asset_record("unknown") is None


def test_assets_are_found_by_tag_kind_and_group_in_order_of_key(storage):
    storage.register_assets(
        [
            AssetRecord("b", tags=["x", "y"], kinds=["sql"], group="g"),
            AssetRecord("a", tags=["x"], kinds=["py"], group="g"),
            AssetRecord("c"),
        ]
    )
    assert [record.asset_key for record in storage.get_assets_by_tag("x")] == ["a", "b"]
    assert [record.asset_key for record in storage.get_assets_by_kind("sql")] == ["b"]
    assert [record.asset_key for record in storage.get_assets_by_group("g")] == ["a", "b"]
    assert storage.get_assets_by_group("none") == []


def test_many_assets_are_read_page_by_page(storage):
    keys = [f"asset{number:04d}" for number in range(450)]
    storage.register_assets([AssetRecord(key) for key in keys])
    assert [record.asset_key for record in storage.get_asset_records()] == keys


def test_staleness_follows_the_topology_that_the_repository_wrote(storage, step, now):
    storage.register_assets([AssetRecord("a"), AssetRecord("b"), AssetRecord("c")])
    storage.kv_set(TOPOLOGY_KEY, json.dumps({"a": {"deps": []}, "b": {"deps": ["a"]}, "c": {"deps": ["b"]}}).encode())
    assert {key: status for key, (status, _) in storage.compute_staleness().items()} == dict.fromkeys("abc", "Missing")
    storage.record_events("r1", step("a", now, version="1"))
    storage.record_events("r1", step("b", now, version="1", input_data_versions=(("a", "1"),)))
    storage.record_events("r1", step("c", now, version="1", input_data_versions=(("b", "1"),)))
    assert {status for status, _ in storage.compute_staleness().values()} == {"UpToDate"}
    storage.record_events("r2", step("a", now, version="2"))
    staleness = storage.compute_staleness()
    assert staleness["a"] == ("UpToDate", [])
    assert staleness["b"][1][0].reason == "upstream 'a' has new data version"
    assert staleness["c"][1][0].reason == "upstream 'b' is stale"
