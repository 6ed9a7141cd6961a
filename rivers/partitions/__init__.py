"""Partitions: keys, ranges, definitions with their time grids, and mappings between them. Pure: no I/O and no clock."""

from rivers.partitions.context import PartitionContext
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.keys import KeySet, MultiKey, PartitionKey, SingleKey
from rivers.partitions.mapping_checks import check_mapping
from rivers.partitions.mapping_effects import downstream_keys
from rivers.partitions.mapping_keys import Mapped, Nothing, TheseKeys, Whole, upstream_keys
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.products import MultiPartitions
from rivers.partitions.ranges import PartitionKeyRange
from rivers.partitions.static import StaticPartitions
from rivers.partitions.time_windows import TimeWindowPartitions

__all__ = [
    "DynamicKeys",
    "DynamicPartitions",
    "KeySet",
    "Mapped",
    "MultiKey",
    "MultiPartitions",
    "Nothing",
    "OneDimension",
    "PartitionContext",
    "PartitionKey",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionsDefinition",
    "SingleKey",
    "StaticPartitions",
    "TheseKeys",
    "TimeWindowPartitions",
    "Whole",
    "check_mapping",
    "downstream_keys",
    "upstream_keys",
]
