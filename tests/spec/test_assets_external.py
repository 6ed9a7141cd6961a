"""External assets: data that is made elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetDefinitionError, ExecutionError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, metadata_of, types_of


def lake(**values: Any) -> Remembering:
    handler = Remembering()
    handler.values.update(values)
    return handler


@pytest.mark.rule("assets 7.2")
def test_it_needs_a_handler() -> None:
    with pytest.raises(AssetDefinitionError, match="'raw'"):
        rs.Asset.external(name="raw")


@pytest.mark.rule("assets 7.3")
def test_a_function_makes_a_new_observed_asset_and_a_second_one_is_refused() -> None:
    handler = lake()

    def look() -> None: ...

    bare = rs.Asset.external(name="raw", io_handler=handler)
    assert isinstance(bare, rs.ExternalAsset)
    assert bare.observe_fn is None
    observed = bare(look)
    assert observed is not bare
    assert isinstance(observed, rs.ExternalAsset)
    assert (observed.name, observed.observe_fn) == ("raw", look)
    assert bare.observe_fn is None

    @rs.Asset.external(io_handler=handler)
    def named_after_function() -> None: ...

    assert named_after_function.name == "named_after_function"
    with pytest.raises(AssetDefinitionError):
        observed(look)


@pytest.mark.rule("assets 7.4")
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


@pytest.mark.rule("assets 7.2")
def test_its_handler_may_be_the_key_of_a_resource(build: Build) -> None:
    raw = rs.Asset.external(name="raw", io_handler="lake")
    repo = build(raw, rs.Asset(name="down")(lambda raw: raw + 1), resources={"lake": lake(raw=1)})
    repo.materialize()
    assert repo.load_node("down") == 2


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


@pytest.mark.rule("assets 7.7")
@pytest.mark.parametrize("returned", [3, "text", {"rows": 3}, rs.Output(3), [1]])
def test_other_return_values_are_ignored(build: Build, storage: rs.Storage, returned: Any) -> None:
    _, result = observed(build, lambda: returned)
    assert types_of(storage, result.run_id, "raw") == ["StepStart", "Observation", "StepSuccess"]


@pytest.mark.rule("assets 7.6")
def test_an_observe_function_may_be_a_coroutine_function(build: Build, storage: rs.Storage) -> None:
    async def look(context: rs.AssetExecutionContext) -> rs.Observation:
        return rs.Observation(data_version="later")

    _, result = observed(build, look)
    assert event_of(storage, result.run_id, "Observation", "raw").data_version == "later"


@pytest.mark.rule("repository 4.7")
def test_observing_gives_the_metadata_by_asset_and_is_a_run(build: Build) -> None:
    def look(context: rs.AssetExecutionContext) -> rs.Observation:
        context.add_output_metadata({"both": 1, "context": 1})
        return rs.Observation(metadata={"both": 2})

    repo, result = observed(build, look)
    assert dict(result) == {"raw": {"both": rs.MetadataValue.int(2), "context": rs.MetadataValue.int(1)}}
    assert result.success
    assert result.materialized_assets == ["raw"]
    assert dict(repo.observe(["unknown"])) == {}


@pytest.mark.rule("repository 4.8")
def test_what_an_observe_function_raises_comes_out(build: Build) -> None:
    def look() -> None:
        raise ValueError("no such table")

    with pytest.raises(ValueError, match="no such table"):
        observed(build, look)


@pytest.mark.rule("assets 7.8")
@pytest.mark.parametrize("check", ["resolve", "validate"])
def test_an_automation_on_what_nobody_observes_is_refused_with_the_way_to_do_it(
    storage: rs.Storage, check: str
) -> None:
    repo = rs.CodeRepository([rs.Asset.external(name="raw", io_handler=lake(), automation_condition="c")])
    with pytest.raises(AssetDefinitionError, match=r"(?s)raw.*decorator"):
        repo.resolve(storage) if check == "resolve" else repo.validate()
