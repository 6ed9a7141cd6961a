"""The ``Asset`` decorator, seen through a repository."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.recorded import types_of

PUBLIC = [
    "Asset",
    "SingleAsset",
    "MultiAsset",
    "GraphAsset",
    "ExternalAsset",
    "AssetDef",
    "DepDef",
    "SelfDependency",
    "Output",
    "Observation",
    "Materialization",
    "DynamicOutput",
    "Task",
    "BashTask",
    "InvokedNodeOutput",
    "AssetExecutionContext",
    "TaskExecutionContext",
    "MetadataValue",
    "Schema",
    "exceptions",
]


@pytest.mark.rule("assets 1.1")
@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_exported(name: str) -> None:
    assert getattr(rs, name) is not None
    assert name in dir(rs)


@pytest.mark.rule("assets 1.1")
def test_what_map_returns_is_a_type_but_no_export() -> None:
    assert "MappedOutput" not in dir(rs)
    with pytest.raises(AttributeError):
        rs.MappedOutput


@pytest.mark.rule("assets 1.10")
@pytest.mark.parametrize("name", ["a/b", "with space", "ünïcode", "a.b-c", "1", "a[0]"])
def test_any_name_runs_is_stored_and_is_loaded(build: Build, storage: rs.Storage, name: str) -> None:
    repo = build(rs.Asset(name=name)(lambda: 3))
    assert list(repo.assets) == [name]
    result = repo.materialize([name])
    assert result.materialized_assets == [name]
    assert repo.load_node(name) == 3
    assert types_of(storage, result.run_id, name) == ["StepStart", "Materialization", "StepSuccess"]


ASSETS: dict[str, Any] = {
    "is_single": rs.Asset(name="n")(lambda: 1),
    "is_multi": rs.Asset.from_multi(dict, [rs.AssetDef("o")], "n"),
    "is_graph": rs.Asset.from_graph(lambda: None, "n"),
    "is_external": rs.Asset.external(name="n", io_handler="h"),
}


@pytest.mark.rule("assets 1.7", "assets 1.24")
@pytest.mark.parametrize("kind", ASSETS)
@pytest.mark.parametrize(
    "attribute",
    [
        "name",
        "tags",
        "kinds",
        "group",
        "code_version",
        "metadata",
        "partitions_def",
        "partition_mapping",
        "hooks",
        "automation_condition",
        "pool",
        "observe_fn",
        "is_async",
        "is_single",
        "is_multi",
        "is_graph",
        "is_external",
    ],
)
def test_every_kind_of_asset_has_every_property_and_none_can_be_set(kind: str, attribute: str) -> None:
    asset = ASSETS[kind]
    value = getattr(asset, attribute)
    expected = {"name": "n", "kinds": [], "pool": [], "hooks": [], "is_async": False}
    if attribute.startswith("is_") and attribute != "is_async":
        assert value is (attribute == kind)
    else:
        assert value == expected.get(attribute)
    with pytest.raises(AttributeError):
        setattr(asset, attribute, value)
