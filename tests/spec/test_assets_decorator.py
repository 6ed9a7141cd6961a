"""The ``Asset`` decorator, seen through a repository."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetDefinitionError, ConfigurationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, types_of

PUBLIC = [
    "Asset",
    "SingleAsset",
    "MultiAsset",
    "GraphAsset",
    "ExternalAsset",
    "AssetDef",
    "DepDef",
    "SelfDependency",
    "Output",
    "Observation",
    "Materialization",
    "DynamicOutput",
    "Task",
    "BashTask",
    "InvokedNodeOutput",
    "AssetExecutionContext",
    "TaskExecutionContext",
    "MetadataValue",
    "Schema",
    "exceptions",
]


@pytest.mark.rule("assets 1.1")
@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_exported(name: str) -> None:
    assert getattr(rs, name) is not None
    assert name in dir(rs)


@pytest.mark.rule("assets 1.1")
def test_what_map_returns_is_a_type_but_no_export() -> None:
    assert "MappedOutput" not in dir(rs)
    with pytest.raises(AttributeError):
        rs.MappedOutput


@pytest.mark.rule("assets 1.10")
@pytest.mark.parametrize("name", ["a/b", "with space", "ünïcode", "a.b-c", "1", "a[0]"])
def test_any_name_runs_is_stored_and_is_loaded(build: Build, storage: rs.Storage, name: str) -> None:
    repo = build(rs.Asset(name=name)(lambda: 3))
    assert list(repo.assets) == [name]
    result = repo.materialize([name])
    assert result.materialized_assets == [name]
    assert repo.load_node(name) == 3
    assert types_of(storage, result.run_id, name) == ["StepStart", "Materialization", "StepSuccess"]


@pytest.mark.rule("assets 1.14")
def test_a_handler_may_be_an_instance_or_the_key_of_a_resource(build: Build) -> None:
    own, shared = Remembering(), Remembering()
    repo = build(
        rs.Asset(name="a", io_handler=own)(lambda: 1),
        rs.Asset(name="b", io_handler="lake")(lambda: 2),
        resources={"lake": shared},
    )
    repo.materialize()
    assert (own.values, shared.values) == ({"a": 1}, {"b": 2})
    assert repo.io_handler_for_output("b") is shared


@pytest.mark.parametrize("kind", [ConfigurationError, AssetDefinitionError])
def test_an_unknown_handler_key_is_refused_when_resolving_as_either_documented_type(
    build: Build, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"'?a'?.*'?nope'?"):
        build(rs.Asset(name="a", io_handler="nope")(lambda: 1))


@pytest.mark.rule("assets 1.21")
def test_a_policy_may_be_named(build: Build, storage: rs.Storage) -> None:
    attempts: list[int] = []

    @rs.Asset(retry="twice")
    def flaky() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError("not yet")
        return len(attempts)

    repo = build(flaky, retries={"twice": rs.RetryPolicy(2)})
    run_id = repo.materialize().run_id
    assert repo.load_node("flaky") == 3
    assert types_of(storage, run_id, "flaky").count("StepRetry") == 2


@pytest.mark.rule("assets 1.18")
def test_hooks_of_an_asset_are_called(build: Build) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def note(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output))

    build(rs.Asset(name="a", hooks=[note])(lambda: 7)).materialize()
    assert heard == [("a", 7)]


def test_a_hook_that_is_none_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="hooks"):
        rs.Asset(hooks=[print])


@pytest.mark.rule("assets 1.22")
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), rs.Executor.parallel(2)])
def test_compute_is_advice_that_changes_nothing_here(build: Build, executor: rs.Executor) -> None:
    asset = rs.Asset(name="a", compute=rs.Compute(cpu="2", memory="4Gi"))(lambda: 1)
    assert build(asset, default_executor=executor).materialize().success


@pytest.mark.rule("assets 1.13")
def test_the_settings_of_an_asset_reach_its_record_and_its_event(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(tags=["t", "u"], kinds="table", group="g", code_version="7", pool=["db", "api"], pool_slots={"db": 2})
    def a() -> int:
        return 1

    assert (a.pool, a.kinds) == ([("db", 2), ("api", 1)], ["table"])
    run_id = build(a).materialize().run_id
    record = storage.get_asset_record("a")
    assert record is not None
    assert (record.tags, record.kinds, record.group, record.code_version) == (["t", "u"], ["table"], "g", "7")
    assert record.pool == [("db", 2), ("api", 1)]
    assert event_of(storage, run_id, "Materialization", "a").code_version == "7"


@pytest.mark.rule("assets 1.3")
def test_one_decorator_makes_several_assets_that_run(build: Build) -> None:
    handler = Remembering()
    table = rs.Asset(io_handler=handler, kinds="table")

    @table
    def a() -> int:
        return 1

    @table
    def b(a: int) -> int:
        return a + 1

    assert a is not b
    repo = build(a, b)
    assert repo.materialize().materialized_assets == ["a", "b"]
    assert handler.values == {"a": 1, "b": 2}


@pytest.mark.rule("assets 1.6")
def test_called_inside_of_a_graph_body_an_asset_is_recorded_and_not_run(build: Build) -> None:
    ran: list[str] = []
    given: list[Any] = []

    @rs.Asset
    def a() -> int:
        ran.append("a")
        return 1

    @rs.Asset.from_graph
    def g() -> Any:
        given.append(a())
        return given[-1]

    repo = build(a, g)
    assert ran == []
    assert all(isinstance(each, rs.InvokedNodeOutput) for each in given)
    assert given[0].node_name == "a"
    assert "g" in repo.assets


ASSETS: dict[str, Any] = {
    "is_single": rs.Asset(name="n")(lambda: 1),
    "is_multi": rs.Asset.from_multi(dict, [rs.AssetDef("o")], "n"),
    "is_graph": rs.Asset.from_graph(lambda: None, "n"),
    "is_external": rs.Asset.external(name="n", io_handler="h"),
}


@pytest.mark.rule("assets 1.7", "assets 1.24")
@pytest.mark.parametrize("kind", ASSETS)
@pytest.mark.parametrize(
    "attribute",
    [
        "name",
        "tags",
        "kinds",
        "group",
        "code_version",
        "metadata",
        "partitions_def",
        "partition_mapping",
        "hooks",
        "automation_condition",
        "pool",
        "observe_fn",
        "is_async",
        "is_single",
        "is_multi",
        "is_graph",
        "is_external",
    ],
)
def test_every_kind_of_asset_has_every_property_and_none_can_be_set(kind: str, attribute: str) -> None:
    asset = ASSETS[kind]
    value = getattr(asset, attribute)
    expected = {"name": "n", "kinds": [], "pool": [], "hooks": [], "is_async": False}
    if attribute.startswith("is_") and attribute != "is_async":
        assert value is (attribute == kind)
    else:
        assert value == expected.get(attribute)
    with pytest.raises(AttributeError):
        setattr(asset, attribute, value)


@pytest.mark.rule("assets 1.8")
def test_functions_of_every_kind_run(build: Build) -> None:
    @rs.Asset
    def plain() -> int:
        return 1

    @rs.Asset
    async def later(plain: int) -> int:
        return plain + 1

    assert (plain.is_async, later.is_async) == (False, True)
    repo = build(plain, later)
    assert repo.materialize().success
    assert repo.load_node("later") == 2
