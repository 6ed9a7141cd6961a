"""The declaration of an asset. The settings that every kind of asset shares are tested here, through the decorator."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset, SingleAsset
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError
from rivers.io_handlers import InMemoryIOHandler
from rivers.partitions.mappings import PartitionMapping

PREVIOUS = PartitionMapping.time_window(-1)


def orders() -> list: ...


@pytest.mark.rule("assets 1.2")
def test_the_bare_and_the_keyword_form_give_a_single_asset() -> None:
    for asset in (Asset(orders), Asset()(orders), Asset(name="orders")(lambda: 1)):
        assert isinstance(asset, SingleAsset)
        assert asset.name == "orders"
        assert (asset.is_single, asset.is_multi, asset.is_graph, asset.is_external) == (True, False, False, False)


@pytest.mark.rule("assets 1.2")
def test_what_is_not_given_is_none_or_empty() -> None:
    asset = Asset(orders)
    assert (asset.tags, asset.group, asset.code_version, asset.metadata) == (None,) * 4
    assert (asset.partitions_def, asset.partition_mapping, asset.automation_condition, asset.observe_fn) == (None,) * 4
    assert (asset.io_handler, asset.retry, asset.compute, asset.backfill_strategy) == (None,) * 4
    assert (asset.kinds, asset.hooks, asset.pool, asset.deps) == ([], [], [], [])


@pytest.mark.rule("assets 1.12", "assets 1.23")
def test_what_is_given_is_told() -> None:
    handler = InMemoryIOHandler()
    asset = Asset(
        tags=["t"],
        kinds="table",
        group="g",
        code_version="v",
        io_handler=handler,
        metadata={"a": "b"},
        partitions_def="daily",
        automation_condition="c",
        backfill_strategy="s",
        retry=RetryPolicy(2),
        compute=Compute(cpu="1"),
    )(orders)
    assert (asset.tags, asset.kinds, asset.group, asset.code_version) == (["t"], ["table"], "g", "v")
    assert asset.io_handler is handler
    assert (asset.metadata, asset.partitions_def) == ({"a": "b"}, "daily")
    assert (asset.automation_condition, asset.backfill_strategy) == ("c", "s")
    assert (asset.retry, asset.compute) == (RetryPolicy(2), Compute(cpu="1"))
    assert Asset(kinds=["a", "b"])(orders).kinds == ["a", "b"]
    assert Asset(name="a/b", io_handler="key", retry="named")(orders).io_handler == "key"


@pytest.mark.rule("assets 1.3")
def test_a_decorator_can_be_used_again() -> None:
    decorator = Asset(group="g")
    first, second = decorator(orders), decorator(lambda: 1)
    assert first is not second
    assert (first.name, first.group) == ("orders", "g")
    assert second.group == "g"


@pytest.mark.rule("assets 1.5")
def test_an_asset_without_a_function_has_no_name() -> None:
    with pytest.raises(AssetDefinitionError, match="no name"):
        _ = Asset(group="g").name
    assert Asset(name="n").name == "n"
    with pytest.raises(AssetDefinitionError, match="function"):
        _ = Asset(name="n").function


@pytest.mark.rule("assets 1.6")
def test_a_bound_asset_calls_its_function_directly() -> None:
    @Asset
    def double(value: int) -> int:
        """Twice the value."""
        return 2 * value

    assert double(4) == 8
    assert double.__doc__ == "Twice the value."


@pytest.mark.rule("assets 1.7")
def test_attributes_are_read_only() -> None:
    for attribute in ("name", "tags", "pool", "is_async", "io_handler"):
        with pytest.raises(AttributeError):
            setattr(Asset(orders), attribute, None)


@pytest.mark.rule("assets 1.8")
def test_coroutine_functions_are_async() -> None:
    @Asset
    async def slow() -> int:
        return 1

    assert slow.is_async
    assert not Asset(orders).is_async


@pytest.mark.rule("assets 1.4")
@pytest.mark.parametrize("arguments", [(3,), (None,), (orders, orders), (), (Asset(orders),)])
def test_a_decorator_takes_exactly_one_function(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AssetDefinitionError, match="exactly one function"):
        Asset(group="g")(*arguments)


@pytest.mark.rule("assets 1.4")
@pytest.mark.parametrize("arguments", [(3,), (None,), (orders, orders)])
def test_the_bare_form_takes_exactly_one_function(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AssetDefinitionError, match="exactly one function"):
        Asset(*arguments)


@pytest.mark.rule("assets 1.20")
@pytest.mark.parametrize(
    ("keywords", "pool"),
    [
        ({"pool": "db"}, [("db", 1)]),
        ({"pool": ["a", "b"], "pool_slots": 2}, [("a", 2), ("b", 2)]),
        ({"pool": ["db", "api"], "pool_slots": {"db": 2}}, [("db", 2), ("api", 1)]),
        ({"pool": "db", "pool_slots": 0}, [("db", 0)]),
        ({"pool": ["a", "a"]}, [("a", 1)]),
        ({"pool": []}, []),
        ({"pool_slots": -3}, []),
    ],
)
def test_pools_and_slots_are_told_together(keywords: dict[str, Any], pool: list[tuple[str, int]]) -> None:
    assert Asset(**keywords)(orders).pool == pool


@pytest.mark.rule("assets 1.14", "assets 1.19", "assets 1.20")
@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"pool": ""}, "empty"),
        ({"pool": ["a", ""]}, "empty"),
        ({"pool": 3}, "int"),
        ({"pool": [3]}, "int"),
        ({"pool": "a", "pool_slots": -1}, "-1"),
        ({"pool": "a", "pool_slots": "2"}, "'2'"),
        ({"pool": "a", "pool_slots": {"a": -1}}, "-1"),
        ({"pool": ["a", "b"], "pool_slots": {"c": 1}}, r"'c'.*\['a', 'b'\]"),
        ({"io_handler": 3}, "BaseIOHandler instance or a string resource reference"),
        ({"io_handler": object()}, "BaseIOHandler instance or a string resource reference"),
    ],
)
def test_a_bad_pool_or_handler_is_an_asset_definition_error(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(AssetDefinitionError, match=named):
        Asset(name="n", **keywords)


@pytest.mark.rule("assets 1.9", "assets 1.11", "assets 1.15", "assets 1.17", "assets 1.18")
@pytest.mark.parametrize(
    "keywords",
    [
        {"unknown": 1},
        {"name": 3},
        {"tags": "t"},
        {"tags": [1]},
        {"kinds": [1]},
        {"kinds": 1},
        {"group": 1},
        {"code_version": 1},
        {"metadata": {"a": 1}},
        {"metadata": {1: "a"}},
        {"metadata": {"rivers/schema": 1}},
        {"metadata": "a"},
        {"deps": ["a"]},
        {"deps": AssetDef.dep("a")},
        {"hooks": ["a"]},
        {"retry": 3},
        {"compute": "1"},
    ],
)
def test_a_mistyped_or_unknown_keyword_is_a_type_error(keywords: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(keywords))):
        Asset(**keywords)


@pytest.mark.rule("assets 1.15")
def test_a_schema_like_object_may_stand_in_the_metadata_under_its_key() -> None:
    class Schema:
        def __arrow_c_schema__(self) -> object: ...

    schema = Schema()
    assert Asset(metadata={"rivers/schema": schema})(orders).metadata == {"rivers/schema": schema}


@pytest.mark.rule("assets 1.16")
def test_partitions_of_another_kind_are_a_value_error_that_names_both_ways() -> None:
    with pytest.raises(ValueError, match=r"PartitionsDefinition.*registry"):
        Asset(partitions_def=3)


@pytest.mark.rule("assets 1.25")
def test_the_partition_mappings_are_those_of_the_declared_dependencies() -> None:
    asset = Asset(deps=[AssetDef.dep("a", PREVIOUS), AssetDef.dep("b")])(orders)
    assert asset.partition_mapping == {"a": PREVIOUS}
    assert [dep.name for dep in asset.deps] == ["a", "b"]


@pytest.mark.rule("assets 3.4")
def test_an_input_that_is_no_parameter_is_refused_when_decorating() -> None:
    decorator = Asset(deps=[AssetDef.input("c")])
    with pytest.raises(ValueError, match=r"'c'.*available parameters: a, b"):
        decorator(lambda a, b, *c: None)
    assert decorator(lambda c: None).deps[0].name == "c"


def test_something_without_a_name_needs_one() -> None:
    class Callable:
        def __call__(self) -> int:
            return 1

    with pytest.raises(AssetDefinitionError, match="give the asset a name"):
        Asset(Callable())
    assert Asset(name="n")(Callable())() == 1
