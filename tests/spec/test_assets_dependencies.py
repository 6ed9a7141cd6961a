"""``AssetDef.input``, ``AssetDef.dep``, and what they change when an asset runs."""

from __future__ import annotations

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


def up() -> int:
    return 1


@pytest.mark.rule("assets 3.1", "resources 3.1.8")
def test_an_input_is_loaded_and_a_dep_only_orders(build: Build) -> None:
    handler = Remembering()
    ran: list[str] = []

    @rs.Asset(deps=[rs.AssetDef.dep("later"), rs.AssetDef.input("given")])
    def first(given: int) -> int:
        ran.append("first")
        return given

    @rs.Asset(io_handler=handler)
    def later() -> int:
        ran.append("later")
        return 1

    @rs.Asset(io_handler=handler)
    def given() -> int:
        return 2

    repo = build(first, later, given)
    assert repo.materialize().materialized_assets[-1] == "first"
    assert ran == ["later", "first"]
    assert [context.asset_name for context in handler.inputs] == ["given"]
    assert repo.load_node("first") == 2


@pytest.mark.rule("assets 3.5")
@pytest.mark.parametrize("by_key", [True, False])
def test_the_handler_of_an_input_replaces_that_of_the_upstream_for_this_consumer_only(
    build: Build, by_key: bool
) -> None:
    own, replaced = Remembering(), Remembering()
    replaced.values["up"] = 100

    @rs.Asset(deps=[rs.AssetDef.input("up", io_handler="other" if by_key else replaced)])
    def changed(up: int) -> int:
        return up

    @rs.Asset
    def unchanged(up: int) -> int:
        return up

    repo = build(rs.Asset(io_handler=own)(up), changed, unchanged, resources={"other": replaced})
    repo.materialize()
    assert (repo.load_node("changed"), repo.load_node("unchanged")) == (100, 1)
    assert (own.values, replaced.values) == ({"up": 1}, {"up": 100})
    assert [context.downstream_asset for context in replaced.inputs] == ["changed"]


@pytest.mark.rule("assets 3.7")
def test_metadata_of_an_input_replace_those_of_the_upstream_for_this_load_only(build: Build) -> None:
    handler = Remembering()

    @rs.Asset(deps=[rs.AssetDef.input("up", metadata={"columns": "a"})])
    def changed(up: int) -> int:
        return up

    @rs.Asset
    def unchanged(up: int) -> int:
        return up

    source = rs.Asset(io_handler=handler, metadata={"table": "t", "columns": "*"})(up)
    build(source, changed, unchanged).materialize()
    seen = {context.downstream_asset: context.asset_metadata for context in handler.inputs}
    assert seen == {"changed": {"columns": "a"}, "unchanged": {"table": "t", "columns": "*"}}
    assert handler.outputs[0].asset_metadata == {"table": "t", "columns": "*"}


@pytest.mark.rule("assets 3.7")
@pytest.mark.parametrize("metadata", [None, {"table": "t"}])
def test_beside_a_handler_override_the_metadata_are_the_upstreams_own(
    build: Build, metadata: dict[str, str] | None
) -> None:
    replaced = Remembering()
    replaced.values["up"] = 1
    down = rs.Asset(name="down", deps=[rs.AssetDef.input("up", io_handler=replaced)])(lambda up: up)
    build(rs.Asset(metadata=metadata)(up), down).materialize()
    assert [context.asset_metadata for context in replaced.inputs] == [metadata]
