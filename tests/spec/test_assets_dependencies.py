"""``AssetDef.input``, ``AssetDef.dep``, and what they change when an asset runs."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetDefinitionError, ConfigurationError, GraphValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


def up() -> int:
    return 1


@pytest.mark.rule("assets 3.1")
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


@pytest.mark.rule("assets 3.2")
def test_an_upstream_that_only_orders_need_not_be_selected_nor_loadable(build: Build) -> None:
    repo = build(rs.Asset(up), rs.Asset(name="down", deps=[rs.AssetDef.dep("up")])(lambda: 2))
    assert repo.materialize(["down"]).materialized_assets == ["down"]


@pytest.mark.rule("assets 3.3")
def test_a_dependency_tells_its_attributes() -> None:
    given, ordered = rs.AssetDef.input("x", metadata={"a": "b"}), rs.AssetDef.dep("x")
    assert isinstance(given, rs.DepDef)
    assert (given.name, given.partition_mapping, given.metadata, given.is_input) == ("x", None, {"a": "b"}, True)
    assert (ordered.name, ordered.partition_mapping, ordered.metadata, ordered.is_input) == ("x", None, None, False)
    assert (repr(given), repr(ordered)) == ("DepDef.input('x')", "DepDef.dep('x')")


@pytest.mark.rule("assets 3.4")
def test_an_input_that_is_no_parameter_is_refused_at_decoration_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"(?s)'absent'.*first.*second"):

        @rs.Asset(deps=[rs.AssetDef.input("absent")])
        def a(first: int, second) -> int:
            return first


@pytest.mark.rule("assets 3.4")
def test_an_input_may_be_a_parameter_without_annotation(build: Build) -> None:
    @rs.Asset(deps=[rs.AssetDef.input("up")])
    def down(up):
        return up + 1

    repo = build(rs.Asset(up), down)
    repo.materialize()
    assert repo.load_node("down") == 2


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


@pytest.mark.rule("assets 3.6")
def test_the_unknown_handler_key_of_an_input_is_refused_with_consumer_and_key(build: Build) -> None:
    down = rs.Asset(name="down", deps=[rs.AssetDef.input("up", io_handler="nope")])(lambda up: up)
    for kind in (AssetDefinitionError, ConfigurationError):
        with pytest.raises(kind, match=r"down.*nope"):
            build(rs.Asset(up), down)


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


@pytest.mark.rule("assets 3.8")
@pytest.mark.parametrize("dep", [rs.AssetDef.dep("nope"), rs.AssetDef.input("nope")])
def test_a_dependency_that_does_not_exist_is_refused(build: Build, dep: Any) -> None:
    with pytest.raises(GraphValidationError, match=r"a'?.*unresolved input 'nope'"):
        build(rs.Asset(name="a", deps=[dep])(lambda nope=1: nope))


@pytest.mark.rule("assets 3.9")
@pytest.mark.parametrize("by", ["parameter", "dep", "input"])
def test_a_dependency_on_itself_points_to_self_dependency(build: Build, by: str) -> None:
    deps = {"parameter": [], "dep": [rs.AssetDef.dep("a")], "input": [rs.AssetDef.input("a")]}[by]
    function: Any = (lambda: 1) if by == "dep" else (lambda a: a)
    with pytest.raises(GraphValidationError, match=r"'a'.*SelfDependency"):
        build(rs.Asset(name="a", deps=deps)(function))


@pytest.mark.rule("assets 3.10")
def test_duplicate_entries_are_tolerated(build: Build) -> None:
    deps = [rs.AssetDef.dep("up"), rs.AssetDef.input("up"), rs.AssetDef.dep("up"), rs.AssetDef.input("up")]
    repo = build(rs.Asset(up), rs.Asset(name="down", deps=deps)(lambda up: up + 1))
    assert repo.materialize().materialized_assets == ["up", "down"]
    assert repo.load_node("down") == 2


@pytest.mark.rule("assets 3.11")
def test_what_is_not_listed_is_still_inferred(build: Build) -> None:
    @rs.Asset(deps=[rs.AssetDef.dep("ordering")])
    def down(up: int) -> int:
        return up + 1

    repo = build(down, rs.Asset(up), rs.Asset(name="ordering")(lambda: 0))
    assert repo.materialize().materialized_assets == ["up", "ordering", "down"]
    assert repo.load_node("down") == 2


@pytest.mark.rule("assets 3.12")
def test_the_type_hint_of_a_load_is_the_evaluated_annotation_of_the_consumer(build: Build) -> None:
    handler = Remembering()

    @rs.Asset(io_handler=handler)
    def up() -> float:
        return 1.0

    @rs.Asset
    def annotated(up: list[int]) -> None: ...

    @rs.Asset
    def bare(up) -> None: ...

    build(up, annotated, bare).materialize()
    assert {context.downstream_asset: context.type_hint for context in handler.inputs} == {
        "annotated": list[int],
        "bare": None,
    }
