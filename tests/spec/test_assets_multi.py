"""One function, several assets. Partitions are tested elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    AssetDefinitionError,
    AssetNotFoundError,
    AssetOutputValidationError,
    ConfigurationError,
    ExecutionError,
)
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import SKIPPED, event_of, failures_of, metadata_of, subjects_of, types_of


def multi(function: Any, *names: str, **settings: Any) -> rs.MultiAsset:
    return rs.Asset.from_multi(function, [rs.AssetDef(name) for name in names], "m", **settings)


def stored(repo: rs.CodeRepository, *names: str) -> dict[str, Any]:
    """The stored values of those nodes that have one."""
    values: dict[str, Any] = {}
    for name in names:
        try:
            values[name] = repo.load_node(name)
        except KeyError:
            continue
    return values


# -- declaration -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("assets 6.3")
def test_an_output_definition_tells_its_attributes_normalised() -> None:
    output = rs.AssetDef("a", kinds="k", pool=["db", "api"], pool_slots={"db": 2}, deps=[rs.AssetDef.dep("d")])
    assert (output.kinds, output.pool) == (["k"], [("db", 2), ("api", 1)])
    assert rs.AssetDef("a", group="g") == rs.AssetDef("a")
    assert rs.AssetDef("a") != rs.AssetDef("b")


@pytest.mark.rule("assets 6.4")
def test_an_output_definition_takes_no_policy_and_no_text_for_a_type() -> None:
    with pytest.raises(TypeError):
        rs.AssetDef("a", retry=rs.RetryPolicy(1))
    with pytest.raises(AssetDefinitionError):
        rs.AssetDef("a", type_hint="int")


@pytest.mark.rule("assets 6.2")
@pytest.mark.parametrize("keyword", ["metadata", "pool", "pool_slots"])
def test_what_belongs_to_an_output_is_a_type_error_at_the_top(keyword: str) -> None:
    with pytest.raises(TypeError):
        rs.Asset.from_multi(output_defs=[], **{keyword: {}})


@pytest.mark.rule("assets 6.1")
def test_the_direct_form_and_the_decorator_are_alike(build: Build) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("a"), rs.AssetDef("b")])
    def decorated() -> dict[str, int]:
        return {"a": 1, "b": 2}

    direct = rs.Asset.from_multi(lambda: {"c": 3}, [rs.AssetDef("c")], "direct")
    assert isinstance(direct, rs.MultiAsset)
    assert (decorated.name, direct.name) == ("decorated", "direct")
    repo = build(decorated, direct)
    assert sorted(repo.materialize().materialized_assets) == ["a", "b", "c"]
    assert stored(repo, "a", "b", "c") == {"a": 1, "b": 2, "c": 3}


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


@pytest.mark.rule("assets 6.6")
def test_its_own_name_cannot_be_selected(build: Build) -> None:
    repo = build(multi(lambda: {"a": 1}, "a"))
    with pytest.raises(AssetNotFoundError, match="'m'"):
        repo.materialize(["m"])


class Limits(BaseModel):
    rows: int = 1


@pytest.mark.rule("assets 6.7")
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


@pytest.mark.rule("assets 6.6")
def test_its_name_may_be_that_of_another_asset(build: Build) -> None:
    repo = build(multi(lambda: {"a": 1}, "a"), rs.Asset(name="m")(lambda a: a + 1))
    assert repo.materialize().materialized_assets == ["a", "m"]
    assert repo.load_node("m") == 2


@pytest.mark.rule("assets 6.8")
def test_settings_at_the_top_are_defaults_of_the_outputs(build: Build, storage: rs.Storage) -> None:
    shared, own = Remembering(), Remembering()
    given = rs.Asset.from_multi(
        lambda: {"a": 1, "b": 2},
        [rs.AssetDef("a"), rs.AssetDef("b", tags=["own"], kinds=["K"], group="G", code_version="V", io_handler=own)],
        "m",
        tags=["t"],
        kinds="k",
        group="g",
        code_version="v",
        io_handler=shared,
    )
    build(given).materialize()
    assert (shared.values, own.values) == ({"a": 1}, {"b": 2})
    records = [storage.get_asset_record(name) for name in ("a", "b")]
    assert [each and (each.tags, each.kinds, each.group, each.code_version) for each in records] == [
        (["t"], ["k"], "g", "v"),
        (["own"], ["K"], "G", "V"),
    ]
    assert (given.tags, given.kinds, given.group, given.code_version, given.metadata) == (None, [], None, None, None)


@pytest.mark.rule("assets 6.11")
def test_duplicate_output_names_are_refused_when_resolving(build: Build) -> None:
    given = multi(dict, "a", "a")
    with pytest.raises(AssetDefinitionError, match="'a'"):
        build(given)


@pytest.mark.rule("assets 6.12")
def test_no_outputs_are_no_assets(build: Build) -> None:
    repo = build(multi(dict), rs.Asset(name="other")(lambda: 1))
    assert list(repo.assets) == ["other"]
    assert repo.materialize().materialized_assets == ["other"]


@pytest.mark.rule("assets 6.11")
@pytest.mark.parametrize("arguments", [{}, {"name": None}, {"name": ""}])
def test_a_definition_without_a_name_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(AssetDefinitionError):
        rs.AssetDef(**arguments)


@pytest.mark.rule("assets 6.13")
def test_a_mapping_is_indexed_by_name_and_other_keys_are_ignored(build: Build, storage: rs.Storage) -> None:
    repo = build(multi(lambda: {"extra": 9, "b": 2, "a": 1}, "a", "b"))
    result = repo.materialize()
    assert result.success
    assert stored(repo, "a", "b") == {"a": 1, "b": 2}
    assert subjects_of(storage, result.run_id, "Materialization") == ["a", "b"]


@pytest.mark.rule("assets 6.14")
def test_a_missing_key_fails_only_that_output(build: Build, storage: rs.Storage) -> None:
    below_a, below_b = rs.Asset(name="below_a")(lambda a: a), rs.Asset(name="below_b")(lambda b: b)
    repo = build(multi(lambda: {"a": 1}, "a", "b"), below_a, below_b)
    result = repo.materialize(raise_on_error=False)
    assert not result.success
    assert failures_of(result) == {"b": "KeyError: 'b'", "below_b": SKIPPED}
    assert stored(repo, "a", "b", "below_a") == {"a": 1, "below_a": 1}
    assert types_of(storage, result.run_id, "b")[-1] == "StepFailure"
    with pytest.raises(KeyError, match="b"):
        repo.materialize()


@pytest.mark.rule("assets 6.14")
def test_a_missing_key_that_nobody_asked_for_is_no_failure(build: Build) -> None:
    assert build(multi(lambda: {"a": 1}, "a", "b")).materialize(["a"]).success


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


@pytest.mark.rule("assets 6.15")
def test_a_mapping_in_an_output_is_unwrapped(build: Build) -> None:
    repo = build(multi(lambda: rs.Output({"a": 1, "b": rs.Output(2)}), "a", "b"))
    assert repo.materialize().success
    assert stored(repo, "a", "b") == {"a": 1, "b": 2}


@pytest.mark.rule("assets 6.21")
@pytest.mark.parametrize("returned", [[1, 2], (1, 2), None, 3, {1, 2}])
def test_anything_else_fails_every_requested_output(build: Build, returned: Any) -> None:
    repo = build(multi(lambda: returned, "a", "b", "c"))
    result = repo.materialize(["a", "c"], raise_on_error=False)
    assert list(failures_of(result)) == ["a", "c"]
    assert all(text.startswith(("TypeError: ", "AttributeError: ")) for text in failures_of(result).values())
    with pytest.raises((TypeError, AttributeError)):
        repo.materialize()


@pytest.mark.rule("assets 6.21")
def test_a_function_that_fails_fails_every_requested_output(build: Build) -> None:
    def function() -> Any:
        raise ValueError("boom")

    repo = build(multi(function, "a", "b", "c"))
    result = repo.materialize(["a", "b"], raise_on_error=False)
    assert failures_of(result) == {"a": "ValueError: boom", "b": "ValueError: boom"}
    assert result.materialized_assets == ["a", "b"]


def generated(results: list[Any], *names: str, asynchronous: bool = False, **settings: Any) -> rs.MultiAsset:
    """A multi-asset that yields ``results`` in turn, and raises those that are exceptions."""

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


@pytest.mark.rule("assets 6.16")
@both_kinds
def test_a_generator_yields_results_by_name(build: Build, storage: rs.Storage, asynchronous: bool) -> None:
    results = [
        out("b", 2, metadata={"rows": 2}),
        rs.Materialization(output_name="a", data_version="va"),
        rs.Observation(output_name="c", metadata={"seen": True}),
    ]
    given = generated(results, "a", "b", "c", asynchronous=asynchronous)
    assert given.is_async is asynchronous
    repo = build(given)
    result = repo.materialize()
    assert result.success
    assert stored(repo, "a", "b", "c") == {"b": 2}
    assert event_of(storage, result.run_id, "Materialization", "a").data_version == "va"
    assert metadata_of(event_of(storage, result.run_id, "Observation", "c")) == {"seen": {"Bool": {"value": True}}}


@pytest.mark.rule("assets 6.16")
@both_kinds
def test_each_value_is_persisted_when_it_is_yielded(build: Build, asynchronous: bool) -> None:
    handler = Remembering()
    seen: list[dict[str, Any]] = []

    def produce() -> Iterator[Any]:
        yield out("a", 1)
        seen.append(dict(handler.values))
        yield out("b", 2)
        seen.append(dict(handler.values))

    async def produce_later() -> AsyncIterator[Any]:
        for each in produce():
            yield each

    repo = build(multi(produce_later if asynchronous else produce, "a", "b", io_handler=handler))
    assert repo.materialize().success
    assert seen == [{"a": 1}, {"a": 1, "b": 2}]


@pytest.mark.rule("assets 6.19")
@both_kinds
@pytest.mark.parametrize("wrong", [3, None, {"b": 2}, ("b", 2)])
def test_yielding_something_else_names_the_three_allowed_types(build: Build, wrong: Any, asynchronous: bool) -> None:
    repo = build(generated([out("a", 1), wrong], "a", "b", asynchronous=asynchronous))
    with pytest.raises(ExecutionError, match=r"(?s)(?=.*\bOutput\b)(?=.*\bObservation\b)(?=.*\bMaterialization\b)"):
        repo.materialize()
    assert stored(repo, "a", "b") == {"a": 1}


@pytest.mark.rule("assets 6.19")
@both_kinds
@pytest.mark.parametrize(
    "nameless", [out(None, 1), rs.Observation(), rs.Materialization()], ids=lambda it: type(it).__name__
)
def test_yielding_without_an_output_name_is_a_fault(build: Build, nameless: Any, asynchronous: bool) -> None:
    repo = build(generated([nameless], "a", asynchronous=asynchronous))
    with pytest.raises(ExecutionError, match="output_name"):
        repo.materialize()


@pytest.mark.rule("assets 6.20")
@both_kinds
def test_finishing_without_a_requested_output_fails_that_one_only(build: Build, asynchronous: bool) -> None:
    below = [rs.Asset(name="below_a")(lambda a: a), rs.Asset(name="below_b")(lambda b: b)]
    repo = build(generated([out("a", 1)], "a", "b", asynchronous=asynchronous), *below)
    result = repo.materialize(raise_on_error=False)
    assert list(failures_of(result)) == ["b", "below_b"]
    assert failures_of(result)["b"].startswith("ExecutionError: ")
    assert "b" in failures_of(result)["b"].removeprefix("ExecutionError: ")
    assert stored(repo, "a", "b", "below_a") == {"a": 1, "below_a": 1}
    with pytest.raises(ExecutionError, match=r"'b'"):
        repo.materialize()


@pytest.mark.rule("assets 6.17")
@both_kinds
def test_an_unknown_output_name_is_ignored(build: Build, storage: rs.Storage, asynchronous: bool) -> None:
    repo = build(generated([out("other", 9), out("a", 1)], "a", asynchronous=asynchronous))
    result = repo.materialize()
    assert result.success
    assert subjects_of(storage, result.run_id, "Materialization") == ["a"]


@pytest.mark.rule("assets 6.17")
@both_kinds
def test_of_a_name_that_is_yielded_twice_the_last_value_wins(build: Build, asynchronous: bool) -> None:
    repo = build(generated([out("a", 1), out("a", 2)], "a", asynchronous=asynchronous))
    assert repo.materialize().success
    assert repo.load_node("a") == 2


class OnlyOdd(Remembering):
    """Cannot store an even number."""

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


@pytest.mark.rule("assets 6.22")
def test_a_subset_runs_the_function_once_and_persists_only_what_was_asked_for(
    build: Build, storage: rs.Storage
) -> None:
    told: list[Any] = []

    def function(context: rs.AssetExecutionContext) -> Any:
        told.append((context.asset_name, context.is_multi_asset, context.output_selection))
        return {"a": 1, "b": 2, "c": 3}

    repo = build(multi(function, "a", "b", "c"))
    result = repo.materialize(["c", "a", "c"])
    assert told == [("m", True, ["a", "c"])]
    assert result.materialized_assets == ["a", "c"]
    assert stored(repo, "a", "b", "c") == {"a": 1, "c": 3}
    assert sorted(subjects_of(storage, result.run_id, "Materialization")) == ["a", "c"]
    repo.materialize()
    assert told[1] == ("m", True, ["a", "b", "c"])


@pytest.mark.rule("assets 6.17")
@both_kinds
def test_a_generator_may_yield_more_than_was_asked_for(build: Build, asynchronous: bool) -> None:
    repo = build(generated([out("a", 1), out("b", 2)], "a", "b", asynchronous=asynchronous))
    assert repo.materialize(["b"]).materialized_assets == ["b"]
    assert stored(repo, "a", "b") == {"b": 2}


@pytest.mark.rule("assets 6.23")
def test_what_a_consumer_needs_is_all_that_is_included(build: Build) -> None:
    told: list[list[str]] = []

    def function(context: rs.AssetExecutionContext) -> Any:
        told.append(context.output_selection)
        return {"a": 1, "b": 2}

    repo = build(multi(function, "a", "b"), rs.Asset(name="consumer")(lambda b: b * 10))
    result = repo.materialize(["consumer"], include_upstream=True)
    assert result.materialized_assets == ["b", "consumer"]
    assert told == [["b"]]
    assert stored(repo, "a", "consumer") == {"consumer": 20}


@pytest.mark.rule("assets 6.24")
def test_dependencies_at_the_top_are_those_of_every_output(build: Build) -> None:
    ran: list[str] = []

    def function(given: int) -> Any:
        ran.append("m")
        return {"a": given, "b": given + 1}

    deps = [rs.AssetDef.dep("before"), rs.AssetDef.input("given", metadata={"columns": "x"})]
    handler = Remembering()
    before = rs.Asset(name="before")(lambda: ran.append("before"))
    repo = build(multi(function, "a", "b", deps=deps), before, rs.Asset(name="given", io_handler=handler)(lambda: 5))
    assert repo.materialize().success
    assert ran == ["before", "m"]
    assert [context.asset_metadata for context in handler.inputs] == [{"columns": "x"}]
    assert stored(repo, "a", "b") == {"a": 5, "b": 6}
    ran.clear()
    repo.materialize(["b"], include_upstream=True)
    assert ran == ["before", "m"]


@pytest.mark.rule("assets 6.25")
def test_an_input_of_one_output_joins_those_of_the_function(build: Build) -> None:
    handler = Remembering()
    handler.values["up"] = 7
    given = rs.Asset.from_multi(
        lambda up: {"a": up, "b": up},
        [rs.AssetDef("a"), rs.AssetDef("b", deps=[rs.AssetDef.input("up", io_handler=handler)])],
        "m",
    )
    repo = build(given, rs.Asset(name="up")(lambda: 1))
    repo.materialize()
    assert stored(repo, "a", "b") == {"a": 7, "b": 7}


@pytest.mark.rule("assets 6.25")
def test_an_input_of_one_output_must_be_a_parameter() -> None:
    with pytest.raises(ValueError, match=r"(?s)'absent'.*up"):
        rs.Asset.from_multi(lambda up: {}, [rs.AssetDef("a", deps=[rs.AssetDef.input("absent")])], "m")


@pytest.mark.rule("assets 6.26")
def test_what_orders_one_output_is_an_edge_to_it_only_and_the_step_still_waits(
    build: Build, storage: rs.Storage
) -> None:
    ran: list[str] = []

    def function() -> Any:
        ran.append("m")
        return {"a": 1, "b": 2}

    given = rs.Asset.from_multi(function, [rs.AssetDef("a"), rs.AssetDef("b", deps=[rs.AssetDef.dep("before")])], "m")
    repo = build(given, rs.Asset(name="before")(lambda: ran.append("before")))
    repo.materialize()
    assert ran == ["before", "m"]
    topology = (storage.kv_get("topology") or b"").replace(b" ", b"")
    assert b'"a":{"deps":[]}' in topology
    assert b'"b":{"deps":["before"]}' in topology


@pytest.mark.rule("assets 6.27")
@pytest.mark.parametrize("annotation", ["dict", "dict[str, int]", "Any", None])
def test_the_return_annotation_is_about_what_the_function_returns(build: Build, annotation: Any) -> None:
    def function():
        return {"a": 1, "b": "text"}

    function.__annotations__ = {"return": annotation}
    assert build(multi(function, "a", "b")).materialize().success


@pytest.mark.rule("assets 6.27")
@pytest.mark.parametrize("annotation", [int, tuple[int, str]])
def test_another_annotation_fails_every_requested_output(build: Build, annotation: Any) -> None:
    def function():
        return {"a": 1, "b": 2}

    function.__annotations__ = {"return": annotation}
    repo = build(multi(function, "a", "b"))
    result = repo.materialize(raise_on_error=False)
    assert list(failures_of(result)) == ["a", "b"]
    assert all(text.startswith("AssetOutputValidationError: ") for text in failures_of(result).values())
    assert stored(repo, "a", "b") == {}
    with pytest.raises(AssetOutputValidationError):
        repo.materialize()


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


@pytest.mark.rule("assets 6.29")
def test_one_that_returns_a_mapping_is_tried_again_as_a_whole(build: Build, storage: rs.Storage) -> None:
    tries: list[int] = []

    def function() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return {"a": 1, "b": 2}

    repo = build(multi(function, "a", "b", retry=rs.RetryPolicy(1)))
    result = repo.materialize()
    assert result.success
    assert len(tries) == 2
    assert stored(repo, "a", "b") == {"a": 1, "b": 2}
    assert set(subjects_of(storage, result.run_id, "StepRetry")) <= {"a", "b"}
    assert "StepRetry" in types_of(storage, result.run_id, "a")


@pytest.mark.rule("assets 6.30")
@both_kinds
def test_a_generator_that_has_yielded_is_not_tried_again(build: Build, storage: rs.Storage, asynchronous: bool) -> None:
    results = [out("a", 1), ValueError("boom")]
    repo = build(generated(results, "a", "b", asynchronous=asynchronous, retry=rs.RetryPolicy(3)))
    result = repo.materialize(raise_on_error=False)
    assert failures_of(result) == {"b": "ValueError: boom"}
    assert stored(repo, "a", "b") == {"a": 1}
    assert types_of(storage, result.run_id, "b") == ["StepStart", "StepFailure"]


@pytest.mark.rule("assets 6.30")
@both_kinds
def test_a_generator_that_has_not_yielded_may_be_tried_again(
    build: Build, storage: rs.Storage, asynchronous: bool
) -> None:
    results: list[Any] = [ValueError("boom")]
    repo = build(generated(results, "a", asynchronous=asynchronous, retry=rs.RetryPolicy(2)))
    run_id = repo.materialize(raise_on_error=False).run_id
    assert types_of(storage, run_id, "a").count("StepRetry") in (0, 2)


@pytest.mark.rule("assets 6.29")
def test_compute_of_the_step_is_advice(build: Build) -> None:
    assert build(multi(lambda: {"a": 1}, "a", compute=rs.Compute(cpu="1"))).materialize().success


@pytest.mark.rule("assets 6.31")
def test_hooks_fire_once_for_each_output_with_its_value(build: Build) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def went_well(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output, context.error))

    @rs.Hook.failure
    def went_badly(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output, context.error))

    function = lambda: {"a": rs.Output(1), "b": rs.Materialization()}  # noqa: E731
    build(multi(function, "a", "b", "c", hooks=[went_well, went_badly])).materialize(raise_on_error=False)
    assert sorted(heard) == [("a", 1, None), ("b", None, None), ("c", None, "KeyError: 'c'")]


@pytest.mark.rule("assets 6.31")
@both_kinds
def test_hooks_of_a_generator_fire_once_for_each_output(build: Build, asynchronous: bool) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def went_well(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output))

    build(generated([out("a", 1), out("b", 2)], "a", "b", asynchronous=asynchronous, hooks=[went_well])).materialize()
    assert sorted(heard) == [("a", 1), ("b", 2)]
