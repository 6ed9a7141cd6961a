"""Partitions: keys, ranges, definitions with their time grids, and mappings between them. Pure: no I/O and no clock."""

from rivers.partitions.context import PartitionContext
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.keys import PartitionKey
from rivers.partitions.products import MultiPartitions
from rivers.partitions.ranges import PartitionKeyRange
from rivers.partitions.static import StaticPartitions
from rivers.partitions.time_windows import TimeWindowPartitions

# The variants are here because importing them makes them members of PartitionsDefinition.
__all__ = [
    "MultiPartitions",
    "PartitionContext",
    "PartitionKey",
    "PartitionKeyRange",
    "PartitionsDefinition",
    "StaticPartitions",
    "TimeWindowPartitions",
]
