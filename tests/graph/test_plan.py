"""The order of execution."""

from __future__ import annotations

import pytest

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.assets import Asset
from rivers.graph.building import build_graph
from rivers.graph.plan import plan_execution

GRAPH = build_graph(
    [
        Asset(name="d", deps=[AssetDef.dep("x")])(lambda b, c: 0),
        Asset(name="c")(lambda a: 0),
        Asset(name="b")(lambda a: 0),
        Asset(name="x")(lambda: 0),
        Asset(name="a")(lambda: 0),
    ]
)


@pytest.mark.parametrize(
    ("names", "levels"),
    [
        ("dcbxa", (("x", "a"), ("c", "b"), ("d",))),
        ("db", (("b",), ("d",))),
        ("da", (("d", "a"),)),
        ("cx", (("c", "x"),)),
        ("xd", (("x",), ("d",))),
        ("", ()),
    ],
)
def test_levels_wait_only_for_what_is_planned_and_keep_the_order_of_registration(
    names: str, levels: tuple[tuple[str, ...], ...]
) -> None:
    plan = plan_execution(GRAPH, list(names))
    planned = tuple(tuple(step.outputs for step in level) for level in plan.levels)
    assert planned == tuple(tuple((name,) for name in level) for level in levels)


def test_a_shared_step_runs_once_for_the_outputs_that_are_asked_for() -> None:
    given = Asset.from_multi(
        dict, [AssetDef("p"), AssetDef("q", deps=[AssetDef.dep("x")]), AssetDef("r", deps=[AssetDef.dep("p")])], "m"
    )
    graph = build_graph([given, Asset(name="x")(lambda: 0), Asset(name="y")(lambda p: 0)])

    def levels(*names: str) -> list[list[tuple[str, tuple[str, ...]]]]:
        plan = plan_execution(graph, names)
        return [[(planned.step.name, planned.outputs) for planned in level] for level in plan.levels]

    assert levels("p", "q", "r", "x", "y") == [[("x", ("x",))], [("m", ("p", "q", "r"))], [("y", ("y",))]]
    assert levels("y", "r", "p") == [[("m", ("p", "r"))], [("y", ("y",))]]
    assert levels("q", "y") == [[("m", ("q",)), ("y", ("y",))]]


def test_outputs_that_are_done_are_planned_apart_from_the_rest() -> None:
    def both() -> dict[str, int]:
        return {}

    multi = Asset.from_multi(both, [AssetDef("a"), AssetDef("b"), AssetDef("c")])
    plan = plan_execution(build_graph([multi]), ["a", "b", "c"])
    assert [planned.outputs for planned in plan.divided(["b"]).levels[0]] == [("b",), ("a", "c")]
    assert plan.divided([]) == plan
