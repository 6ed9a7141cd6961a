"""The order of execution."""

from __future__ import annotations

import pytest

from rivers.definitions.asset_def import AssetDef
from rivers.definitions.assets import Asset
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
    assert tuple(tuple(planned.step.key for planned in level) for level in plan.levels) == levels
    assert plan.names == tuple(name for level in levels for name in level)
