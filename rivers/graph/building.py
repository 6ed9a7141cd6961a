"""The building of the dependency graph: every node and step, and every fault that the declarations alone show.

``build_graph`` collects the nodes and links them; ``order_by_level`` orders them so that upstreams come first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.multi_assets import GraphAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.exceptions import AssetDefinitionError, GraphValidationError
from rivers.graph.inside import internal_nodes
from rivers.graph.names import Names, collect_names
from rivers.graph.nodes import Graph, Node
from rivers.graph.wiring import Wiring, compose_graphs


def build_graph(
    assets: Iterable[BaseAsset],
    resources: Collection[str] = (),
    tasks: Iterable[BaseTask] = (),
    standalone: Collection[str] = (),
) -> Graph:
    """Resolve the dependencies of ``assets`` and ``tasks``, given the names of the registered resources.

    A task that the body of a graph asset calls is a node of its own only if somebody needs it by its name: another
    node, or whoever put it into ``standalone``. What the body of a graph asset raises comes through.

    :raises AssetDefinitionError: when two nodes have one name, and for an automation on what nobody observes
    :raises ConfigurationError: for a parameter that matches nothing (also a ``GraphValidationError``)
    :raises GraphValidationError: for an unknown declared dependency, a self edge or a cycle
    """
    names = collect_names(assets, tasks)
    wiring = Wiring(names, dict.fromkeys(resources))
    bodies = compose_graphs(names, wiring)
    used = {id(composed.task) for body in bodies.values() for composed in body.nodes.values()}
    found: list[Node] = []
    for name, asset in names.assets.items():
        if isinstance(asset, GraphAsset):
            found += internal_nodes(asset, bodies[name], wiring)
        else:
            found.append(wiring.asset_node(name, asset))
    wanted = dict.fromkeys([*standalone, *(upstream for node in found for upstream in node.upstreams)])
    found += _task_nodes(names, wiring, used, wanted)
    return _linked(found, wiring)


def _task_nodes(names: Names, wiring: Wiring, used: Collection[int], wanted: dict[str, None]) -> list[Node]:
    """Return the standalone tasks: those that no body calls, those that are wanted, and what these want in turn."""
    for name, task in names.hidden.items():
        if id(task) not in used:
            raise AssetDefinitionError(f"an asset and a task are both called '{name}'", name=name)
    unvisited = [name for name, task in names.tasks.items() if name in wanted or id(task) not in used]
    places = {name: wiring.next_position() for name in names.tasks}
    nodes: dict[str, Node] = {}
    while unvisited:
        name = unvisited.pop()
        if name not in nodes:
            nodes[name] = node = wiring.task_node(name, names.tasks[name], places[name])
            unvisited += [upstream for upstream in node.upstreams if upstream in names.tasks]
    return sorted(nodes.values(), key=lambda node: node.position)


def _linked(found: list[Node], wiring: Wiring) -> Graph:
    nodes: dict[str, Node] = {}
    for node in found:
        if nodes.setdefault(node.name, node) is not node:
            raise AssetDefinitionError(
                f"an asset and a task inside of a graph asset are both called '{node.name}'", name=node.name
            )
    internals: dict[str, list[str]] = {}
    for node in found:
        if node.graph is not None:
            internals.setdefault(node.graph, []).append(node.name)
        for upstream in node.upstreams:
            if upstream == node.name:
                raise _depends_on_itself(node)
            if upstream not in nodes:
                kind = "Task" if isinstance(node.definition, BaseTask) else "Asset"
                raise wiring.unresolved(kind, node.name, upstream)
    waits = {
        node.name: node.upstreams
        if len(node.step.outputs) == 1
        else tuple(dict.fromkeys(node.upstreams + node.step.upstreams))
        for node in found
    }
    order = order_by_level(waits)
    downstreams: dict[str, list[str]] = {name: [] for name in nodes}
    for node in found:
        for upstream in node.upstreams:
            downstreams[upstream].append(node.name)
    return Graph(
        nodes=nodes,
        order=order,
        downstreams={name: tuple(below) for name, below in downstreams.items()},
        shadowed_resources=tuple(key for key in wiring.resources if key in nodes),
        internals={graph: tuple(inside) for graph, inside in internals.items()},
    )


def _depends_on_itself(node: Node) -> GraphValidationError:
    if isinstance(node.definition, BaseTask):
        return GraphValidationError(f"Task '{node.name}' depends on itself", kind="Task", name=node.name)
    return GraphValidationError(
        f"Asset '{node.name}' depends on itself; to receive its previous value, declare a parameter "
        f"'self: SelfDependency[T]'",
        kind="Asset",
        name=node.name,
    )


def order_by_level(upstreams: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the names of ``upstreams``, level by level, in their given order within a level.

    Every upstream must itself be a key, and listed once. Linear in the number of names and edges.

    :raises GraphValidationError: for a cycle, with its path in the direction of the data and the first name repeated
    """
    downstreams: dict[str, list[str]] = {name: [] for name in upstreams}
    for name, above in upstreams.items():
        for upstream in above:
            downstreams[upstream].append(name)
    waiting = {name: len(above) for name, above in upstreams.items()}
    position = {name: index for index, name in enumerate(upstreams)}
    order: list[str] = []
    level = [name for name, count in waiting.items() if not count]
    while level:
        order.extend(level)
        following: list[str] = []
        for name in level:
            for downstream in downstreams[name]:
                waiting[downstream] -= 1
                if not waiting[downstream]:
                    following.append(downstream)
        level = sorted(following, key=position.__getitem__)
    if len(order) < len(upstreams):
        stuck = {name: above for name, above in upstreams.items() if waiting[name]}
        raise GraphValidationError(f"dependency cycle: {' -> '.join(_cycle(stuck))}")
    return tuple(order)


def _cycle(stuck: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a closed path among names that each have at least one upstream among them."""
    path: dict[str, None] = {}
    name = next(iter(stuck))
    while name not in path:
        path[name] = None
        name = next(upstream for upstream in stuck[name] if upstream in stuck)
    walk = list(path)
    closed = [*walk[walk.index(name) :], name]
    return closed[::-1]
