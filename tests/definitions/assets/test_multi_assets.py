"""The declaration of multi-assets and graph assets."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.composition import InvokedNodeOutput
from rivers.definitions.assets.multi_assets import GraphAsset, MultiAsset
from rivers.definitions.policies.hooks import Hook
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError, GraphValidationError
from rivers.partitions.mappings import PartitionMapping


def both() -> dict[str, int]:
    return {"a": 1, "b": 2}


def outputs(*names: str) -> list[AssetDef]:
    return [AssetDef(name) for name in names]


@pytest.mark.rule("assets 6.1")
def test_the_decorator_and_the_direct_form_give_a_multi_asset() -> None:
    direct = Asset.from_multi(both, outputs("a", "b"))
    decorated = Asset.from_multi(output_defs=outputs("a", "b"))(both)
    for asset in (direct, decorated, Asset.from_multi(both, outputs("a", "b"), "both")):
        assert isinstance(asset, MultiAsset)
        assert (asset.name, asset.output_names, asset.output_defs) == ("both", ("a", "b"), outputs("a", "b"))
        assert (asset.is_single, asset.is_multi, asset.is_graph, asset.is_external) == (False, True, False, False)
        assert asset() == {"a": 1, "b": 2}


def test_its_decorator_can_be_used_again() -> None:
    decorator = Asset.from_multi(output_defs=outputs("a"), group="g")
    first, second = decorator(both), decorator(both)
    assert first is not second
    assert [asset.output_defs[0].group for asset in (first, second)] == ["g", "g"]


@pytest.mark.rule("assets 6.2")
@pytest.mark.parametrize("keyword", ["metadata", "pool", "pool_slots", "unknown"])
def test_what_belongs_to_the_outputs_is_a_type_error(keyword: str) -> None:
    with pytest.raises(TypeError, match=keyword):
        Asset.from_multi(**{keyword: {}})


def test_output_definitions_must_be_asset_defs() -> None:
    with pytest.raises(TypeError, match="output_defs"):
        Asset.from_multi(both, ["a"])
    assert Asset.from_multi(both, []).output_defs == []


@pytest.mark.rule("assets 6.8")
def test_settings_are_copied_to_the_outputs_that_have_none_of_their_own() -> None:
    given = {"tags": ["t"], "kinds": "k", "group": "g", "code_version": "v", "io_handler": "h"}
    own = {"tags": ["T"], "kinds": ["K"], "group": "G", "code_version": "V", "io_handler": "H"}
    asset = Asset.from_multi(both, [AssetDef("a"), AssetDef("b", **own)], **given)
    a, b = asset.output_defs
    assert (a.tags, a.kinds, a.group, a.code_version, a.io_handler) == (["t"], ["k"], "g", "v", "h")
    assert (b.tags, b.kinds, b.group, b.code_version, b.io_handler) == tuple(own.values())
    assert (asset.tags, asset.kinds, asset.group, asset.code_version, asset.metadata) == (None, [], None, None, None)


def test_what_belongs_to_the_step_is_every_outputs() -> None:
    hook = Hook.success(both)
    asset = Asset.from_multi(
        both, outputs("a"), hooks=[hook], retry=RetryPolicy(2), compute=Compute(cpu="1"), automation_condition="c"
    )
    settings = asset.output_defs[0].settings
    assert (settings.hooks, settings.retry, settings.compute) == ((hook,), RetryPolicy(2), Compute(cpu="1"))
    assert settings.automation_condition == "c"
    assert (asset.hooks, asset.retry, asset.compute) == ([hook], RetryPolicy(2), Compute(cpu="1"))


@pytest.mark.rule("assets 6.9")
def test_partitions_of_the_whole_override_those_of_the_outputs() -> None:
    given = [AssetDef("a", partitions_def="own"), AssetDef("b")]
    assert [each.partitions_def for each in Asset.from_multi(both, given).output_defs] == ["own", None]
    overridden = Asset.from_multi(both, given, partitions_def="whole").output_defs
    assert [each.partitions_def for each in overridden] == ["whole", "whole"]


@pytest.mark.rule("assets 6.25")
@pytest.mark.parametrize("whole", [True, False])
def test_an_input_of_the_whole_or_of_one_output_must_be_a_parameter(whole: bool) -> None:
    deps = [AssetDef.input("x")]
    keywords: dict[str, Any] = {"deps": deps} if whole else {}
    decorator = Asset.from_multi(output_defs=[AssetDef("a", deps=[] if whole else deps)], **keywords)
    with pytest.raises(ValueError, match=r"'x'.*available parameters: y"):
        decorator(lambda y: {})
    assert decorator(lambda x: {}).output_names == ("a",)


def test_generators_are_functions_like_others() -> None:
    def some() -> Any:
        yield 1

    async def some_async() -> Any:
        yield 1

    assert not Asset.from_multi(some, outputs("a")).is_async
    assert Asset.from_multi(some_async, outputs("a")).is_async


@pytest.mark.parametrize("wrong", [3, Asset.from_multi(both, [])])
def test_it_takes_exactly_one_function(wrong: Any) -> None:
    with pytest.raises(AssetDefinitionError, match="exactly one function"):
        Asset.from_multi()(wrong)
    with pytest.raises(AssetDefinitionError, match="exactly one function"):
        Asset.from_multi(wrong)


def test_inside_of_a_graph_only_one_output_can_be_meant() -> None:
    one, two = Asset.from_multi(both, outputs("a")), Asset.from_multi(both, outputs("a", "b"))
    result = Asset.from_graph(lambda: one(), name="g").compose({}).result
    assert isinstance(result, InvokedNodeOutput)
    assert result.node_name == "a"
    with pytest.raises(GraphValidationError, match=r"'g'.*'both'.*2 outputs"):
        Asset.from_graph(lambda: two(), name="g").compose({})


PREVIOUS = PartitionMapping.time_window(-1)


def body() -> None: ...


@pytest.mark.rule("graph-assets 3.1.1")
def test_the_decorator_and_the_direct_form_give_a_graph_asset() -> None:
    for asset in (Asset.from_graph(body), Asset.from_graph()(body), Asset.from_graph(body, "body")):
        assert isinstance(asset, GraphAsset)
        assert asset.name == "body"
        assert (asset.is_single, asset.is_multi, asset.is_graph, asset.is_external) == (False, False, True, False)


@pytest.mark.rule("graph-assets 3.1.1")
def test_it_tells_what_it_was_given_and_its_decorator_can_be_used_again() -> None:
    decorator = Asset.from_graph(
        None, None, ["t"], "k", "g", "v", "h", "nodes", {"a": "b"}, "daily", [AssetDef.dep("x", PREVIOUS)], [], "c",
        RetryPolicy(1),
    )  # fmt: skip
    first, second = decorator(body), decorator(body)
    assert first is not second
    for asset in (first, second):
        assert (asset.tags, asset.kinds, asset.group, asset.code_version) == (["t"], ["k"], "g", "v")
        assert (asset.io_handler, asset.node_io_handler, asset.metadata) == ("h", "nodes", {"a": "b"})
        assert (asset.partitions_def, asset.partition_mapping, asset.hooks) == ("daily", {"x": PREVIOUS}, [])
        assert (asset.automation_condition, asset.retry) == ("c", RetryPolicy(1))


@pytest.mark.rule("graph-assets 3.1.1")
@pytest.mark.parametrize(
    ("keywords", "error"),
    [({"pool": "p"}, TypeError), ({"compute": None}, TypeError), ({"node_io_handler": 3}, AssetDefinitionError)],
)
def test_a_bad_keyword_is_refused(keywords: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Asset.from_graph(**keywords)


def test_an_input_must_be_a_parameter_of_the_body() -> None:
    with pytest.raises(ValueError, match=r"'x'.*available parameters: none"):
        Asset.from_graph(body, deps=[AssetDef.input("x")])
