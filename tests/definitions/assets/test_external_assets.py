"""The declaration of external assets."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.composition import InvokedNodeOutput
from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.exceptions import AssetDefinitionError


def observe() -> int:
    return 3


@pytest.mark.rule("assets 7.1")
def test_a_direct_call_gives_an_asset_that_nobody_observes() -> None:
    asset = Asset.external(
        name="raw", io_handler="h", tags=["t"], kinds="k", group="g", metadata={"a": "b"}, partitions_def="daily"
    )
    assert isinstance(asset, ExternalAsset)
    assert (asset.name, asset.io_handler, asset.tags, asset.kinds, asset.group) == ("raw", "h", ["t"], ["k"], "g")
    assert (asset.metadata, asset.partitions_def, asset.observe_fn, asset.is_async) == (
        {"a": "b"},
        "daily",
        None,
        False,
    )
    assert (asset.is_single, asset.is_multi, asset.is_graph, asset.is_external) == (False, False, False, True)


@pytest.mark.rule("assets 7.3")
def test_a_decorator_and_a_call_with_a_function_give_a_new_asset_that_it_observes() -> None:
    unobserved = Asset.external(name="raw", io_handler="h")
    for asset in (unobserved(observe), Asset.external(observe, name="raw", io_handler="h")):
        assert asset is not unobserved
        assert (asset.name, asset.observe_fn) == ("raw", observe)
    assert unobserved.observe_fn is None
    assert Asset.external(io_handler="h")(observe).name == "observe"


def test_an_async_observe_function_makes_it_async() -> None:
    async def look() -> None: ...

    assert Asset.external(look, io_handler="h").is_async


@pytest.mark.rule("assets 7.2")
def test_it_needs_an_io_handler() -> None:
    with pytest.raises(AssetDefinitionError, match=r"'raw'.*io_handler"):
        Asset.external(name="raw")


@pytest.mark.rule("assets 7.1")
@pytest.mark.parametrize("keyword", ["pool", "deps", "code_version", "retry"])
def test_what_it_has_no_use_for_is_a_type_error(keyword: str) -> None:
    with pytest.raises(TypeError, match=keyword):
        Asset.external(io_handler="h", **{keyword: None})


@pytest.mark.rule("assets 7.3")
def test_a_second_function_is_refused() -> None:
    asset = Asset.external(observe, io_handler="h")
    with pytest.raises(AssetDefinitionError, match="'observe' has an observe function already"):
        asset(observe)


@pytest.mark.parametrize("arguments", [(), (3,), (observe, observe)])
def test_without_a_function_it_takes_exactly_one(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AssetDefinitionError, match="exactly one function"):
        Asset.external(name="raw", io_handler="h")(*arguments)


def test_one_that_is_observed_calls_its_function_and_is_recorded_inside_of_a_graph() -> None:
    asset = Asset.external(observe, io_handler="h")
    assert asset() == 3
    result = Asset.from_graph(lambda: asset(), name="g").compose({}).result
    assert isinstance(result, InvokedNodeOutput)
    assert result.node_name == "observe"


def test_without_a_name_it_has_none() -> None:
    with pytest.raises(AssetDefinitionError, match="no name"):
        _ = Asset.external(io_handler="h").name
