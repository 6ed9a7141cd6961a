"""The partition mappings of a task inside of a graph asset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.multi_assets import GraphAsset, MultiAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.exceptions import PartitionValidationError
from rivers.graph.planned_steps import InputSpec
from rivers.partitions.mappings import PartitionMapping


def internal_mappings(
    graph: GraphAsset, task: BaseTask, loads: Sequence[InputSpec], lineage: Iterable[str]
) -> dict[str, PartitionMapping]:
    """Return the mapping of each upstream that has one.

    The mapping that the graph gives an upstream wins over the task's, and that over the one that the task gives the
    parameter which the upstream is loaded for: a task does not know what it is called with.
    """
    of_task = task.partition_mapping or {}
    by_parameter = {load.upstream: of_task[load.parameter] for load in loads if load.parameter in of_task}
    mappings = {**by_parameter, **of_task, **(graph.partition_mapping or {})}
    upstreams = dict.fromkeys((*(load.upstream for load in loads), *lineage))
    return {name: mappings[name] for name in upstreams if name in mappings}


Mappings = dict[str, PartitionMapping]


def output_mappings(asset: MultiAsset, loaded: Collection[str]) -> dict[str, Mappings]:
    """Return the mappings of every output by its name; ``loaded`` are the upstreams whose values the function is given.

    The mapping of an output wins over the multi-asset's. The mapping by which one output loads a value holds for the
    others as well, except for outputs without partitions, which never run together with partitioned ones.

    :raises PartitionValidationError: for two outputs that load one upstream by different mappings
    """
    of_all = asset.partition_mapping or {}
    declared = {each.name: {**of_all, **(each.partition_mapping or {})} for each in asset.output_defs}
    shared: dict[bool, dict[str, str]] = {False: {}, True: {}}
    for output in asset.output_defs:
        for upstream, mapping in declared[output.name].items():
            if upstream not in loaded:
                continue
            other = shared[_is_partitioned(output)].setdefault(upstream, output.name)
            if declared[other][upstream] != mapping:
                raise PartitionValidationError(
                    f"Asset '{output.name}' depends on '{upstream}': its partition mapping differs from that of "
                    f"'{other}', and one function computes both: it can be given one value only"
                )
    return {
        output.name: {
            **{upstream: declared[other][upstream] for upstream, other in shared[_is_partitioned(output)].items()},
            **declared[output.name],
        }
        for output in asset.output_defs
    }


def _is_partitioned(output: AssetDef) -> bool:
    return output.partitions_def is not None
