"""The results that an asset function may return instead of a plain value."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.values.results import Materialization, Observation, Output, SelfDependency
from rivers.exceptions import ResultDefinitionError


def test_absent_attributes_are_none() -> None:
    output = Output(3)
    assert (output.value, output.output_name, output.metadata, output.data_version, output.tags) == (3, *(None,) * 4)
    assert Output().value is None
    assert (Observation().output_name, Observation().metadata, Observation().data_version) == (None,) * 3
    assert Materialization().tags is None


@pytest.mark.rule("assets 4.8")
def test_metadata_is_kept_as_given() -> None:
    metadata = {"a": object()}
    assert Output(1, metadata=metadata).metadata is metadata


@pytest.mark.rule("assets 4.6")
def test_only_the_value_of_an_output_is_positional() -> None:
    with pytest.raises(TypeError):
        Output(1, "name")
    with pytest.raises(TypeError):
        Materialization("name")
    with pytest.raises(TypeError):
        Observation("name")


@pytest.mark.rule("assets 4.6")
def test_a_keyword_that_means_nothing_is_refused() -> None:
    for kind in (Output, Materialization, Observation):
        with pytest.raises(TypeError, match="unknown"):
            kind(unknown=1)
    with pytest.raises(TypeError, match="tags"):
        Observation(tags={})


@pytest.mark.rule("assets 4.7")
@pytest.mark.parametrize("error", [ResultDefinitionError, TypeError])
@pytest.mark.parametrize("keyword", ["output_name", "data_version", "metadata"])
@pytest.mark.parametrize("kind", [Output, Materialization, Observation])
def test_an_argument_of_the_wrong_type_is_refused_by_name(kind: Any, keyword: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{keyword} of {kind.__name__} must be"):
        kind(**{keyword: 3})


@pytest.mark.rule("assets 8.7")
def test_it_holds_the_previous_value_or_nothing() -> None:
    assert SelfDependency(3).get_inner() == 3
    assert SelfDependency[int]().get_inner() is None
