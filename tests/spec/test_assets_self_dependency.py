"""An asset that reads its own previous value. Partitions are tested elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Refusing, Remembering


@pytest.mark.rule("assets 8.1")
def test_a_previous_value_of_none_or_nothing_look_alike(build: Build) -> None:
    @rs.Asset
    def a(self: rs.SelfDependency[Any]) -> Any:
        return self.get_inner()

    repo = build(a)
    repo.materialize()
    repo.materialize()
    assert repo.load_node("a") is None


@pytest.mark.rule("assets 8.1")
def test_it_stands_beside_a_context_and_other_inputs(build: Build) -> None:
    @rs.Asset
    def up() -> int:
        return 10

    @rs.Asset
    async def a(context: rs.AssetExecutionContext, self: rs.SelfDependency[int], up: int) -> Any:
        return context.asset_name, self.get_inner(), up

    repo = build(up, a)
    repo.materialize()
    assert repo.load_node("a") == ("a", None, 10)


@pytest.mark.rule("assets 8.3")
def test_it_is_loaded_through_the_handler_of_the_asset_as_its_own_consumer(build: Build) -> None:
    handler = Remembering()

    @rs.Asset(io_handler=handler, metadata={"table": "t"})
    def a(self: rs.SelfDependency[list[int]]) -> list[int]:
        return [*(self.get_inner() or []), 1]

    repo = build(a)
    repo.materialize()
    repo.materialize()
    assert handler.values == {"a": [1, 1]}
    for context in handler.inputs:
        assert (context.asset_name, context.downstream_asset, context.partition) == ("a", "a", None)
        assert context.type_hint == list[int]


@pytest.mark.rule("assets 8.4")
def test_whatever_the_handler_raises_means_no_previous_value(build: Build) -> None:
    class WriteOnly(Refusing):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

    seen: list[Any] = []

    @rs.Asset(io_handler=WriteOnly())
    def a(self: rs.SelfDependency[int]) -> int:
        seen.append(self.get_inner())
        return 1

    assert build(a).materialize().success
    assert seen == [None]


@pytest.mark.rule("assets 8.6")
def test_there_is_no_edge_and_downstreams_see_the_new_value(build: Build, storage: rs.Storage) -> None:
    @rs.Asset
    def a(self: rs.SelfDependency[int]) -> int:
        return (self.get_inner() or 0) + 1

    @rs.Asset
    def down(a: int) -> int:
        return a * 10

    repo = build(a, down)
    repo.materialize()
    result = repo.materialize()
    assert result.materialized_assets == ["a", "down"]
    assert repo.load_node("down") == 20
    topology = storage.kv_get("topology")
    assert topology is not None
    assert b'"a": {"deps": []}' in topology or b'"a":{"deps":[]}' in topology
