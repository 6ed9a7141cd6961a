"""The partitions of one step in one run: those it computes, and those of each input that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rivers.partitions import PartitionContext, PartitionKey


@dataclass(frozen=True, slots=True)
class StepPartition:
    """``context`` is what the step computes, ``None`` for a step that is not partitioned.

    ``outputs`` are the contexts of outputs that have a definition of their own. ``inputs`` are those of the parameters
    whose upstreams are read by partition; those in ``whole`` are read as one value though the upstream has partitions.
    The parameters in ``unread`` get ``None``, and nothing is loaded for them. A ``fault`` is raised when the step is
    executed.
    """

    context: PartitionContext | None = None
    outputs: Mapping[str, PartitionContext] = field(default_factory=dict[str, PartitionContext])
    inputs: Mapping[str, PartitionContext] = field(default_factory=dict[str, PartitionContext])
    whole: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    fault: Exception | None = None

    @property
    def keys(self) -> tuple[PartitionKey, ...]:
        """The concrete keys that the step computes; none when it is not partitioned."""
        return () if self.context is None else tuple(self.context.keys)

    def of_output(self, name: str) -> PartitionContext | None:
        """What the handler that stores this output is told."""
        return self.outputs.get(name, self.context)


UNPARTITIONED: Final = StepPartition()
"""That of a step which neither computes nor reads partitions."""
