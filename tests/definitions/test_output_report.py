"""What a step and an IO handler may say about an output, each to the context that it is given."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.definitions.asset_contexts import AssetExecutionContext
from rivers.definitions.output_context import OutputContext
from rivers.definitions.output_report import OutputReport


@pytest.fixture(params=[OutputContext, AssetExecutionContext])
def context(request: pytest.FixtureRequest) -> OutputReport:
    return request.param("asset")


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
