"""A dependency between two partitioned nodes, as the mappings of keys see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.products import MultiPartitions
from rivers.partitions.value_mappings import Link


@dataclass(frozen=True)
class Edge:
    """A downstream and its upstream, both partitioned, at a moment and with the dynamic keys known then.

    ``names`` are those of the downstream and of the upstream, for messages.
    """

    downstream: PartitionsDefinition
    upstream: PartitionsDefinition
    names: tuple[str, str]
    now: datetime
    dynamic: DynamicKeys | None

    def link(self, down_dimension: str | None, up_dimension: str | None) -> Link:
        """Return the link between a dimension of each side; without a name, the side itself.

        :raises PartitionValidationError: when there is no such dimension, or several
        """
        downstream = one_dimension(self.downstream, down_dimension)
        upstream = one_dimension(self.upstream, up_dimension)
        return Link(downstream, upstream, self.names[1], self.now, self.dynamic)


def one_dimension(definition: PartitionsDefinition, dimension: str | None) -> OneDimension:
    """Return the dimension of that name; without one, the definition itself.

    :raises PartitionValidationError: when there is no such dimension, or several
    """
    if dimension is None and isinstance(definition, OneDimension):
        return definition
    found = definition.dimension(dimension or "") if isinstance(definition, MultiPartitions) else None
    if found is None:
        raise PartitionValidationError(f"the mapping does not fit {definition.describe()}")
    return found
