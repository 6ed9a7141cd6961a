"""The bodies of graph assets, run once to see what they call."""

from __future__ import annotations

from rivers.definitions.composition import Composition
from rivers.definitions.graph_assets import GraphAsset
from rivers.graph.names import Names
from rivers.graph.wiring import Wiring


def compose_graphs(names: Names, wiring: Wiring) -> dict[str, Composition]:
    """Run the bodies of all graph assets, in order of registration, and tell ``wiring`` what they map over.

    :raises ConfigurationError: for a parameter of a body that is no asset
    :raises GraphValidationError: for a body that means nothing
    """
    bodies: dict[str, Composition] = {}
    for name, asset in names.assets.items():
        if isinstance(asset, GraphAsset):
            bodies[name] = body = asset.compose(placeholders(asset, wiring))
            for composed in body.nodes.values():
                wiring.mapped_over.update((call.source.node_name, None) for call in composed.maps)
    return bodies


def placeholders(graph: GraphAsset, wiring: Wiring) -> dict[str, str]:
    """What stands for the parameters of a body: the name of an outer asset for each.

    :raises ConfigurationError: for a parameter that is no asset
    """
    declared = {dep.name for dep in graph.deps if dep.is_input}
    found: dict[str, str] = {}
    for parameter in graph.signature.parameters:
        if parameter.name in declared or (parameter.name in wiring.names and not parameter.has_default):
            found[parameter.name] = parameter.name
        elif not parameter.has_default:
            raise wiring.unresolved("Asset", graph.name, parameter.name)
    return found
