"""The judgement of staleness, as a table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rivers.records import AssetRecord, StaleCause
from rivers.storage.staleness import judge


def made(key, version="1", consumed=(), *, code=None, made_with=None):
    return AssetRecord(
        key,
        code_version=code,
        last_event_id="e",
        last_data_version=version,
        last_materialization_code_version=made_with,
        last_input_data_versions=list(consumed),
    )


def verdict(records, deps, key):
    return judge({record.asset_key: record for record in records}, deps)[key]


@pytest.mark.parametrize(
    ("code", "made_with", "stale"), [("1", "1", False), ("2", "1", True), ("1", None, True), (None, "1", False)]
)
def test_a_changed_code_version_is_a_cause(code, made_with, stale):
    status, causes = verdict([made("a", code=code, made_with=made_with)], {}, "a")
    assert (status, causes) == (
        ("Stale", [StaleCause("a", "Code", "code version changed")]) if stale else ("UpToDate", [])
    )


@pytest.mark.parametrize(
    ("upstream", "consumed", "reason"),
    [
        (made("up", "1"), [("up", "1")], None),
        (made("up", "2"), [("up", "1")], "upstream 'up' has new data version"),
        (made("up", "2"), [], "upstream 'up' has data not yet consumed"),
        (AssetRecord("up"), [], "upstream 'up' is stale"),
        (AssetRecord("up"), [("up", "1")], None),
        (made("up", "2", code="2", made_with="1"), [("up", "1")], "upstream 'up' is stale"),
        (made("other"), [("up", "1")], None),
    ],
)
def test_each_upstream_causes_at_most_one_thing(upstream, consumed, reason):
    status, causes = verdict([made("a", consumed=consumed), upstream], {"a": ["up"]}, "a")
    expected = [] if reason is None else [StaleCause("a", "Data", reason, "up")]
    assert (status, causes) == ("Stale" if expected else "UpToDate", expected)


def test_what_never_happened_is_missing_whatever_its_upstreams_are():
    assert verdict([AssetRecord("a", code_version="2"), made("up")], {"a": ["up"]}, "a") == ("Missing", [])


def test_staleness_goes_down_a_chain_longer_than_the_stack():
    keys = [f"k{number}" for number in range(5000)]
    records = [made(key, consumed=[(before, "1")]) for before, key in pairwise(keys)]
    deps = {key: [before] for before, key in pairwise(keys)}
    statuses = judge({r.asset_key: r for r in [*reversed(records), made("k0", "2")]}, deps)
    assert {status for status, _ in statuses.values()} == {"UpToDate", "Stale"}
    assert sum(status == "Stale" for status, _ in statuses.values()) == 4999


def test_a_cycle_in_an_old_topology_ends():
    statuses = judge({"a": made("a"), "b": made("b")}, {"a": ["b"], "b": ["a"]})
    assert sorted(statuses) == ["a", "b"]
