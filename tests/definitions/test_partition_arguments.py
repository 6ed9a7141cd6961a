"""Partitions in declarations: which types are taken, and which outputs one function can compute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.tasks import Task
from rivers.definitions.partition_arguments import edge_mapping, edge_mappings, partitions_reference
from rivers.partitions import PartitionsDefinition
from rivers.partitions.mappings import PartitionMapping

DAILY = PartitionsDefinition.daily(datetime(2024, 1, 1))
IDENTITY = PartitionMapping.identity()


def both() -> dict[str, int]:
    return {}


def outputs(*definitions: Any) -> list[AssetDef]:
    return [AssetDef(name, partitions_def=each) for name, each in zip("abc", definitions, strict=False)]


def test_a_definition_its_name_and_nothing_are_references() -> None:
    assert [partitions_reference("a", each) for each in (DAILY, "daily", None)] == [DAILY, "daily", None]
    with pytest.raises(ValueError, match=r"asset 'a'.*PartitionsDefinition.*registry.*int"):
        partitions_reference("asset 'a'", 3)


def test_mappings_are_taken_as_they_are() -> None:
    assert (edge_mapping("x", IDENTITY), edge_mapping("x", None)) == (IDENTITY, None)
    assert (edge_mappings("x", {"up": IDENTITY}), edge_mappings("x", None)) == ({"up": IDENTITY}, {})


@pytest.mark.parametrize("given", [{3: IDENTITY}, {"up": "identity"}, IDENTITY, [("up", IDENTITY)]])
def test_what_is_no_dict_of_mappings_is_refused_by_its_owner(given: Any) -> None:
    with pytest.raises(TypeError, match="partition_mapping of task 't'"):
        Task(both, "t", partition_mapping=given)


@pytest.mark.parametrize("declare", [AssetDef.input, AssetDef.dep])
def test_the_mapping_of_a_dependency_must_be_one(declare: Any) -> None:
    with pytest.raises(TypeError, match=r"'up'.*PartitionMapping, got str"):
        declare("up", partition_mapping="identity")


@pytest.mark.rule("assets 6.10")
@pytest.mark.parametrize(
    ("definitions", "named"),
    [
        ((DAILY, PartitionsDefinition.static_(["x"])), r"'a' and 'b'.*TimeWindow and Static"),
        ((PartitionsDefinition.static_(["x"]), None, PartitionsDefinition.static_(["y"])), r"'a' and 'c'.*in common"),
        ((DAILY, PartitionsDefinition.hourly(datetime(2024, 1, 1))), r"'a' and 'b'.*in common.*daily.*hourly"),
    ],
)
def test_outputs_that_share_no_key_are_refused_by_name(definitions: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"multi-asset 'm': outputs {named}"):
        Asset.from_multi(both, outputs(*definitions), "m")


@pytest.mark.rule("assets 6.10")
@pytest.mark.parametrize(
    "definitions",
    [
        (DAILY, DAILY),
        (DAILY, None, PartitionsDefinition.daily(datetime(2030, 1, 1))),
        (PartitionsDefinition.static_(["x", "y"]), PartitionsDefinition.static_(["y", "z"])),
        (DAILY, "by its name"),
    ],
)
def test_outputs_that_share_a_key_may_have_partitions_of_their_own(definitions: Any) -> None:
    declared = Asset.from_multi(both, outputs(*definitions)).output_defs
    assert [each.partitions_def for each in declared] == list(definitions)


def test_a_definition_of_the_whole_spares_the_outputs_the_comparison() -> None:
    declared = Asset.from_multi(both, outputs(DAILY, PartitionsDefinition.static_(["x"])), partitions_def=DAILY)
    assert [each.partitions_def for each in declared.output_defs] == [DAILY, DAILY]
