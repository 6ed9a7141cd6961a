"""The order of execution: levels of nodes that wait for nothing but the levels before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rivers.graph.nodes import Graph


@dataclass(frozen=True, slots=True)
class ExecutionPlan:
    """What runs when. Within a level the order is that of registration."""

    levels: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every node in order of execution."""
        return tuple(name for level in self.levels for name in level)


def plan_execution(graph: Graph, names: Collection[str]) -> ExecutionPlan:
    """Divide ``names`` into levels. Only edges between them count: what is outside is loaded, not waited for."""
    members = frozenset(names)
    depth: dict[str, int] = {}
    levels: list[list[str]] = []
    for name in graph.order:
        if name not in members:
            continue
        above = [depth[upstream] for upstream in graph[name].upstreams if upstream in members]
        depth[name] = max(above) + 1 if above else 0
        if depth[name] == len(levels):
            levels.append([])
        levels[depth[name]].append(name)
    return ExecutionPlan(tuple(tuple(sorted(level, key=lambda name: graph[name].position)) for level in levels))
