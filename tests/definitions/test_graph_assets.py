"""Assets that are composed of tasks. What their bodies mean is shown with ``composition`` and ``graph/inside``."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.asset_def import AssetDef
from rivers.definitions.assets import Asset
from rivers.definitions.graph_assets import GraphAsset
from rivers.definitions.retries import RetryPolicy
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping

PREVIOUS = PartitionMapping.time_window(-1)


def body() -> None: ...


def test_the_decorator_and_the_direct_form_give_a_graph_asset() -> None:
    for asset in (Asset.from_graph(body), Asset.from_graph()(body), Asset.from_graph(body, "body")):
        assert isinstance(asset, GraphAsset)
        assert asset.name == "body"
        assert (asset.is_single, asset.is_multi, asset.is_graph, asset.is_external) == (False, False, True, False)


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
