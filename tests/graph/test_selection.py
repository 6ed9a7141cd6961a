"""The nodes that a selection means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.definitions.assets.tasks import Task
from rivers.exceptions import AssetNotFoundError, ExecutionError, GraphValidationError
from rivers.graph.building import build_graph
from rivers.graph.selection import missing_inputs, require_loadable_upstreams, select_nodes

GRAPH = build_graph(
    [
        Asset(name="e")(lambda d: 0),
        Asset(name="d", deps=[AssetDef.dep("x")])(lambda b, c: 0),
        Asset(name="c")(lambda a: 0),
        Asset(name="b")(lambda a: 0),
        Asset(name="a")(lambda: 0),
        Asset(name="x")(lambda: 0),
    ]
)


@pytest.mark.rule("repository 3.1.3")
@pytest.mark.parametrize(
    ("selection", "names"),
    [(None, "edcbax"), ([], ""), (["a", "e", "a"], "ea"), (("b",), "b")],
)
def test_a_selection_is_a_set_in_order_of_registration(selection: list[str] | None, names: str) -> None:
    assert "".join(select_nodes(GRAPH, selection)) == names


@pytest.mark.rule("repository 3.1.8")
@pytest.mark.parametrize(("selection", "names"), [(["d"], "dcbax"), (["b"], "ba"), (["a", "c"], "ca"), ([], "")])
def test_upstreams_of_both_kinds_are_included_when_asked_for(selection: list[str], names: str) -> None:
    assert "".join(select_nodes(GRAPH, selection, include_upstream=True)) == names


@pytest.mark.rule("repository 3.1.4")
def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AssetNotFoundError, match="'nope'"):
        select_nodes(GRAPH, ["a", "nope"])


def test_an_unknown_name_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    graph = build_graph([Asset(name="revenue")(lambda: 0)])
    with pytest.raises(AssetNotFoundError, match=r"Asset 'revenu' not found; did you mean 'revenue'\?"):
        select_nodes(graph, ["revenu"])


def test_values_that_come_from_outside_are_found_and_lineage_does_not_count() -> None:
    assert missing_inputs(GRAPH, ["d", "b"]) == [("d", "c"), ("b", "a")]
    assert missing_inputs(GRAPH, ["d", "c", "b", "a"]) == []


@pytest.mark.rule("repository 3.1.5")
def test_a_value_from_outside_needs_an_explicit_io_handler() -> None:
    with pytest.raises(GraphValidationError, match=r"'b'.*'a'.*no io_handler"):
        require_loadable_upstreams(GRAPH, ["b"])
    require_loadable_upstreams(GRAPH, ["b", "a"])
    by_upstream = build_graph([Asset(name="a", io_handler="h")(lambda: 0), Asset(name="b")(lambda a: 0)])
    require_loadable_upstreams(by_upstream, ["b"])
    consumer = Asset(name="b", deps=[AssetDef.input("a", io_handler="h")])(lambda a: 0)
    require_loadable_upstreams(build_graph([Asset(name="a")(lambda: 0), consumer]), ["b"])


def _node(name: str, function: Callable[..., Any], **keywords: Any) -> Any:
    return Asset(name=name, **keywords)(function)


inner = Task(lambda a: 0, name="inner")
outer = Task(lambda n: 0, name="outer")
KINDS = build_graph(
    [
        _node("a", lambda: 0, io_handler="h"),
        Asset.from_multi(lambda a: {}, [AssetDef("p"), AssetDef("q", deps=[AssetDef.dep("x")])], "m"),
        Asset.from_graph(lambda: outer(inner()), "g"),
        _node("x", lambda: 0),
        _node("needs_p", lambda p, raw: 0),
        Asset.external(name="raw", io_handler="h"),
        Asset.external(lambda: 0, name="seen", io_handler="h"),
    ],
    (),
    [Task(lambda: 0, name="alone"), CommandTask("command", "true")],
)


@pytest.mark.rule("assets 6.23", "graph-assets 3.2.12", "repository 3.1.8")
@pytest.mark.parametrize(
    ("selection", "upstream", "names"),
    [
        (None, False, ["a", "p", "q", "g/inner", "g/outer", "g", "x", "needs_p", "alone", "command"]),
        (["q"], False, ["q"]),
        (["needs_p"], True, ["a", "p", "needs_p"]),
        (["q"], True, ["a", "q", "x"]),
        (["g"], False, ["g/inner", "g/outer", "g"]),
        (["g"], True, ["a", "g/inner", "g/outer", "g"]),
        (["g/outer"], False, ["g/outer"]),
        (["g/outer"], True, ["a", "g/inner", "g/outer"]),
        (["seen"], False, ["seen"]),
        (["command", "alone"], False, ["alone", "command"]),
    ],
)
def test_a_selection_means_for_every_kind_of_node_what_it_needs(
    selection: list[str] | None, upstream: bool, names: list[str]
) -> None:
    assert list(select_nodes(KINDS, selection, include_upstream=upstream)) == names


@pytest.mark.rule("assets 6.6")
def test_a_multi_asset_is_selected_by_its_outputs_and_the_message_says_so() -> None:
    with pytest.raises(AssetNotFoundError, match=r"'m'.*outputs \(p, q\)"):
        select_nodes(KINDS, ["m"])


def test_an_external_asset_that_nobody_observes_cannot_be_selected() -> None:
    with pytest.raises(ExecutionError, match="'raw'"):
        select_nodes(KINDS, ["raw"])


@pytest.mark.rule("graph-assets 3.2.13")
def test_an_internal_node_alone_needs_inputs_that_can_be_loaded() -> None:
    require_loadable_upstreams(KINDS, ["g/inner"])
    with pytest.raises(GraphValidationError, match=r"'g/outer'.*'g/inner'"):
        require_loadable_upstreams(KINDS, ["g/outer"])


def test_what_was_mapped_in_another_run_cannot_be_loaded() -> None:
    total = Task(lambda v: 0, name="total")
    body = Asset.from_graph(lambda: total(inner().map(outer).collect()), "f", node_io_handler="h")
    graph = build_graph([_node("a", lambda: 0, io_handler="h"), body])
    for name, upstream in (("f/total", "f/outer__collect"), ("f/outer__collect", "f/outer")):
        with pytest.raises(GraphValidationError, match=rf"'{name}'.*'{upstream}'"):
            require_loadable_upstreams(graph, [name])
    require_loadable_upstreams(graph, ["f/outer"])
