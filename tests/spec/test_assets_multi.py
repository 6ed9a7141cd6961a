"""One function, several assets. Partitions are tested elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    ConfigurationError,
)
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, failures_of, metadata_of, subjects_of, types_of


def multi(function: Any, *names: str, **settings: Any) -> rs.MultiAsset:
    return rs.Asset.from_multi(function, [rs.AssetDef(name) for name in names], "m", **settings)


def stored(repo: rs.CodeRepository, *names: str) -> dict[str, Any]:
    """Return the values of those nodes that have one."""
    values: dict[str, Any] = {}
    for name in names:
        try:
            values[name] = repo.load_node(name)
        except KeyError:
            continue
    return values


# -- declaration -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("assets 6.5")
def test_each_output_is_an_asset_with_its_own_name_handler_and_metadata(build: Build, storage: rs.Storage) -> None:
    first, second = Remembering(), Remembering()
    given = rs.Asset.from_multi(
        lambda: {"a": 1, "b": 2},
        [
            rs.AssetDef("a", io_handler=first, metadata={"table": "t"}, pool="db", tags=["x"], code_version="1"),
            rs.AssetDef("b", io_handler=second),
        ],
        "m",
    )
    assert [output.name for output in given.output_defs] == ["a", "b"]
    repo = build(given)
    assert list(repo.assets) == ["a", "b"]
    result = repo.materialize()
    assert result.materialized_assets == ["a", "b"]
    assert (first.values, second.values) == ({"a": 1}, {"b": 2})
    assert [context.asset_metadata for context in (*first.outputs, *second.outputs)] == [{"table": "t"}, None]
    for name in ("a", "b"):
        assert sorted(types_of(storage, result.run_id, name)) == [
            "Materialization",
            "StepSlotClaimed",
            "StepSlotReleased",
            "StepStart",
            "StepSuccess",
        ]
    assert event_of(storage, result.run_id, "Materialization", "a").code_version == "1"
    record = storage.get_asset_record("a")
    assert record is not None
    assert (record.tags, record.pool) == (["x"], [("db", 1)])
    assert storage.get_asset_record("m") is None


class Limits(BaseModel):
    rows: int = 1


@pytest.mark.rule("assets 6.7", "resources 2.2.5")
def test_config_is_keyed_by_any_selected_output_and_not_by_its_own_name(build: Build) -> None:
    def function(context: rs.AssetExecutionContext[Limits]) -> Any:
        return {"a": context.config.rows, "b": context.config.rows}

    repo = build(multi(function, "a", "b"))
    for name in ("a", "b"):
        repo.materialize(config={name: {"rows": 5}})
        assert stored(repo, "a", "b") == {"a": 5, "b": 5}
    repo.materialize(["b"], config={"assets": {"b": {"config": {"rows": 6}}}})
    assert stored(repo, "a", "b") == {"a": 5, "b": 6}
    with pytest.raises(ConfigurationError, match="'m'"):
        repo.materialize(config={"m": {"rows": 5}})
    with pytest.raises(ConfigurationError, match="'a'"):
        repo.materialize(["b"], config={"a": {"rows": 5}})


@pytest.mark.rule("assets 6.13")
def test_values_of_a_mapping_may_be_result_objects(build: Build, storage: rs.Storage) -> None:
    def function() -> Any:
        return {
            "a": rs.Output(1, metadata={"rows": 1}, data_version="va"),
            "b": rs.Materialization(metadata={"rows": 2}, data_version="vb"),
            "c": rs.Observation(metadata={"rows": 3}, data_version="vc"),
            "d": None,
        }

    repo = build(multi(function, "a", "b", "c", "d"))
    run_id = repo.materialize().run_id
    assert stored(repo, "a", "b", "c", "d") == {"a": 1, "d": None}
    for name, event_type, rows in (("a", "Materialization", 1), ("b", "Materialization", 2), ("c", "Observation", 3)):
        event = event_of(storage, run_id, event_type, name)
        assert metadata_of(event)["rows"] == {"Int": {"value": rows}}
        assert event.data_version == f"v{name}"
    assert types_of(storage, run_id, "c") == ["StepStart", "Observation", "StepSuccess"]


@pytest.mark.rule("assets 6.21")
def test_a_function_that_fails_fails_every_requested_output(build: Build) -> None:
    def function() -> Any:
        raise ValueError("boom")

    repo = build(multi(function, "a", "b", "c"))
    result = repo.materialize(["a", "b"], raise_on_error=False)
    assert failures_of(result) == {"a": "ValueError: boom", "b": "ValueError: boom"}
    assert result.materialized_assets == ["a", "b"]


def generated(results: list[Any], *names: str, asynchronous: bool = False, **settings: Any) -> rs.MultiAsset:
    """Return a multi-asset that yields ``results`` in turn and raises those that are exceptions."""

    def produce() -> Iterator[Any]:
        for result in results:
            if isinstance(result, BaseException):
                raise result
            yield result

    async def produce_later() -> AsyncIterator[Any]:
        for result in results:
            if isinstance(result, BaseException):
                raise result
            yield result

    return multi(produce_later if asynchronous else produce, *names, **settings)


def out(name: str | None, value: Any = None, **said: Any) -> rs.Output:
    return rs.Output(value, output_name=name, **said)


both_kinds = pytest.mark.parametrize("asynchronous", [False, True], ids=["generator", "async generator"])


class OnlyOdd(Remembering):
    """A handler that cannot store an even number."""

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        if obj % 2 == 0:
            raise OSError(f"{obj} is even")
        super().handle_output(context, obj)


@pytest.mark.rule("assets 6.17")
@both_kinds
@pytest.mark.parametrize(("values", "failed"), [([2, 1], {}), ([1, 2], {"a": "OSError: 2 is even"})])
def test_of_a_name_that_is_yielded_twice_the_last_outcome_counts(
    build: Build, storage: rs.Storage, asynchronous: bool, values: list[int], failed: dict[str, str]
) -> None:
    results = [out("a", value) for value in values]
    repo = build(generated(results, "a", asynchronous=asynchronous, io_handler=OnlyOdd()))
    result = repo.materialize(raise_on_error=False)
    assert failures_of(result) == failed
    assert len(subjects_of(storage, result.run_id, "Materialization")) == 1 - len(failed)
    assert [bool(log.traceback) for log in storage.get_run_logs(result.run_id)] == [True] * len(failed)


@pytest.mark.rule("assets 6.18")
@both_kinds
def test_an_exception_midway_leaves_what_was_yielded_and_fails_the_rest(
    build: Build, storage: rs.Storage, asynchronous: bool
) -> None:
    boom = ValueError("boom")
    repo = build(generated([out("a", 1), boom], "a", "b", "c", asynchronous=asynchronous))
    result = repo.materialize(raise_on_error=False)
    assert failures_of(result) == {"b": "ValueError: boom", "c": "ValueError: boom"}
    assert stored(repo, "a", "b", "c") == {"a": 1}
    assert types_of(storage, result.run_id, "a")[-1] == "StepSuccess"
    with pytest.raises(ValueError, match="boom") as raised:
        repo.materialize()
    assert raised.value is boom


@pytest.mark.rule("assets 6.17")
@both_kinds
def test_a_generator_may_yield_more_than_was_asked_for(build: Build, asynchronous: bool) -> None:
    repo = build(generated([out("a", 1), out("b", 2)], "a", "b", asynchronous=asynchronous))
    assert repo.materialize(["b"]).materialized_assets == ["b"]
    assert stored(repo, "a", "b") == {"b": 2}


@pytest.mark.rule("assets 6.28")
def test_outputs_are_checked_where_their_definition_has_a_type_and_one_bad_one_fails_all(build: Build) -> None:
    handler = Remembering()

    def given(value: Any) -> rs.MultiAsset:
        outputs = [rs.AssetDef("a", type_hint=int), rs.AssetDef("b")]
        return rs.Asset.from_multi(lambda: {"a": value, "b": "anything"}, outputs, "m", io_handler=handler)

    assert build(given(1)).materialize().success
    assert [context.type_hint for context in handler.outputs] == [int, None]
    result = build(given("text")).materialize(raise_on_error=False)
    assert list(failures_of(result)) == ["a", "b"]
    assert all(text.startswith("AssetOutputValidationError: ") for text in failures_of(result).values())


@pytest.mark.rule("assets 6.28")
@both_kinds
def test_what_is_yielded_is_checked_before_it_is_stored(build: Build, asynchronous: bool) -> None:
    handler = Remembering()
    generator = generated([out("a", 1), out("b", "text"), out("c", 3)], "a", asynchronous=asynchronous)
    outputs = [rs.AssetDef(name, type_hint=int, io_handler=handler) for name in ("a", "b", "c")]
    repo = build(rs.Asset.from_multi(generator.function, outputs, "m"))
    result = repo.materialize(raise_on_error=False)
    assert [(name, text.partition(":")[0]) for name, text in result.failed_assets] == [
        ("b", "AssetOutputValidationError"),
        ("c", "AssetOutputValidationError"),
    ]
    assert handler.values == {"a": 1}


@pytest.mark.rule("assets 6.31")
@both_kinds
def test_hooks_of_a_generator_fire_once_for_each_output(build: Build, asynchronous: bool) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def went_well(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output))

    build(generated([out("a", 1), out("b", 2)], "a", "b", asynchronous=asynchronous, hooks=[went_well])).materialize()
    assert sorted(heard) == [("a", 1), ("b", 2)]
