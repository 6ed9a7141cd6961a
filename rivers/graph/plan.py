"""The order of execution: levels of steps that wait for nothing but the levels before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rivers.graph.nodes import Graph
from rivers.graph.planned_steps import StepSpec


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step, and those of its outputs that are asked for, in order of definition."""

    step: StepSpec
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExecutionPlan:
    """The steps of a run, level by level. Within a level the order is that of registration."""

    levels: tuple[tuple[PlannedStep, ...], ...]

    def divided(self, done: Collection[str]) -> ExecutionPlan:
        """Return the plan with each step split of whose outputs some are ``done``: for these, and for the others."""

        def parts(planned: PlannedStep) -> list[PlannedStep]:
            have = tuple(name for name in planned.outputs if name in done)
            lack = tuple(name for name in planned.outputs if name not in done)
            return [PlannedStep(planned.step, outputs) for outputs in (have, lack) if outputs]

        return ExecutionPlan(
            tuple(tuple(part for planned in level for part in parts(planned)) for level in self.levels)
        )


def plan_execution(graph: Graph, names: Collection[str]) -> ExecutionPlan:
    """Divide the steps of ``names`` into levels.

    Only edges between them count: what is outside is loaded, not waited for. A multi-asset runs once, for those of its
    outputs that are among ``names``.
    """
    members = frozenset(names)
    depth: dict[str, int] = {}
    levels: list[dict[str, list[str]]] = []
    for name in graph.order:
        if name not in members:
            continue
        step = graph[name].step
        depth[name] = 1 + max((depth[upstream] for upstream in step.upstreams if upstream in members), default=-1)
        if depth[name] == len(levels):
            levels.append({})
        levels[depth[name]].setdefault(step.key, []).append(name)
    return ExecutionPlan(tuple(_in_order(graph, level) for level in levels))


def _in_order(graph: Graph, level: dict[str, list[str]]) -> tuple[PlannedStep, ...]:
    def position(name: str) -> int:
        return graph[name].position

    groups = sorted((sorted(outputs, key=position) for outputs in level.values()), key=lambda group: position(group[0]))
    return tuple(PlannedStep(graph[outputs[0]].step, tuple(outputs)) for outputs in groups)
