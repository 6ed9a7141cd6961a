"""Declared dependencies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rivers.definitions.assets.asset_def import AssetDef, DepDef
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping

PREVIOUS = PartitionMapping.time_window(-1)


def test_an_input_loads_and_a_dep_only_orders() -> None:
    loaded = AssetDef.input("x", PREVIOUS, "key", {"a": "b"})
    assert (loaded.name, loaded.is_input, loaded.partition_mapping) == ("x", True, PREVIOUS)
    assert (loaded.io_handler, loaded.metadata) == ("key", {"a": "b"})
    ordered = AssetDef.dep("y")
    assert (ordered.name, ordered.is_input, ordered.partition_mapping, ordered.metadata) == ("y", False, None, None)


def test_the_reprs_say_which() -> None:
    assert repr(AssetDef.input("x")) == "DepDef.input('x')"
    assert repr(AssetDef.dep("x")) == "DepDef.dep('x')"


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: AssetDef.input(3), TypeError),
        (lambda: AssetDef.dep(3), TypeError),
        (lambda: AssetDef.input("x", metadata={"a": 1}), TypeError),
        (lambda: AssetDef.input("x", io_handler=3), AssetDefinitionError),
    ],
)
def test_a_malformed_dependency_is_refused(build: Callable[[], DepDef], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        build()
