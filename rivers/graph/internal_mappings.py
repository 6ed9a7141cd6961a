"""The partition mappings of a task inside of a graph asset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rivers.definitions.graph_assets import GraphAsset
from rivers.definitions.task_base import BaseTask
from rivers.graph.steps import InputSpec
from rivers.partitions.mappings import PartitionMapping


def internal_mappings(
    graph: GraphAsset, task: BaseTask, loads: Sequence[InputSpec], lineage: Iterable[str]
) -> dict[str, PartitionMapping]:
    """The mapping of each upstream that has one.

    What the graph says of an upstream counts before what the task says of it, and that before what the task says of the
    parameter that the upstream is loaded for: a task does not know what it is called with.
    """
    of_task = task.partition_mapping or {}
    by_parameter = {load.upstream: of_task[load.parameter] for load in loads if load.parameter in of_task}
    mappings = {**by_parameter, **of_task, **(graph.partition_mapping or {})}
    upstreams = dict.fromkeys((*(load.upstream for load in loads), *lineage))
    return {name: mappings[name] for name in upstreams if name in mappings}
