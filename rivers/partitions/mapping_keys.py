"""The upstream partitions that the partitions of a downstream need: the load direction of a mapping.

The mapping is one that ``mapping_checks`` accepts. One that it refuses raises an error whose text is not promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition, explain_absence
from rivers.partitions.edges import Edge, one_dimension
from rivers.partitions.key_selection import Selected, selector_fault
from rivers.partitions.keys import PartitionKey, SingleKey
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.products import MultiPartitions
from rivers.partitions.value_mappings import upstream_values


@dataclass(frozen=True)
class TheseKeys:
    """These partitions, in this order, each once.

    Every key is concrete, except that of ``specific_partitions``, whose handler gets all values in one key.
    """

    keys: tuple[PartitionKey, ...]


@dataclass(frozen=True)
class Whole:
    """The asset as a whole: its handler gets no partition."""


@dataclass(frozen=True)
class Nothing:
    """No partition: an input's parameter is ``None``, and no handler is called."""


Mapped: TypeAlias = TheseKeys | Whole | Nothing


def upstream_keys(
    mapping: PartitionMapping | None,
    keys: Sequence[PartitionKey],
    down_def: PartitionsDefinition | None,
    up_def: PartitionsDefinition | None,
    now: datetime,
    dynamic: DynamicKeys | None = None,
    names: tuple[str, str] = ("downstream", "upstream"),
) -> Mapped:
    """Return what to load of the upstream for these downstream keys; no keys for a downstream without partitions.

    A key of several values counts as each of them. Keys that meet in one upstream key load it once. A batch of which
    ``subset`` or ``for_keys`` does not cover every key loads nothing, since a step has one value for the parameter.

    :raises PartitionValidationError: when a key leads out of the upstream, naming the asset, the key and the upstream
    """
    concrete = list(dict.fromkeys(each for key in keys for each in key.concrete()))
    if up_def is None:
        if not isinstance(mapping, PartitionMapping.ForKeys) or down_def is None:
            return Whole()
        selected = Selected(mapping.selectors, down_def, now, dynamic)
        return Whole() if all(key in selected for key in concrete) else Nothing()
    if isinstance(mapping, PartitionMapping.AllPartitions):
        return Whole()
    if isinstance(mapping, PartitionMapping.SpecificPartitions):
        _require_begun(mapping.keys, up_def, now, names)
        return TheseKeys(_listed(mapping.keys))
    if down_def is None:
        raise PartitionValidationError(
            f"Asset '{names[0]}' depends on '{names[1]}': it has no partitions, so it needs all_partitions or "
            f"specific_partitions"
        )
    edge = Edge(down_def, up_def, names, now, dynamic)
    if isinstance(mapping, PartitionMapping.Subset):
        covered = all(up_def.contains(key, now, dynamic) for key in concrete)
        return TheseKeys(tuple(concrete)) if covered else Nothing()
    return TheseKeys(tuple(dict.fromkeys(_each_mapped(mapping or PartitionMapping.identity(), concrete, edge))))


def _require_begun(
    keys: Sequence[PartitionKey], upstream: PartitionsDefinition, now: datetime, names: tuple[str, str]
) -> None:
    """Refuse windows that are still to come. What was made for a dynamic key outlives it: none is looked up."""
    for key in keys:
        fault = selector_fault(key, upstream, now, None)
        if fault is not None:
            raise PartitionValidationError(f"Asset '{names[0]}' depends on '{names[1]}': specific_partitions: {fault}")


def _listed(keys: Sequence[PartitionKey]) -> tuple[PartitionKey, ...]:
    """Return one key with all values; for several dimensions, where the product may be more than the list, each key."""
    if all(isinstance(key, SingleKey) for key in keys):
        return (SingleKey(list(dict.fromkeys(value for key in keys for value in key.values_of()))),)
    return tuple(dict.fromkeys(each for key in keys for each in key.concrete()))


def _each_mapped(mapping: PartitionMapping, keys: Iterable[PartitionKey], edge: Edge) -> Iterator[PartitionKey]:
    mapped = _Mapper(mapping, edge)
    for key in keys:
        try:
            found = iter(mapped.of(key))
            first = next(found, None)
            if first is None:
                absence = explain_absence(key, edge.upstream, edge.now, edge.dynamic)
                raise PartitionValidationError(f"it leads to no partition of its upstream '{edge.names[1]}': {absence}")
            yield first
            yield from found
        except PartitionValidationError as error:
            raise PartitionValidationError(f"Asset '{edge.names[0]}', partition key '{key}': {error}") from None


class _Mapper:
    """One mapping over many keys. A value that comes again, as each does in a product, is mapped once."""

    def __init__(self, mapping: PartitionMapping, edge: Edge) -> None:
        self._mapping = mapping
        self._edge = edge
        self._found: dict[tuple[str | None, str], Sequence[str]] = {}
        self._whole: dict[str, Sequence[str]] = {}

    def of(self, key: PartitionKey) -> Iterable[PartitionKey]:
        match self._mapping, self._edge.upstream:
            case PartitionMapping.Identity(), upstream:
                return (self._same(key, upstream),)
            case PartitionMapping.Multi(dimension_mappings=pairs), MultiPartitions() as upstream:
                return upstream.product(
                    [self._values(pairs[name][1], pairs[name][0], name, key) for name in upstream.names]
                )
            case PartitionMapping.MultiToSingle() as outer, MultiPartitions() as upstream:
                inner, dimension = outer.partition_mapping, outer.dimension_name
                return upstream.product(
                    [
                        self._values(inner, None, name, key) if name == dimension else self._all(name)
                        for name in upstream.names
                    ]
                )
            case PartitionMapping.MultiToSingle(dimension_name=dimension, partition_mapping=inner), _:
                return map(SingleKey.of, self._values(inner, dimension, None, key))
            case inner, _:
                return map(SingleKey.of, self._values(inner, None, None, key))

    def _same(self, key: PartitionKey, upstream: PartitionsDefinition) -> PartitionKey:
        if not upstream.contains(key, self._edge.now, self._edge.dynamic):
            absence = explain_absence(key, upstream, self._edge.now, self._edge.dynamic)
            raise PartitionValidationError(
                f"it is not a partition key of its upstream '{self._edge.names[1]}': {absence}"
            )
        return key

    def _values(
        self, inner: PartitionMapping, down_dimension: str | None, up_dimension: str | None, key: PartitionKey
    ) -> Sequence[str]:
        (value,) = key.values_of(down_dimension)
        found = self._found.get((up_dimension, value))
        if found is None:
            link = self._edge.link(down_dimension, up_dimension)
            try:
                found = self._found[up_dimension, value] = upstream_values(inner, value, link)
            except PartitionValidationError as error:
                if down_dimension is None and up_dimension is None:
                    raise
                raise PartitionValidationError(f"in dimension '{up_dimension or down_dimension}': {error}") from None
        return found

    def _all(self, up_dimension: str) -> Sequence[str]:
        found = self._whole.get(up_dimension)
        if found is None:
            definition = one_dimension(self._edge.upstream, up_dimension)
            found = self._whole[up_dimension] = list(definition.iter_values(self._edge.now, self._edge.dynamic))
        return found
