"""Which nodes a selection means."""

from __future__ import annotations

import pytest

from rivers.definitions.asset_def import AssetDef
from rivers.definitions.assets import Asset
from rivers.exceptions import AssetNotFoundError, GraphValidationError
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


@pytest.mark.parametrize(
    ("selection", "names"),
    [(None, "edcbax"), ([], ""), (["a", "e", "a"], "ea"), (("b",), "b")],
)
def test_a_selection_is_a_set_in_order_of_registration(selection: list[str] | None, names: str) -> None:
    assert "".join(select_nodes(GRAPH, selection)) == names


@pytest.mark.parametrize(("selection", "names"), [(["d"], "dcbax"), (["b"], "ba"), (["a", "c"], "ca"), ([], "")])
def test_upstreams_of_both_kinds_are_included_when_asked_for(selection: list[str], names: str) -> None:
    assert "".join(select_nodes(GRAPH, selection, include_upstream=True)) == names


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AssetNotFoundError, match="'nope'"):
        select_nodes(GRAPH, ["a", "nope"])


def test_values_that_come_from_outside_are_found_and_lineage_does_not_count() -> None:
    assert missing_inputs(GRAPH, ["d", "b"]) == [("d", "c"), ("b", "a")]
    assert missing_inputs(GRAPH, ["d", "c", "b", "a"]) == []


def test_a_value_from_outside_needs_an_explicit_io_handler() -> None:
    with pytest.raises(GraphValidationError, match=r"'b'.*'a'.*no io_handler"):
        require_loadable_upstreams(GRAPH, ["b"])
    require_loadable_upstreams(GRAPH, ["b", "a"])
    by_upstream = build_graph([Asset(name="a", io_handler="h")(lambda: 0), Asset(name="b")(lambda a: 0)])
    require_loadable_upstreams(by_upstream, ["b"])
    consumer = Asset(name="b", deps=[AssetDef.input("a", io_handler="h")])(lambda a: 0)
    require_loadable_upstreams(build_graph([Asset(name="a")(lambda: 0), consumer]), ["b"])
