"""Section 16 of the specification: every fault with its type, and what its message names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import (
    AssetDefinitionError,
    AssetOutputValidationError,
    ConfigurationError,
    ExecutionError,
    GraphValidationError,
    InvalidMetadataError,
    TaskDefinitionError,
)
from tests.spec.handlers import Remembering

one = rs.Asset(name="one")(lambda: 1)


def ran(repo: rs.CodeRepository) -> Any:
    return repo.materialize()


def resolved(*assets: Any, **arguments: Any) -> Callable[[], Any]:
    """Declares nothing yet; called, it resolves a repository of these assets."""

    def resolve() -> None:
        with rs.Storage.memory() as storage, rs.CodeRepository(list(assets), **arguments) as repo:
            repo.resolve(storage)

    return resolve


def run(*assets: Any, **arguments: Any) -> Callable[[], Any]:
    """Called, it resolves a repository of these assets and runs them."""

    def materialize() -> None:
        with rs.Storage.memory() as storage, rs.CodeRepository(list(assets), **arguments) as repo:
            repo.resolve(storage)
            repo.materialize()

    return materialize


def yields(*results: Any) -> rs.MultiAsset:
    def produce() -> Any:
        yield from results

    return rs.Asset.from_multi(produce, [rs.AssetDef("p"), rs.AssetDef("q")], "m")


def misplaced(one: int, told: rs.AssetExecutionContext) -> int:
    return one


def bare_self(self) -> int:
    return 1


def mistyped() -> int:
    return "text"


def observed() -> rs.ExternalAsset:
    return rs.Asset.external(name="raw", io_handler=Remembering())


DEFINITION: list[tuple[str, Callable[[], Any], str]] = [
    ("bare decorator use", lambda: rs.Asset(3), "function"),
    ("a decorator without a function", lambda: rs.Asset(group="g")(3), "function"),
    ("a decorator with two functions", lambda: rs.Asset(group="g")(ran, ran), "function"),
    ("reading a name that is not there", lambda: rs.Asset(group="g").name, "no name"),
    ("a handler of another type", lambda: rs.Asset(io_handler=3), "BaseIOHandler instance or a string"),
    ("an empty pool", lambda: rs.Asset(name="n", pool=""), "'n'.*pool|pool.*'n'"),
    ("slots of another pool", lambda: rs.Asset(pool=["a", "b"], pool_slots={"c": 1}), r"'c'.*\['a', 'b'\]"),
    ("negative slots", lambda: rs.Asset(pool="a", pool_slots=-1), "-1"),
    ("an output without a name", lambda: rs.AssetDef(), "name"),
    ("a text as type of an output", lambda: rs.AssetDef("n", type_hint="int"), "type_hint"),
    ("an external asset without a handler", lambda: rs.Asset.external(name="raw"), "'raw'.*io_handler"),
    ("a second observe function", lambda: observed()(ran)(ran), "'raw'"),
    ("two outputs of one name", resolved(rs.Asset.from_multi(dict, [rs.AssetDef("p")] * 2, "m")), "'p'"),
    ("two assets of one name", resolved(one, rs.Asset(name="one")(lambda: 2)), "'one'"),
    (
        "an asset and an output of one name",
        resolved(one, rs.Asset.from_multi(dict, [rs.AssetDef("one")], "m")),
        "'one'",
    ),
    (
        "an automation that nobody observes for",
        resolved(rs.Asset.external(name="raw", io_handler=Remembering(), automation_condition="c")),
        "'raw'.*decorator",
    ),
    ("an unknown handler key", resolved(rs.Asset(name="a", io_handler="nope")(lambda: 1)), "'a'.*'nope'"),
]


# §16 AssetDefinitionError
@pytest.mark.parametrize(("wrong", "named"), [each[1:] for each in DEFINITION], ids=[each[0] for each in DEFINITION])
def test_what_is_declared_wrong_is_an_asset_definition_error(wrong: Callable[[], Any], named: str) -> None:
    with pytest.raises(AssetDefinitionError, match=f"(?s){named}"):
        wrong()


GRAPH: list[tuple[str, Callable[[], Any], str]] = [
    ("an unknown parameter", resolved(rs.Asset(name="a")(lambda nope: 1)), "'a'.*'nope'"),
    ("an unknown dep", resolved(rs.Asset(name="a", deps=[rs.AssetDef.dep("nope")])(lambda: 1)), "'a'.*'nope'"),
    ("a self edge", resolved(rs.Asset(name="a")(lambda a: 1)), "'a'.*SelfDependency"),
    (
        "a cycle of two",
        resolved(rs.Asset(name="a")(lambda b: 1), rs.Asset(name="b")(lambda a: 1)),
        "a -> b -> a|b -> a -> b",
    ),
    (
        "a cycle of three with a lineage edge",
        resolved(
            rs.Asset(name="a")(lambda c: 1),
            rs.Asset(name="b", deps=[rs.AssetDef.dep("a")])(lambda: 1),
            rs.Asset(name="c")(lambda b: 1),
        ),
        "a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c",
    ),
]


# §16 GraphValidationError
@pytest.mark.parametrize(("wrong", "named"), [each[1:] for each in GRAPH], ids=[each[0] for each in GRAPH])
def test_a_graph_that_cannot_run_is_a_graph_validation_error(wrong: Callable[[], Any], named: str) -> None:
    with pytest.raises(GraphValidationError, match=f"(?s){named}"):
        wrong()


# §16 AssetDef.input without parameter
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rs.Asset(deps=[rs.AssetDef.input("absent")])(lambda first, second: 1),
        lambda: rs.Asset.from_multi(lambda first, second: {}, [], deps=[rs.AssetDef.input("absent")]),
        lambda: rs.Asset.from_graph(lambda first, second: None, deps=[rs.AssetDef.input("absent")]),
    ],
    ids=["single", "multi", "graph"],
)
def test_an_input_without_a_parameter_is_a_value_error(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"(?s)'absent'.*first.*second"):
        wrong()


# §16 unknown handler key
@pytest.mark.parametrize("kind", [ConfigurationError, AssetDefinitionError])
@pytest.mark.parametrize(
    "assets",
    [
        [rs.Asset(name="a", io_handler="nope")(lambda: 1)],
        [one, rs.Asset(name="a", deps=[rs.AssetDef.input("one", io_handler="nope")])(lambda one: 1)],
        [rs.Asset.from_multi(dict, [rs.AssetDef("a", io_handler="nope")], "m")],
        [rs.Asset.from_multi(dict, [rs.AssetDef("a")], "m", io_handler="nope")],
        [rs.Asset.external(name="a", io_handler="nope")],
        [rs.Asset.from_graph(lambda: rs.Task(lambda: 1, name="t")(), "a", io_handler="nope")],
        [rs.Asset.from_graph(lambda: rs.Task(lambda: 1, name="t")(), "a", node_io_handler="nope")],
        [rs.Asset.from_graph(lambda: rs.Task(lambda: 1, name="t", io_handler="nope")(), "a")],
    ],
    ids=["asset", "input", "output", "multi", "external", "graph", "node", "task"],
)
def test_an_unknown_handler_key_is_of_either_documented_type(kind: type[Exception], assets: list[Any]) -> None:
    with pytest.raises(kind, match=r"(?s)a\b.*'nope'"):
        resolved(*assets)()


# §16 TaskDefinitionError
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rs.Task(3),
        lambda: rs.Task(tags=["t"])(3),
        lambda: rs.Task(tags=["t"])(ran, ran),
        lambda: rs.BashTask("b", []),
    ],
    ids=["bare", "factory", "two functions", "empty command"],
)
def test_the_misuse_of_a_task_is_a_task_definition_error(wrong: Callable[[], Any]) -> None:
    with pytest.raises(TaskDefinitionError):
        wrong()


# §16 output type mismatch
def test_a_value_of_the_wrong_type_names_node_actual_and_expected() -> None:
    with pytest.raises(AssetOutputValidationError, match=r"mistyped.*str.*int"):
        run(rs.Asset(mistyped))()


# §16 bad URL metadata
def test_a_bad_url_is_an_invalid_metadata_error() -> None:
    with pytest.raises(InvalidMetadataError):
        rs.MetadataValue.url("nowhere")


# §16 ExecutionError
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (run(yields(3)), "Output.*Observation.*Materialization|Output.*Materialization.*Observation"),
        (run(yields(rs.Output(1))), "output_name"),
        (run(yields(rs.Output(1, output_name="p"))), "'q'"),
        (run(one, rs.Asset(misplaced, name="a")), "first parameter of 'a'"),
        (run(rs.Asset(bare_self, name="a")), r"a\b.*SelfDependency\[T\]"),
    ],
    ids=["yields something else", "yields no name", "yields too little", "context not first", "bare self"],
)
def test_what_the_framework_finds_in_a_step_is_an_execution_error(wrong: Callable[[], Any], named: str) -> None:
    with pytest.raises(ExecutionError, match=f"(?s){named}"):
        wrong()


# §16 (AssetDef.input, decorators, types)
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rs.Asset(unknown=1),
        lambda: rs.Asset(tags="t"),
        lambda: rs.Asset(metadata={"a": 1}),
        lambda: rs.Asset(metadata={1: "a"}),
        lambda: rs.Asset(deps=["a"]),
        lambda: rs.Asset(hooks=["a"]),
    ],
    ids=["unknown keyword", "tags", "metadata value", "metadata key", "deps", "hooks"],
)
def test_an_argument_of_the_wrong_type_is_a_type_error(wrong: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        wrong()


# §2 partitions_def, §16
def test_partitions_of_another_kind_are_a_value_error_that_names_both_ways() -> None:
    with pytest.raises(ValueError, match=r"(?s)PartitionsDefinition.*regist"):
        rs.Asset(partitions_def=3)
