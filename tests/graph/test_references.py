"""The registered objects behind names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.jobs import Job
from rivers.definitions.assets.tasks import Task
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


@pytest.mark.rule("repository 2.8")
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


PLAIN = Task(lambda: 0, name="plain")


@pytest.mark.rule("assets 3.6", "repository 2.8")
@pytest.mark.parametrize(
    "asset",
    [
        Asset(name="b", io_handler="nope")(lambda a: 0),
        Asset(name="b", deps=[AssetDef.input("a", io_handler="nope")])(lambda a: 0),
        Asset.from_multi(lambda: {"b": 0}, [AssetDef("b", io_handler="nope")], "m"),
        Asset.from_multi(lambda: {"b": 0}, [AssetDef("b")], "m", io_handler="nope"),
        Asset.external(name="b", io_handler="nope"),
        Asset.from_graph(lambda: PLAIN(), "b", io_handler="nope"),
        Asset.from_graph(lambda: PLAIN(), "b", node_io_handler="nope"),
        Task(lambda: 0, name="b", io_handler="nope"),
    ],
)
def test_handler_keys_are_checked_wherever_one_can_be_named(asset: Any) -> None:
    is_task = isinstance(asset, Task)
    graph = build_graph([Asset(name="a")(lambda: 0), *([] if is_task else [asset])], tasks=[asset] if is_task else [])
    with pytest.raises(ConfigurationError, match=r"'b(/plain)?'.*'nope'"):
        check_handlers(graph, {})
    check_handlers(graph, {"nope": HANDLER})


ONE = Asset(name="a")(lambda: 0)


@pytest.mark.rule("repository 2.11")
@pytest.mark.parametrize(
    ("assets", "tasks", "job_retry", "default", "named"),
    [
        ([Asset(name="a", retry="nope")(lambda: 0)], [], None, None, "Asset 'a'.*'nope'"),
        ([Asset.from_multi(lambda: {"a": 0}, [AssetDef("a")], "m", retry="nope")], [], None, None, "'nope'"),
        ([Asset.from_graph(lambda: PLAIN(), "a", retry="nope")], [], None, None, "'a'.*'nope'"),
        ([], [Task(lambda: 0, name="a", retry="nope")], None, None, "'a'.*'nope'"),
        ([], [CommandTask("a", "true", retry="nope")], None, None, "'a'.*'nope'"),
        ([ONE], [], "nope", None, "Job 'j'.*'nope'"),
        ([ONE], [], None, "nope", "default_retry_policy.*'nope'"),
    ],
)
def test_every_place_that_takes_a_name_is_checked(
    assets: list[Any], tasks: list[Any], job_retry: Any, default: Any, named: str
) -> None:
    jobs = [Job("j", assets, retry=job_retry)] if assets else []
    with pytest.raises(ConfigurationError, match=named):
        check_names(build_graph(assets, tasks=tasks), jobs, retries={}, default_retry=default)
    check_names(build_graph(assets, tasks=tasks), jobs, retries={"nope": POLICY}, default_retry=default)
