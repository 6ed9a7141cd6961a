"""The records of the definitions that a repository writes when it is bound: topology, assets, pools."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rivers.execution.runs.environment import Environment
from rivers.graph.nodes import Graph
from rivers.records import AssetRecord
from rivers.storage.assets import TOPOLOGY_KEY
from rivers.storage.pools import UNLIMITED


def store_definitions(environment: Environment, graph: Graph, pool_limits: Mapping[str, int]) -> None:
    """Write the topology, the record of each asset and the pools, with their limits, to the storage.

    A pool that nodes claim slots of and that has no limit is unlimited.

    :raises StorageError: when the storage does not take them
    """
    storage = environment.storage
    topology = {node.name: {"deps": list(graph.upstream_assets(node.name))} for node in graph if node.graph is None}
    encoded = json.dumps(topology).encode()
    if storage.kv_get(TOPOLOGY_KEY) != encoded:
        storage.kv_set(TOPOLOGY_KEY, encoded)
    storage.register_assets(
        [
            AssetRecord(
                asset_key=node.name,
                tags=list(node.settings.tags or ()),
                kinds=list(node.settings.kinds),
                group=node.settings.group,
                code_version=node.settings.code_version,
                pool=list(node.settings.pool),
            )
            for node in graph
            if node.is_asset
        ]
    )
    claimed = (pool for node in graph for pool, _ in node.settings.pool)
    limits = {**dict.fromkeys(claimed, UNLIMITED), **pool_limits}
    if limits:
        storage.register_pools(limits, definitions=environment.family)
