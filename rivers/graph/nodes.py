"""The resolved dependency graph: nodes by name, their edges, and an order in which all upstreams come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rivers.definitions.asset_base import BaseAsset
from rivers.definitions.dependencies import DepDef
from rivers.definitions.parameters import FunctionArguments


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One step of the graph.

    ``position`` is its place in the order of registration. ``inputs`` are the upstreams whose values are loaded, in
    order of the parameters; ``lineage`` those that only come first. ``overrides`` are the declared inputs by name.
    """

    name: str
    position: int
    asset: BaseAsset
    arguments: FunctionArguments
    inputs: tuple[str, ...]
    lineage: tuple[str, ...]
    overrides: Mapping[str, DepDef]

    @property
    def upstreams(self) -> tuple[str, ...]:
        """Everything that comes first."""
        return self.inputs + self.lineage

    def can_load(self, upstream: Node) -> bool:
        """Whether the value of ``upstream`` can be had without computing it: through an explicit IO handler."""
        override = self.overrides.get(upstream.name)
        return upstream.asset.io_handler is not None or (override is not None and override.io_handler is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """All nodes, in order of registration. Built by ``build_graph``; never changed.

    ``order`` lists them with every upstream before its downstreams; ``downstreams`` are direct ones, in order of
    registration; ``shadowed_resources`` are resource keys that an asset's name hides.
    """

    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    downstreams: Mapping[str, tuple[str, ...]]
    shadowed_resources: tuple[str, ...]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def __len__(self) -> int:
        return len(self.nodes)
