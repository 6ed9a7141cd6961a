"""The partitions of the nodes of a graph, and the check that every edge between them can work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.partition_arguments import unlike_outputs
from rivers.exceptions import (
    PartitionDefinitionError,
    PartitionValidationError,
    _UnlikeOutputs,  # pyright: ignore[reportPrivateUsage]
)
from rivers.graph.nodes import Graph, Node
from rivers.graph.references import resolve_partitions
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.mapping_checks import check_mapping
from rivers.partitions.mappings import PartitionMapping


def with_partitions(graph: Graph, partition_defs: Mapping[str, PartitionsDefinition]) -> Graph:
    """Return the same graph with the definition of every partitioned node; those known by a name are in
    ``partition_defs``.

    :raises ConfigurationError: for a name that nothing is registered under
    :raises PartitionValidationError: for a definition that is not valid, a mapping that does not fit the two nodes
        between which it stands, a mapping for what a node does not depend on, and outputs of one function that share no
        key
    """
    found = (
        (node, resolve_partitions(node.graph or node.name, node.settings.partitions_def, partition_defs))
        for node in graph
    )
    partitions = {node.name: definition for node, definition in found if definition is not None}
    _check_definitions(graph, partitions)
    for node in graph:
        _check_names(node)
        for upstream in node.upstreams:
            _check_edge(node, upstream, partitions)
    return replace(graph, partitions=partitions)


def _check_definitions(graph: Graph, partitions: Mapping[str, PartitionsDefinition]) -> None:
    sound: dict[str, None] = {}
    seen: dict[int, None] = {}
    for name, definition in partitions.items():
        if id(definition) in seen:
            continue
        seen[id(definition)] = None
        # Trying the windows of a definition takes milliseconds, and thousands of assets may declare the same anew.
        content = repr(definition)
        if content not in sound:
            try:
                definition.check()
            except PartitionDefinitionError as error:
                asset = graph[name].graph or name
                raise PartitionValidationError(
                    f"Asset '{asset}': invalid partitions definition: {error}", kind="Asset", name=asset
                ) from None
            sound[content] = None
    for asset in dict.fromkeys(node.definition for node in graph if isinstance(node.definition, MultiAsset)):
        fault = unlike_outputs((name, partitions.get(name)) for name in asset.output_names)
        if fault is not None:
            raise _UnlikeOutputs(
                f"multi-asset '{asset.name}': {fault}; one function cannot compute both for one key",
                kind="Asset",
                name=asset.name,
            )


def _check_names(node: Node) -> None:
    for name in node.mappings:
        if name not in node.upstreams:
            kind = "Task" if isinstance(node.definition, BaseTask) else "Asset"
            raise PartitionValidationError(
                f"{kind} '{node.name}': partition_mapping names '{name}', which it does not depend on",
                kind=kind,
                name=node.name,
                value=name,
            )


def _check_edge(node: Node, upstream: str, partitions: Mapping[str, PartitionsDefinition]) -> None:
    mapping, below, above = node.mappings.get(upstream), partitions.get(node.name), partitions.get(upstream)
    is_same = mapping is None or isinstance(mapping, PartitionMapping.Identity)
    if not (is_same and (below is above or below == above)):  # a definition always fits itself
        check_mapping(node.name, below, upstream, above, mapping)
