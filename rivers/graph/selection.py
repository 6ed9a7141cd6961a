"""The nodes that a selection means, and the check that they can run without the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.exceptions import AssetNotFoundError, ExecutionError, GraphValidationError
from rivers.graph.nodes import Graph, NodeKind
from rivers.wording import near_names, offer


def select_nodes(
    graph: Graph, selection: Iterable[str] | None = None, *, include_upstream: bool = False
) -> tuple[str, ...]:
    """Return the nodes that a selection runs, in order of registration, each once.

    ``None`` selects everything that is not external. A graph asset brings its inside; of a multi-asset only the outputs
    that are named, or needed by what is named, run. An external asset is observed when it is named, and is never an
    upstream to run.

    :raises AssetNotFoundError: for a name that the graph does not hold
    :raises ExecutionError: for an external asset that has no observe function
    """
    if selection is None:
        return tuple(node.name for node in graph if node.kind is not NodeKind.EXTERNAL)
    chosen: dict[str, None] = {}
    for name in selection:
        if name not in graph:
            raise _not_found(graph, name)
        if not is_runnable(graph, name):
            raise ExecutionError(f"external asset '{name}' has no observe function, so there is nothing to run")
        chosen.update(dict.fromkeys((*graph.internals.get(name, ()), name)))
    if include_upstream:
        unvisited = list(chosen)
        while unvisited:
            for upstream in graph[unvisited.pop()].upstreams:
                if upstream not in chosen and graph[upstream].kind is not NodeKind.EXTERNAL:
                    chosen[upstream] = None
                    unvisited.append(upstream)
    return in_order(graph, chosen)


def in_order(graph: Graph, names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` in order of registration."""
    return tuple(sorted(names, key=lambda name: graph[name].position))


def is_runnable(graph: Graph, name: str) -> bool:
    """Return whether there is something to run: not for an external asset that nobody observes."""
    definition = graph[name].definition
    return not isinstance(definition, ExternalAsset) or definition.observe_fn is not None


def require_loadable_upstreams(graph: Graph, names: Collection[str]) -> None:
    """Check that every input of ``names`` from outside of them can be loaded through an explicit IO handler.

    :raises GraphValidationError: naming the node and its upstream
    """
    for name, upstream in missing_inputs(graph, names):
        if not graph[name].can_load(graph[upstream]):
            raise GraphValidationError(
                f"Node '{name}': upstream '{upstream}' is not in the job and has no io_handler to load it through; "
                f"run '{upstream}' as well (include_upstream=True, on the command line --include-upstream, adds all of "
                "them), or give it an io_handler",
                kind="Node",
                name=name,
                value=upstream,
            )


def missing_inputs(graph: Graph, names: Collection[str]) -> list[tuple[str, str]]:
    """Return every ``(node, upstream)`` whose value comes from outside of ``names``. Lineage does not count."""
    members = frozenset(names)
    return [(name, upstream) for name in names for upstream in graph[name].inputs if upstream not in members]


def _not_found(graph: Graph, name: str) -> AssetNotFoundError:
    for node in graph:
        if isinstance(node.definition, MultiAsset) and node.definition.name == name:
            outputs = ", ".join(node.definition.output_names)
            message = f"Asset '{name}' not found: it is a multi-asset; name its outputs ({outputs}) instead"
            return AssetNotFoundError(message, name=name, near=node.definition.output_names)
    near = near_names(name, graph.nodes)
    return AssetNotFoundError(f"Asset '{name}' not found{offer(near)}", name=name, near=near)
