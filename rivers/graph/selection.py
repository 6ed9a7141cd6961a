"""Which nodes a selection means, and whether they can run without the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rivers.definitions.near_names import did_you_mean
from rivers.exceptions import AssetNotFoundError, GraphValidationError
from rivers.graph.nodes import Graph


def select_nodes(
    graph: Graph, selection: Iterable[str] | None = None, *, include_upstream: bool = False
) -> tuple[str, ...]:
    """The selected names in order of registration, each once; ``None`` selects all.

    :raises AssetNotFoundError: for a name that the graph does not hold
    """
    if selection is None:
        return tuple(graph.nodes)
    chosen: dict[str, None] = {}
    for name in selection:
        if name not in graph:
            raise AssetNotFoundError(f"Asset '{name}' not found{did_you_mean(name, graph.nodes)}")
        chosen[name] = None
    if include_upstream:
        unvisited = list(chosen)
        while unvisited:
            for upstream in graph[unvisited.pop()].upstreams:
                if upstream not in chosen:
                    chosen[upstream] = None
                    unvisited.append(upstream)
    return tuple(sorted(chosen, key=lambda name: graph[name].position))


def require_loadable_upstreams(graph: Graph, names: Collection[str]) -> None:
    """Check that every input of ``names`` from outside of them can be loaded through an explicit IO handler.

    :raises GraphValidationError: naming the node and its upstream
    """
    for name, upstream in missing_inputs(graph, names):
        if not graph[name].can_load(graph[upstream]):
            raise GraphValidationError(
                f"Node '{name}': upstream '{upstream}' is not in the job and has no io_handler to load it through; "
                f"run '{upstream}' as well (include_upstream=True adds all of them), or give it an io_handler"
            )


def missing_inputs(graph: Graph, names: Collection[str]) -> list[tuple[str, str]]:
    """Every ``(node, upstream)`` whose value comes from outside of ``names``. Upstreams by lineage do not count."""
    members = frozenset(names)
    return [(name, upstream) for name in names for upstream in graph[name].inputs if upstream not in members]
