"""The reports of a step and an IO handler about an output."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.definitions.functions.asset_contexts import AssetExecutionContext
from rivers.definitions.values.output_report import OutputContext, OutputReport
from rivers.partitions import PartitionContext, PartitionKey, PartitionsDefinition


@pytest.fixture(params=[OutputContext, AssetExecutionContext])
def context(request: pytest.FixtureRequest) -> OutputReport:
    return request.param("asset")


@pytest.mark.rule("contexts 1.10", "contexts 1.12", "resources 3.1.3")
def test_metadata_is_merged_and_typed_and_the_version_is_handed_out_once(context: OutputReport) -> None:
    assert context.output_metadata is None
    context.add_output_metadata({"a": 1, "b": 1})
    context.add_output_metadata({"b": rs.MetadataValue.path("x.csv"), "c": None})
    assert context.output_metadata == {
        "a": rs.MetadataValue.int(1),
        "b": rs.MetadataValue.path("x.csv"),
        "c": rs.MetadataValue.null(),
    }
    context.register_data_version("v1")
    context.register_data_version("v2")
    assert (context.drain_data_version(), context.drain_data_version()) == ("v2", None)


@pytest.mark.rule("contexts 1.11")
@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ([("a", 1)], "must be a dict, got list"),
        (3, "must be a dict, got int"),
        ({1: 2}, "must be str, got int"),
        ({"a": 1, "b": [1]}, "Cannot coerce list to MetadataValue"),
    ],
)
def test_metadata_that_cannot_be_recorded_is_refused_whole(context: OutputReport, metadata: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        context.add_output_metadata(metadata)
    assert context.output_metadata is None


def test_a_data_version_is_text(context: OutputReport) -> None:
    with pytest.raises(TypeError, match="data_version must be a str, got int"):
        context.register_data_version(7)


@pytest.mark.rule("resources 3.1.3")
def test_a_context_made_by_hand_tells_what_it_was_given_and_nothing_else() -> None:
    bare = OutputContext("asset")
    assert (bare.asset_name, bare.asset_metadata, bare.partition, bare.type_hint) == ("asset", None, None, None)
    days = PartitionsDefinition.daily(datetime(2026, 1, 1))
    partition = PartitionContext([PartitionKey.single("2026-01-04")], days)
    full = OutputContext("asset", {"table": "t"}, partition, int)
    assert (full.asset_metadata, full.partition, full.type_hint) == ({"table": "t"}, partition, int)
    assert full.output_metadata is None
