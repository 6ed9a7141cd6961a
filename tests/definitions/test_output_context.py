"""What an IO handler may say about the value that it stores."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.definitions.output_context import OutputContext


def test_metadata_is_merged_and_typed_and_the_version_is_handed_out_once() -> None:
    context = OutputContext("asset")
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
        ({1: 2}, "must be str, got int"),
        ({"a": 1, "b": [1]}, "Cannot coerce list to MetadataValue"),
    ],
)
def test_metadata_that_cannot_be_recorded_is_refused_whole(metadata: Any, text: str) -> None:
    context = OutputContext("asset")
    with pytest.raises(TypeError, match=text):
        context.add_output_metadata(metadata)
    assert context.output_metadata is None


def test_a_data_version_is_text() -> None:
    with pytest.raises(TypeError, match="data_version must be a str, got int"):
        OutputContext("asset").register_data_version(7)  # type: ignore[arg-type]
