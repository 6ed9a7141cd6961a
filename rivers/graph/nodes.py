"""The resolved dependency graph: nodes by name, their edges, and an order in which all upstreams come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from rivers.definitions.assets.asset_settings import AssetSettings
from rivers.graph.planned_steps import Definition, StepSpec, possible_templates
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.mappings import PartitionMapping


class NodeKind(Enum):
    """The kind of thing that a node is."""

    SINGLE = "single"
    OUTPUT = "output"
    """One output of a multi-asset."""
    GRAPH = "graph"
    TASK = "task"
    """A task or bash task, standalone or (``graph/task``) inside a graph asset."""
    MAP = "map"
    """The template of a fan-out, ``graph/task``. Its instances exist in a run only."""
    COLLECT = "collect"
    """The node that waits for all instances of a fan-out, ``graph/task__collect``."""
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Something that has a name to select and a place in the lineage.

    ``position`` is its place in the order of registration, internal nodes just before their graph. ``settings`` are its
    own: those of the output for an output of a multi-asset, with the handler that applies to it for a task in a graph.
    ``inputs`` are the upstreams whose values its step loads, in order of the parameters; ``lineage`` those that only
    come first. ``step`` makes its value, alone or together with others. ``mappings`` are the partition mappings of
    those upstreams that were given one.
    """

    name: str
    position: int
    kind: NodeKind
    definition: Definition
    settings: AssetSettings
    step: StepSpec
    inputs: tuple[str, ...]
    lineage: tuple[str, ...]
    mappings: Mapping[str, PartitionMapping] = field(default_factory=dict[str, PartitionMapping])

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The upstreams by input and by lineage: everything that comes first."""
        return self.inputs + self.lineage

    @property
    def graph(self) -> str | None:
        """The graph asset that it is an internal node of, ``None`` for other nodes."""
        return self.step.graph

    @property
    def is_asset(self) -> bool:
        """Whether the node is an asset, and not a part of the way to one."""
        return self.kind in _ASSETS

    def can_load(self, upstream: Node) -> bool:
        """Return whether the value of ``upstream`` can be had without computing it: through an explicit IO handler."""
        if upstream.kind in (NodeKind.MAP, NodeKind.COLLECT):
            return False  # only the run that makes the instances knows which there are
        override = self.step.override_of.get(upstream.name)
        return upstream.settings.io_handler is not None or (override is not None and override.io_handler is not None)


_ASSETS = (NodeKind.SINGLE, NodeKind.OUTPUT, NodeKind.GRAPH, NodeKind.EXTERNAL)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """All nodes, in order of registration. Built by ``build_graph``; never changed.

    ``order`` lists them with every upstream before its downstreams. ``downstreams`` are direct ones, in order of
    registration. ``shadowed_resources`` are resource keys that a node's name hides. ``internals`` are the nodes inside
    of each graph asset. ``partitions`` are the definitions of the partitioned nodes, which ``with_partitions`` adds.
    """

    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    downstreams: Mapping[str, tuple[str, ...]]
    shadowed_resources: tuple[str, ...]
    internals: Mapping[str, tuple[str, ...]]
    partitions: Mapping[str, PartitionsDefinition] = field(default_factory=dict[str, PartitionsDefinition])

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def __len__(self) -> int:
        return len(self.nodes)

    def find(self, name: str) -> Node | None:
        """Return the node of that name; for an instance of a map, which exists in runs only, the node of its map."""
        if name in self.nodes:
            return self.nodes[name]
        templates = (self.nodes.get(template) for template in possible_templates(name))
        return next((node for node in templates if node is not None and node.kind is NodeKind.MAP), None)

    def upstream_assets(self, name: str) -> tuple[str, ...]:
        """Return the assets (and standalone tasks) that ``name`` is made from, through the inside of a graph asset."""
        found: dict[str, None] = {}
        seen: dict[str, None] = {}
        unvisited = list(reversed(self.nodes[name].upstreams))
        while unvisited:
            upstream = unvisited.pop()
            if upstream in seen:
                continue
            seen[upstream] = None
            if self.nodes[upstream].graph is None:
                found[upstream] = None
            else:
                unvisited.extend(reversed(self.nodes[upstream].upstreams))
        return tuple(found)
