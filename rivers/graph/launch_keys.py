"""The partition keys that schedules and sensors ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rivers.graph.nodes import Graph
from rivers.graph.partition_plans import distinct_definitions, key_from_text, plan_partitions
from rivers.partitions.definitions import DynamicKeys
from rivers.partitions.keys import PartitionKey
from rivers.partitions.products import dynamic_namespaces


@dataclass(frozen=True, slots=True, eq=False)
class LaunchKeys:
    """A reader of the keys of requests at one moment: the ``KeyReading`` of :mod:`rivers.scheduling.launches`.

    ``dynamic`` are the registered keys of the graph's ``launch_namespaces``.
    """

    graph: Graph
    now: datetime
    dynamic: DynamicKeys

    def key_for(self, nodes: Sequence[str], text: str | None) -> PartitionKey | None:
        """Return the key for which the nodes can run, ``None`` without partitions.

        Raises as ``plan_partitions`` and ``key_from_text``.
        """
        key = None if text is None else key_from_text(self.graph, nodes, text)
        if key is not None or self.graph.partitions:
            plan_partitions(self.graph, nodes, key, now=self.now, dynamic=self.dynamic, operation="RunRequest")
        return key


def launch_namespaces(graph: Graph, texts: Iterable[str | None]) -> tuple[str, ...]:
    """Return the dynamic namespaces that keys of these texts may be looked up in: none without a text."""
    if all(text is None for text in texts):
        return ()
    return dynamic_namespaces(distinct_definitions(graph, graph.partitions))
