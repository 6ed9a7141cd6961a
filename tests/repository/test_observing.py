"""Observing external assets."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.execution.test_step_kinds import Table
from tests.repositories import Build


def external(name: str, function: Any = None) -> Any:
    asset = rs.Asset.external(name=name, io_handler=Table())
    return asset if function is None else asset(function)


def counted(context: rs.AssetExecutionContext) -> rs.Observation:
    context.add_output_metadata({"rows": 1, "by": "context"})
    return rs.Observation(metadata={"rows": 2})


def seen() -> None: ...


EXPECTED = {
    "orders": {"by": rs.MetadataValue.text("context"), "rows": rs.MetadataValue.int(2)},
    "stock": {},
}


@pytest.mark.rule("repository 4.7")
def test_the_result_is_a_mapping_of_what_was_seen_and_the_result_of_a_run(build: Build) -> None:
    repo = build(external("orders", counted), external("stock", seen), external("silent"), rs.Asset(seen))
    result = repo.observe()
    assert result == EXPECTED
    assert isinstance(result, rs.RunResult)
    assert (result.success, result.materialized_assets, result.failed_assets) == (True, ["orders", "stock"], [])
    record = repo.storage.get_run(result.run_id)
    assert record is not None
    assert record.status == "Success"
    assert "observations" in repr(result)


@pytest.mark.rule("repository 4.8")
def test_only_those_named_are_observed_and_the_rest_is_passed_over(build: Build) -> None:
    repo = build(external("orders", counted), external("stock", seen), external("silent"), rs.Asset(seen))
    assert repo.observe(["stock", "silent", "seen", "unknown"]) == {"stock": {}}
    nothing = repo.observe(["silent"])
    assert (len(nothing), nothing.success) == (0, True)


@pytest.mark.rule("repository 4.8")
def test_what_an_observe_function_raises_comes_through_when_the_others_were_called(build: Build) -> None:
    def broken() -> None:
        raise ValueError("no table")

    repo = build(external("broken", broken), external("orders", counted))
    with pytest.raises(ValueError, match="no table"):
        repo.observe()
    assert repo.storage.get_asset_record("orders").last_timestamp is not None


def test_names_are_a_list(build: Build) -> None:
    with pytest.raises(TypeError, match="asset_names must be a list of names"):
        build(external("orders", counted)).observe("orders")
