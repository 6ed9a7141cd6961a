"""External assets: data that is made elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, metadata_of, types_of


def lake(**values: Any) -> Remembering:
    handler = Remembering()
    handler.values.update(values)
    return handler


@pytest.mark.rule("assets 7.4", "repository 3.1.5")
def test_it_is_never_materialized_and_consumers_load_through_its_handler(build: Build, storage: rs.Storage) -> None:
    handler = lake(raw=[1, 2])
    raw = rs.Asset.external(name="raw", io_handler=handler, metadata={"table": "t"})

    @rs.Asset
    def down(raw: list[int]) -> int:
        return sum(raw)

    repo = build(raw, down)
    for result in (repo.materialize(), repo.materialize(["down"]), repo.materialize(["down"], include_upstream=True)):
        assert result.materialized_assets == ["down"]
        assert types_of(storage, result.run_id, "raw") == []
    assert repo.load_node("down") == 3
    assert handler.outputs == []
    context = handler.inputs[0]
    assert (context.asset_name, context.downstream_asset, context.asset_metadata) == ("raw", "down", {"table": "t"})
    assert context.type_hint == list[int]
    assert repo.load_node("raw") == [1, 2]


@pytest.mark.rule("assets 7.5")
def test_selecting_one_that_nobody_observes_is_an_error_that_names_it(build: Build) -> None:
    repo = build(rs.Asset.external(name="raw", io_handler=lake()))
    with pytest.raises(ExecutionError, match="'raw'"):
        repo.materialize(["raw"])
    assert repo.materialize().materialized_assets == []


@pytest.mark.rule("assets 7.5")
def test_selecting_one_that_is_observed_runs_the_observation_and_materializing_everything_does_not(
    build: Build, storage: rs.Storage
) -> None:
    seen: list[str] = []

    @rs.Asset.external(io_handler=lake())
    def raw(context: rs.AssetExecutionContext) -> rs.Observation:
        seen.append(context.asset_name)
        return rs.Observation(data_version="v1")

    repo = build(raw)
    assert repo.materialize().materialized_assets == []
    assert seen == []
    result = repo.materialize(["raw"])
    assert seen == ["raw"]
    assert types_of(storage, result.run_id, "raw") == ["StepStart", "Observation", "StepSuccess"]


def observed(build: Build, function: Any, **settings: Any) -> tuple[rs.CodeRepository, Any]:
    repo = build(rs.Asset.external(function, name="raw", io_handler=lake(), **settings))
    return repo, repo.observe()


@pytest.mark.rule("assets 7.6", "assets 7.7")
def test_the_observe_function_is_told_a_context_and_its_observation_wins(build: Build, storage: rs.Storage) -> None:
    told: list[Any] = []

    def look(anything: rs.AssetExecutionContext) -> rs.Observation:
        told.append((type(anything), anything.asset_name, anything.asset_metadata, anything.tags))
        anything.add_output_metadata({"both": "context", "context": 1})
        anything.register_data_version("from the context")
        return rs.Observation(metadata={"both": "observation", "rows": 3}, data_version="v1")

    _, result = observed(build, look, metadata={"table": "t"}, tags=["x"])
    assert told == [(rs.AssetExecutionContext, "raw", {"table": "t"}, ["x"])]
    event = event_of(storage, result.run_id, "Observation", "raw")
    assert metadata_of(event) == {
        "both": {"Text": {"value": "observation"}},
        "context": {"Int": {"value": 1}},
        "rows": {"Int": {"value": 3}},
    }
    assert event.data_version == "v1"
    record = storage.get_asset_record("raw")
    assert record is not None
    assert record.last_data_version == "v1"


@pytest.mark.rule("assets 7.6")
def test_an_observe_function_without_parameters_or_result_is_enough(build: Build, storage: rs.Storage) -> None:
    _, result = observed(build, lambda: None)
    assert types_of(storage, result.run_id, "raw") == ["StepStart", "Observation", "StepSuccess"]


@pytest.mark.rule("assets 7.6")
def test_the_context_alone_may_tell_everything(build: Build, storage: rs.Storage) -> None:
    def look(context: rs.AssetExecutionContext) -> None:
        context.add_output_metadata({"rows": 3})
        context.register_data_version("v7")

    _, result = observed(build, look)
    event = event_of(storage, result.run_id, "Observation", "raw")
    assert (metadata_of(event), event.data_version) == ({"rows": {"Int": {"value": 3}}}, "v7")


@pytest.mark.rule("assets 7.6")
def test_an_observe_function_may_be_a_coroutine_function(build: Build, storage: rs.Storage) -> None:
    async def look(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(data_version="later")

    _, result = observed(build, look)
    assert event_of(storage, result.run_id, "Observation", "raw").data_version == "later"
