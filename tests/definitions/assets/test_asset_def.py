"""The definition of one output, and the declaration of dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.asset_settings import DepDef
from rivers.exceptions import AssetDefinitionError
from rivers.io_handlers import InMemoryIOHandler
from rivers.partitions.mappings import PartitionMapping

IDENTITY, PREVIOUS = PartitionMapping.identity(), PartitionMapping.time_window(-1)


@pytest.mark.rule("assets 6.3")
def test_an_output_tells_what_it_was_given() -> None:
    handler = InMemoryIOHandler()
    output = AssetDef(
        "a", ["t"], "k", "g", "v", handler, {"m": "n"}, "daily", {"x": IDENTITY}, ["p", "q"], {"p": 2},
        [AssetDef.dep("d", PREVIOUS)], int,
    )  # fmt: skip
    assert (output.name, output.tags, output.kinds, output.group, output.code_version) == ("a", ["t"], ["k"], "g", "v")
    assert output.io_handler is handler
    assert (output.metadata, output.partitions_def) == ({"m": "n"}, "daily")
    assert output.partition_mapping == {"x": IDENTITY, "d": PREVIOUS}
    assert (output.pool, output.pool_slots) == ([("p", 2), ("q", 1)], {"p": 2})
    assert [dep.name for dep in output.deps] == ["d"]
    assert output.type_hint is int


def test_what_is_not_given_is_none_or_empty() -> None:
    output = AssetDef("a")
    assert (output.tags, output.group, output.code_version, output.io_handler, output.metadata) == (None,) * 5
    assert (output.partitions_def, output.partition_mapping, output.pool_slots, output.type_hint) == (None,) * 4
    assert (output.kinds, output.pool, output.deps) == ([], [], [])
    assert repr(output) == "AssetDef('a')"


@pytest.mark.rule("assets 6.3")
def test_outputs_are_equal_by_name() -> None:
    assert AssetDef("a", group="g") == AssetDef("a")
    assert AssetDef("a") != AssetDef("b")
    assert AssetDef("a") != "a"
    assert len({AssetDef("a", group="g"), AssetDef("a")}) == 1


@pytest.mark.rule("assets 6.3")
def test_attributes_are_read_only() -> None:
    for attribute in ("name", "tags", "pool", "deps"):
        with pytest.raises(AttributeError):
            setattr(AssetDef("a"), attribute, None)


@pytest.mark.rule("assets 6.4", "assets 6.11")
@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({}, AssetDefinitionError, "needs a name"),
        ({"name": ""}, AssetDefinitionError, "needs a name"),
        ({"name": 3}, TypeError, "name"),
        ({"name": "a", "type_hint": "int"}, AssetDefinitionError, "'a'.*type_hint|type_hint.*'a'"),
        ({"name": "a", "io_handler": 3}, AssetDefinitionError, "'a'"),
        ({"name": "a", "pool": ""}, AssetDefinitionError, "'a'"),
        ({"name": "a", "pool": "p", "pool_slots": {"q": 1}}, AssetDefinitionError, "'q'"),
        ({"name": "a", "tags": "t"}, TypeError, "tags"),
        ({"name": "a", "deps": ["b"]}, TypeError, "deps"),
        ({"name": "a", "retry": None}, TypeError, "retry"),
        ({"name": "a", "partitions_def": 3}, ValueError, "'a'.*PartitionsDefinition"),
        ({"name": "a", "partition_mapping": {"x": "identity"}}, TypeError, "'a'.*'x'"),
        ({"name": "a", "partition_mapping": IDENTITY}, TypeError, "'a'.*dict"),
    ],
)
def test_a_bad_output_is_refused(arguments: dict[str, Any], error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        AssetDef(**arguments)


@pytest.mark.rule("assets 3.3")
def test_input_and_dep_declare_dependencies() -> None:
    given, ordered = AssetDef.input("a", PREVIOUS, "h", {"k": "v"}), AssetDef.dep("b", IDENTITY)
    assert isinstance(given, DepDef)
    assert (given.name, given.partition_mapping, given.io_handler, given.metadata, given.is_input) == (
        *("a", PREVIOUS, "h", {"k": "v"}),
        True,
    )
    assert (ordered.name, ordered.partition_mapping, ordered.metadata, ordered.is_input) == ("b", IDENTITY, None, False)
    assert (repr(given), repr(ordered)) == ("DepDef.input('a')", "DepDef.dep('b')")
