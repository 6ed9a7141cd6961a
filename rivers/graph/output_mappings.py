"""The partition mappings of the outputs of a multi-asset, whose one function has one value for each parameter."""

from __future__ import annotations

from collections.abc import Collection

from rivers.definitions.asset_def import AssetDef
from rivers.definitions.multi_assets import MultiAsset
from rivers.exceptions import PartitionValidationError
from rivers.partitions.mappings import PartitionMapping

Mappings = dict[str, PartitionMapping]


def output_mappings(asset: MultiAsset, loaded: Collection[str]) -> dict[str, Mappings]:
    """The mappings of every output by its name; ``loaded`` are the upstreams whose values the function is given.

    What an output says counts before what the multi-asset says. How a value is loaded for one output holds for the
    others as well, but for outputs without partitions, which never run together with partitioned ones.

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
