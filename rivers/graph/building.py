"""From declarations to the dependency graph: who reads whose value, and every fault of a single asset's wiring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from rivers.definitions.asset_base import BaseAsset
from rivers.definitions.assets import SingleAsset
from rivers.definitions.parameters import Source, classify_parameters
from rivers.exceptions import (
    AssetDefinitionError,
    GraphValidationError,
    _UnresolvedInput,  # pyright: ignore[reportPrivateUsage]
)
from rivers.graph.nodes import Graph, Node, NodeKind
from rivers.graph.ordering import order_by_level
from rivers.graph.steps import InputSpec, StepKind, StepSpec


def build_graph(assets: Iterable[BaseAsset], resources: Collection[str] = ()) -> Graph:
    """Resolve the dependencies of ``assets``, given the names of the registered resources.

    :raises AssetDefinitionError: when two different assets have one name
    :raises ConfigurationError: for a parameter that matches nothing (also a ``GraphValidationError``)
    :raises GraphValidationError: for an unknown declared dependency, a self edge or a cycle
    """
    declared = _declared(assets)
    known = dict.fromkeys(resources)
    nodes = {
        name: _node(position, name, asset, declared, known) for position, (name, asset) in enumerate(declared.items())
    }
    order = order_by_level({name: node.upstreams for name, node in nodes.items()})
    downstreams: dict[str, list[str]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for upstream in node.upstreams:
            downstreams[upstream].append(name)
    return Graph(
        nodes=nodes,
        order=order,
        downstreams={name: tuple(below) for name, below in downstreams.items()},
        shadowed_resources=tuple(key for key in known if key in nodes),
        internals={},
    )


def _declared(assets: Iterable[BaseAsset]) -> dict[str, BaseAsset]:
    declared: dict[str, BaseAsset] = {}
    for asset in assets:
        if declared.setdefault(asset.name, asset) is not asset:
            raise AssetDefinitionError(f"two different assets are called '{asset.name}'")
    return declared


def _node(
    position: int, name: str, asset: BaseAsset, declared: Mapping[str, BaseAsset], resources: Mapping[str, None]
) -> Node:
    if not isinstance(asset, SingleAsset):
        raise AssetDefinitionError(f"asset '{name}' is of a kind that cannot be a node: {type(asset).__name__}")
    overrides = {dep.name: dep for dep in asset.settings.deps if dep.is_input}
    arguments = classify_parameters(name, asset.signature, nodes=declared, resources=resources, inputs=overrides)
    unresolved = arguments.of(Source.UNRESOLVED)
    if unresolved:
        raise _unresolved(name, unresolved[0].name, resources)
    inputs = tuple(argument.name for argument in arguments.of(Source.UPSTREAM))
    lineage = tuple(
        dict.fromkeys(dep.name for dep in asset.settings.deps if not dep.is_input and dep.name not in inputs)
    )
    for upstream in inputs + lineage:
        if upstream == name:
            raise GraphValidationError(
                f"Asset '{name}' depends on itself; to receive its previous value, declare a parameter "
                f"'self: SelfDependency[T]'"
            )
        if upstream not in declared:
            raise _unresolved(name, upstream, resources)
    step = StepSpec(
        key=name,
        name=name,
        kind=StepKind.SINGLE,
        definition=asset,
        outputs=(name,),
        arguments=arguments,
        inputs=tuple(
            InputSpec(argument.name, argument.name, argument.type_hint, overrides.get(argument.name))
            for argument in arguments.of(Source.UPSTREAM)
        ),
        upstreams=inputs + lineage,
    )
    return Node(name, position, NodeKind.SINGLE, asset, asset.settings, step, inputs, lineage)


def _unresolved(asset: str, name: str, resources: Mapping[str, None]) -> Exception:
    return _UnresolvedInput(
        f"Asset '{asset}': unresolved input '{name}': no asset, task or resource has that name "
        f"(available resources: {', '.join(sorted(resources)) or 'none'})"
    )
