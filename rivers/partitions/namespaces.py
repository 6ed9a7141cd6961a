"""Which registered keys a definition depends on."""

from __future__ import annotations

from collections.abc import Iterable

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.products import MultiPartitions


def dynamic_namespaces(definitions: Iterable[PartitionsDefinition]) -> tuple[str, ...]:
    """The namespaces of all dynamic definitions among them, dimensions included: each once, in order of appearance."""
    found: dict[str, None] = {}
    for definition in definitions:
        if isinstance(definition, DynamicPartitions):
            found[definition.name] = None
        elif isinstance(definition, MultiPartitions):
            found.update(dict.fromkeys(dynamic_namespaces(each for _, each in definition.dimensions)))
    return tuple(found)
