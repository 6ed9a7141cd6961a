"""The meaning of a partition key for a plan: whether every node has it, which keys a step computes, and what it loads.

Pure: the moment and the registered dynamic keys are data. ``needed_namespaces`` says which of these to read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import prod
from typing import Final

from rivers.exceptions import (
    ExecutionError,
    PartitionValidationError,
    _InvalidPartitionKey,  # pyright: ignore[reportPrivateUsage]
)
from rivers.graph.nodes import Graph
from rivers.partitions.context import PartitionContext
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition, explain_absence
from rivers.partitions.keys import KeySet, PartitionKey
from rivers.partitions.mapping_keys import Nothing, TheseKeys, upstream_keys
from rivers.partitions.products import dynamic_namespaces
from rivers.wording import quoted

_SHOWN_MAX: Final = 1000
"""The most characters of a key that a message shows: a batch of thousands would bury what is wrong with it."""

BATCH_MAX: Final = 1_000_000
"""The most partitions that one run can be for: a few lists of values have a product that no memory holds."""


@dataclass(frozen=True, slots=True)
class Load:
    """The way one input is loaded.

    ``partition`` is given to the handler, ``None`` for an asset as a whole. When the input ``is_absent`` no handler is
    called, and the parameter is ``None``.
    """

    partition: PartitionContext | None = None
    is_absent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PartitionPlan:
    """The partitions of one run. ``key`` is as it was asked for; ``keys`` are the single partitions that it stands for.

    A key with several values is one batch: every step runs once, for all of them.
    """

    graph: Graph
    key: PartitionKey | None
    keys: tuple[PartitionKey, ...]
    now: datetime
    dynamic: DynamicKeys
    _contexts: dict[int, PartitionContext] = field(default_factory=dict[int, PartitionContext])

    def context_of(self, name: str) -> PartitionContext | None:
        """Return the partitions that the step and the handler of a node, or of an instance of a map, get."""
        node = self.graph.find(name)
        definition = None if node is None else self.graph.partitions.get(node.name)
        if definition is None or not self.keys:
            return None
        context = self._contexts.get(id(definition))
        if context is None:
            context = self._contexts[id(definition)] = PartitionContext(self.keys, definition)
        return context

    def load(self, name: str, upstream: str) -> Load:
        """Return what a planned node loads of an upstream. Of the outputs of a multi-asset any planned one may be
        asked.

        :raises PartitionValidationError: when the key leads to none of the upstream, naming both nodes and the key
        """
        definition = self.graph.partitions.get(upstream)
        mapped = upstream_keys(
            self.graph[name].mappings.get(upstream),
            self.keys,
            self.graph.partitions.get(name),
            definition,
            self.now,
            self.dynamic,
            (name, upstream),
        )
        if isinstance(mapped, TheseKeys) and definition is not None:
            return Load(PartitionContext(mapped.keys, definition))
        return Load(is_absent=isinstance(mapped, Nothing))


def needed_namespaces(graph: Graph, names: Collection[str], key: PartitionKey | None) -> tuple[str, ...]:
    """Return the dynamic namespaces whose registered keys ``plan_partitions`` and its loads look into."""
    if key is None:
        return ()
    involved = dict.fromkeys(each for name in names for each in (name, *graph[name].inputs))
    return dynamic_namespaces(distinct_definitions(graph, involved))


def plan_partitions(
    graph: Graph,
    names: Collection[str],
    key: PartitionKey | None,
    *,
    now: datetime,
    dynamic: DynamicKeys,
    operation: str = "materialize",
) -> PartitionPlan:
    """Check that the planned nodes can run for the key, or without one.

    :param now: the moment on the naive timeline, which decides which windows there are
    :param dynamic: the registered keys of ``needed_namespaces``
    :param operation: what was asked for, for messages

    :raises ExecutionError: for partitioned nodes without a key, for a key that one of them does not have (also a
        ``PartitionValidationError``), and for one that stands for more than ``BATCH_MAX`` partitions
    :raises PartitionValidationError: for a key when a planned node is not partitioned
    """
    if key is None:
        _require_unpartitioned(graph, names, operation)
        return PartitionPlan(graph, None, (), now, dynamic)
    checked: dict[int, None] = {}
    for name in names:
        definition = graph.partitions.get(name)
        if definition is None:
            raise PartitionValidationError(
                f"Node '{_known_name(graph, names, name)}' is not partitioned, but a partition_key was provided "
                f"('{_shown(key)}'): run it without a key, and apart from partitioned nodes",
                kind="Node",
                name=_known_name(graph, names, name),
                value=_shown(key),
            )
        if id(definition) not in checked:
            _require_member(_known_name(graph, names, name), definition, key, now, dynamic)
            checked[id(definition)] = None
    if (count := _count(key)) > BATCH_MAX:
        raise ExecutionError(f"the partition_key stands for {count} partitions, and one run takes at most {BATCH_MAX}")
    return PartitionPlan(graph, key, tuple(key.concrete()), now, dynamic)


def key_from_text(graph: Graph, names: Sequence[str], text: str) -> PartitionKey:
    """Return the key that a text stands for, by the definition of the first partitioned node.

    :raises PartitionValidationError: when the definition has dimensions that the text does not name
    """
    definition = next((graph.partitions[name] for name in names if name in graph.partitions), None)
    return PartitionKey.single(text) if definition is None else definition.parse_key(text)


def distinct_definitions(graph: Graph, names: Collection[str]) -> list[PartitionsDefinition]:
    """Return the definitions of the partitioned nodes among these, each object once."""
    by_identity = {id(graph.partitions[name]): graph.partitions[name] for name in names if name in graph.partitions}
    return list(by_identity.values())


def _require_unpartitioned(graph: Graph, names: Collection[str], operation: str) -> None:
    partitioned = [name for name in names if name in graph.partitions]
    if partitioned:
        shown = dict.fromkeys(_known_name(graph, names, name) for name in partitioned)
        raise ExecutionError(f"Cannot run '{operation}' without partition_key: partitioned are {', '.join(shown)}")


def _known_name(graph: Graph, names: Collection[str], name: str) -> str:
    """Return the name that people know: the inside of a planned graph asset has the partitions of the graph."""
    outer = graph[name].graph
    return name if outer is None or outer not in names else outer


def _require_member(
    name: str, definition: PartitionsDefinition, key: PartitionKey, now: datetime, dynamic: DynamicKeys
) -> None:
    for each in key.keys if isinstance(key, KeySet) else (key,):
        if definition.contains(each, now, dynamic):
            continue
        absent = _first_absent(definition, each, now, dynamic)
        who = "it" if absent == each else f"'{_shown(absent)}'"
        known = explain_absence(absent, definition, now, dynamic)
        if definition.contains(absent, now):  # when no registered keys are known, any key is one
            reason = (
                f"{who} is not registered in dynamic namespace {quoted(dynamic_namespaces([definition]))}; register it "
                f"with storage.add_dynamic_partitions. Known: {known}"
            )
        else:
            reason = (
                f"not a member of its partition definition. {who[:1].upper()}{who[1:]} is not valid for node '{name}', "
                f"which has {known}"
            )
        raise _InvalidPartitionKey(
            f"Invalid partition_key '{_shown(each)}' for asset '{name}': {reason}",
            kind="Asset",
            name=name,
            value=_shown(each),
            near=map(_shown, definition.nearest(absent, now, dynamic)),
        )


def _shown(key: PartitionKey) -> str:
    text = str(key)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _count(key: PartitionKey) -> int:
    members = key.keys if isinstance(key, KeySet) else (key,)
    return sum(prod(len(each.values_of(dimension)) for dimension in each.dimensions or (None,)) for each in members)


def _first_absent(
    definition: PartitionsDefinition, key: PartitionKey, now: datetime, dynamic: DynamicKeys
) -> PartitionKey:
    """Return a partition of a batch that does not exist."""
    return next((each for each in _with_each_value(key) if not definition.contains(each, now, dynamic)), key)


def _with_each_value(key: PartitionKey) -> Iterator[PartitionKey]:
    """Yield a partition of the key for each of its values, not their product: a wrong one is wrong in any company."""
    first = {name: key.values_of(name)[0] for name in key.dimensions}
    if not first:
        return key.concrete()
    along = (PartitionKey.multi({**first, name: list(key.values_of(name))}) for name in first)
    return (each for line in along for each in line.concrete())
