"""The registered objects behind names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.jobs import Job
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import AssetDefinitionError, ConfigurationError
from rivers.graph.building import build_graph
from rivers.graph.references import check_handlers, check_names, resolve_handler, resolve_partitions, resolve_retry
from rivers.io_handlers import InMemoryIOHandler
from rivers.partitions import PartitionsDefinition

HANDLER = InMemoryIOHandler()
POLICY = RetryPolicy(3)
DAILY = PartitionsDefinition.daily(datetime(2024, 1, 1))


def test_a_name_gives_what_is_registered_and_everything_else_stays() -> None:
    assert resolve_handler("a", "h", {"h": HANDLER}) is HANDLER
    assert resolve_handler("a", HANDLER, {}) is HANDLER
    assert resolve_handler("a", None, {}) is None
    assert resolve_retry("a", "r", {"r": POLICY}) is POLICY
    assert resolve_retry("a", POLICY, {}) is POLICY
    assert resolve_retry("a", None, {}) is None
    assert resolve_partitions("a", "p", {"p": DAILY}) is DAILY
    assert resolve_partitions("a", DAILY, {}) is DAILY
    assert resolve_partitions("a", None, {}) is None


@pytest.mark.parametrize("kind", [ConfigurationError, AssetDefinitionError])
def test_an_unknown_handler_key_is_refused_as_either_documented_type(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"'a'.*'nope'"):
        resolve_handler("a", "nope", {"h": HANDLER})


@pytest.mark.rule("repository 2.9")
def test_a_resource_that_is_no_handler_is_refused() -> None:
    with pytest.raises(AssetDefinitionError, match=r"'a'.*'db'.*handle_output"):
        resolve_handler("a", "db", {"db": object()})


@pytest.mark.rule("repository 2.10")
def test_unknown_names_are_listed_beside_the_sorted_registered_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"Asset 'a'.*'nope'.*available: x, y"):
        resolve_retry("Asset 'a'", "nope", {"y": POLICY, "x": POLICY})
    with pytest.raises(ConfigurationError, match=r"'a'.*'nope'.*available: x, y"):
        resolve_partitions("a", "nope", {"y": DAILY, "x": DAILY})


@pytest.mark.rule("assets 3.6")
@pytest.mark.parametrize(
    "asset",
    [
        Asset(name="b", io_handler="nope")(lambda a: 0),
        Asset(name="b", deps=[AssetDef.input("a", io_handler="nope")])(lambda a: 0),
    ],
)
def test_handler_keys_of_assets_and_of_their_inputs_are_checked(asset: Any) -> None:
    graph = build_graph([Asset(name="a")(lambda: 0), asset])
    with pytest.raises(ConfigurationError, match=r"'b'.*'nope'"):
        check_handlers(graph, {})
    check_handlers(graph, {"nope": HANDLER})


@pytest.mark.parametrize(
    ("keywords", "job_retry", "default", "named"),
    [
        ({"retry": "nope"}, None, None, "Asset 'a'.*'nope'"),
        ({}, "nope", None, "Job 'j'.*'nope'"),
        ({}, None, "nope", "default_retry_policy.*'nope'"),
    ],
)
def test_every_place_that_takes_a_name_is_checked(
    keywords: dict[str, Any], job_retry: Any, default: Any, named: str
) -> None:
    asset = Asset(name="a", **keywords)(lambda: 0)
    jobs = [Job("j", [asset], retry=job_retry)]
    with pytest.raises(ConfigurationError, match=named):
        check_names(build_graph([asset]), jobs, retries={}, default_retry=default)
    check_names(build_graph([asset]), jobs, retries={"nope": POLICY}, default_retry=default)
