"""The calls that the body of a graph asset records, as far as no other node is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.composition import (
    Call,
    Composition,
    Gathering,
    InvokedNodeOutput,
    MappedOutput,
    current_composition,
)
from rivers.definitions.assets.tasks import Task
from rivers.exceptions import GraphValidationError, TaskDefinitionError


@Task
def one() -> int:
    return 1


@Task
def inc(n: int) -> int:
    return n + 1


@Task
def total(values: list[int]) -> int:
    return sum(values)


@Asset
def outer() -> int:
    return 5


def body(function: Callable[..., Any], *parameters: str) -> Composition:
    return Asset.from_graph(function, name="g").compose({name: name for name in parameters})


def test_a_call_in_the_body_is_written_down_and_gives_a_promise() -> None:
    composition = body(lambda a: inc(n=inc(a) and a), "a")
    assert list(composition.nodes) == ["g/inc"]
    result = composition.result
    assert isinstance(result, InvokedNodeOutput)
    assert (result.node_name, result.output_name, result.gathering) == ("g/inc", "result", Gathering.NONE)
    assert repr(result) == "InvokedNodeOutput('g/inc')"
    by_position, by_name = composition.nodes["g/inc"].calls
    assert by_position.positional[0] is by_name.keyword["n"]


def test_parameters_stand_for_the_assets_of_their_names() -> None:
    def passes_through(a: int, /, *, b: int) -> Any:
        return a, b

    assert [output.node_name for output in body(passes_through, "a", "b").result] == ["a", "b"]


def test_literals_are_kept_as_they_are() -> None:
    assert body(lambda: inc(7)).nodes["g/inc"].calls == [Call((7,), {})]


def test_a_task_that_is_called_twice_is_one_node() -> None:
    composition = body(lambda: [one(), one()])
    assert list(composition.nodes) == ["g/one"]
    assert composition.result[0].node_name == composition.result[1].node_name


@pytest.mark.rule("assets 1.6")
def test_assets_called_in_the_body_keep_their_bare_name() -> None:
    multi = Asset.external(name="raw", io_handler="h")
    inner = Asset.from_graph(lambda: one(), name="inner")
    composition = body(lambda: [outer(), multi(), inner()])
    assert [output.node_name for output in composition.result] == ["outer", "raw", "inner"]
    assert list(composition.called_assets) == ["outer", "raw", "inner"]
    assert composition.nodes == {}


def test_a_bash_task_is_written_down_too() -> None:
    composition = body(lambda: CommandTask("b", "true")(one()))
    assert list(composition.nodes) == ["g/one", "g/b"]


@pytest.mark.rule("graph-assets 3.1.4")
def test_what_the_body_raises_comes_through_and_ends_the_composition() -> None:
    def broken() -> None:
        one()
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        body(broken)
    assert current_composition() is None
    assert one() == 1


def test_outside_of_a_body_a_graph_asset_runs_its_function() -> None:
    assert Asset.from_graph(lambda a: inc(inc(a)), name="g")(3) == 5


def test_a_fan_out_has_a_source_a_limit_and_ways_to_collect() -> None:
    composition = body(lambda: one().map(inc, max_concurrency=2))
    mapped = composition.result
    assert isinstance(mapped, MappedOutput)
    assert (mapped.node_name, mapped.output_name, repr(mapped)) == ("g/inc", "result", "MappedOutput('g/inc')")
    [call] = composition.nodes["g/inc"].maps
    assert (call.source.node_name, call.max_concurrency) == ("g/one", 2)
    collected = [mapped.collect(), mapped.collect_stream(), mapped.collect_stream(ordered=True)]
    assert [output.node_name for output in collected] == ["g/inc__collect"] * 3
    assert [output.gathering for output in collected] == [Gathering.LIST, Gathering.STREAM, Gathering.ORDERED_STREAM]


def test_the_value_of_an_asset_or_a_parameter_can_be_mapped_over() -> None:
    for function in (lambda a: outer().map(inc), lambda a: a.map(inc)):
        assert isinstance(body(function, "a").result, MappedOutput)


@pytest.mark.rule("graph-assets 2.11", "graph-assets 4.1")
@pytest.mark.parametrize("wrong", [lambda n: n, CommandTask("b", "true"), outer, None])
def test_only_a_task_can_be_mapped(wrong: Any) -> None:
    with pytest.raises(TypeError, match="map takes a Task"):
        body(lambda: one().map(wrong))


@pytest.mark.rule("graph-assets 4.13")
@pytest.mark.parametrize(
    ("limit", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), ("2", TypeError), (1.0, TypeError)]
)
def test_a_limit_is_a_whole_number_from_1(limit: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_concurrency"):
        body(lambda: one().map(inc, max_concurrency=limit))


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda: total(one().map(inc)), r"'g/total' is given what 'g/inc' maps; collect it first"),
        (lambda: total([one(), one()]), r"'g/total' is given a list with results of other tasks"),
        (lambda: total({"a": one()}), r"'g/total' is given a dict with results of other tasks"),
    ],
)
def test_an_argument_that_means_nothing_is_refused(function: Callable[..., Any], named: str) -> None:
    with pytest.raises(GraphValidationError, match=named):
        body(function)


def test_a_result_of_another_body_is_refused() -> None:
    escaped = body(lambda: one()).result
    with pytest.raises(GraphValidationError, match="from the body of another graph"):
        body(lambda: inc(escaped))


def test_two_different_tasks_of_one_name_in_one_graph_are_refused() -> None:
    with pytest.raises(GraphValidationError, match=r"'g' uses two different tasks called 'one'"):
        body(lambda: [one(), Task(lambda: 1, name="one")()])


def test_a_task_without_a_function_cannot_be_mapped() -> None:
    with pytest.raises(TaskDefinitionError, match="not applied"):
        body(lambda: one().map(Task()))


def test_a_body_cannot_be_asynchronous() -> None:
    async def later() -> Any:
        return one()

    with pytest.raises(GraphValidationError, match=r"'g'.*asynchronous"):
        body(later)
