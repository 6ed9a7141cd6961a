"""What an asset function may return instead of a plain value."""

from __future__ import annotations

import pytest

from rivers.definitions.results import Materialization, Observation, Output


def test_absent_attributes_are_none() -> None:
    output = Output(3)
    assert (output.value, output.output_name, output.metadata, output.data_version, output.tags) == (3, *(None,) * 4)
    assert Output().value is None
    assert (Observation().output_name, Observation().metadata, Observation().data_version) == (None,) * 3
    assert Materialization().tags is None


def test_metadata_is_kept_as_given() -> None:
    metadata = {"a": object()}
    assert Output(1, metadata=metadata).metadata is metadata


def test_only_the_value_of_an_output_is_positional() -> None:
    with pytest.raises(TypeError):
        Output(1, "name")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Materialization("name")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Observation("name")  # type: ignore[misc]
