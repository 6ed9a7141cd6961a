"""What contexts tell and take, seen from inside a run. Partitions are tested elsewhere."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, failures_of, metadata_of


class Limits(BaseModel):
    rows: int = 3


def seen_by(build: Build, look: Any, **settings: Any) -> Any:
    """Return what ``look`` makes of the context of a running asset ``a``."""

    @rs.Asset(name="a", **settings)
    def a(context: rs.AssetExecutionContext[Limits]) -> Any:
        return look(context)

    repo = build(a)
    repo.materialize()
    return repo.load_node("a")


@pytest.mark.rule("contexts 1.2")
def test_the_context_tells_what_the_definition_says(build: Build) -> None:
    def look(context: rs.AssetExecutionContext[Limits]) -> Any:
        return [
            *(context.asset_name, context.tags, context.kinds, context.group),
            *(context.code_version, context.asset_metadata),
        ]

    assert seen_by(build, look) == ["a", None, [], None, None, None]
    settings: Any = {"tags": ["t"], "kinds": "k", "group": "g", "code_version": "v", "metadata": {"m": "n"}}
    assert seen_by(build, look, **settings) == ["a", ["t"], ["k"], "g", "v", {"m": "n"}]


@pytest.mark.rule("contexts 1.3")
def test_a_single_asset_is_no_multi_asset_and_selects_no_outputs(build: Build) -> None:
    assert seen_by(build, lambda context: (context.is_multi_asset, context.output_selection)) == (False, [])


@pytest.mark.rule("contexts 1.7", "contexts 1.8", "contexts 1.9")
def test_an_unpartitioned_step_has_no_partition_and_no_key(build: Build) -> None:
    def look(context: rs.AssetExecutionContext[Limits]) -> Any:
        for kind in (ValueError, PartitionValidationError):
            with pytest.raises(kind, match=r"."):
                _ = context.partition_key
        return context.partition, context.has_partition_key, context.partition_time_window

    assert seen_by(build, look) == (None, False, None)


@pytest.mark.rule("contexts 1.5")
def test_config_is_an_instance_of_the_model_or_none(build: Build) -> None:
    assert seen_by(build, lambda context: context.config) == Limits()
    assert rs.AssetExecutionContext("a").config is None
    assert rs.TaskExecutionContext("t").config is None


@pytest.mark.rule("contexts 1.6")
def test_the_logger_is_named_after_the_asset(build: Build) -> None:
    def look(context: rs.AssetExecutionContext[Limits]) -> Any:
        return isinstance(context.log, logging.Logger), context.log.name

    assert seen_by(build, look) == (True, "rivers.assets.a")


@pytest.mark.rule("contexts 1.4")
def test_the_context_knows_its_run(build: Build) -> None:
    @rs.Asset
    def a(context: rs.AssetExecutionContext) -> Any:
        return context.run_id

    repo = build(a)
    run_id = repo.materialize().run_id
    assert repo.load_node("a") == run_id
    assert rs.AssetExecutionContext("a").run_id is None


@pytest.mark.rule("contexts 1.13")
def test_a_partition_of_an_unpartitioned_step_cannot_fail(build: Build) -> None:
    @rs.Asset
    def a(context: rs.AssetExecutionContext) -> None:
        context.mark_partition_failed("2026-01-01", "late")

    repo = build(a)
    with pytest.raises(ExecutionError, match="2026-01-01"):
        repo.materialize()


@pytest.mark.rule("contexts 1.1")
def test_contexts_can_be_made_by_hand_for_tests() -> None:
    context = rs.AssetExecutionContext(
        "a", ["t"], ["k"], "g", "v", {"m": "n"}, None, True, ["x", "y"], Limits(rows=9), run_id="r"
    )
    assert (context.asset_name, context.tags, context.kinds, context.group) == ("a", ["t"], ["k"], "g")
    assert (context.code_version, context.asset_metadata, context.is_multi_asset) == ("v", {"m": "n"}, True)
    assert (context.output_selection, context.config.rows, context.run_id) == (["x", "y"], 9, "r")

    @rs.Asset
    def a(context: rs.AssetExecutionContext) -> str:
        return context.asset_name

    assert a(rs.AssetExecutionContext(asset_name="mine")) == "mine"


@pytest.mark.rule("contexts 1.14")
@pytest.mark.parametrize("kind", [rs.AssetExecutionContext, rs.TaskExecutionContext])
def test_both_classes_can_be_subscripted_at_run_time(kind: Any) -> None:
    assert isinstance(kind[Limits]("a"), kind)


@pytest.mark.rule("contexts 2.1", "contexts 2.2")
def test_a_task_context_has_only_what_is_documented() -> None:
    context = rs.TaskExecutionContext("g/step", ["t"])
    assert (context.task_name, context.tags, context.partition, context.config) == ("g/step", ["t"], None, None)
    assert (context.has_partition_key, context.partition_time_window) == (False, None)
    assert context.log.name == "rivers.tasks.g/step"
    for kind in (ValueError, PartitionValidationError):
        with pytest.raises(kind):
            _ = context.partition_key
    for absent in ("asset_name", "kinds", "group", "add_output_metadata", "register_data_version", "output_selection"):
        assert not hasattr(context, absent)


def task_tells(context: rs.TaskExecutionContext[Limits]) -> Any:
    return context.task_name, context.tags, context.config, context.log.name


@pytest.mark.rule("contexts 2.2")
def test_a_task_is_told_its_namespaced_name_inside_of_a_graph(build: Build) -> None:
    tells = rs.Task(task_tells, name="step", tags=["t"])
    repo = build(rs.Asset.from_graph(lambda: tells(), "g"), tasks=[tells])
    repo.materialize()
    assert repo.load_node("g/step") == ("g/step", ["t"], Limits(), "rivers.tasks.g/step")


@pytest.mark.rule("contexts 1.10")
def test_what_one_step_says_is_not_said_of_another(build: Build, storage: rs.Storage) -> None:
    @rs.Asset
    def first(context: rs.AssetExecutionContext) -> rs.Materialization:
        context.add_output_metadata({"only": "first"})
        return rs.Materialization()

    @rs.Asset
    def second(context: rs.AssetExecutionContext) -> rs.Materialization:
        return rs.Materialization()

    result = build(first, second).materialize()
    assert failures_of(result) == {}
    assert metadata_of(event_of(storage, result.run_id, "Materialization", "second")) == {}
