"""The downstream partitions that some upstream partitions reach: the direction in which news travels.

It is the inverse of ``mapping_keys``: a downstream key is reached exactly when one of the upstream keys is among those
that it would load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.edges import Edge, one_dimension
from rivers.partitions.key_selection import selected_keys
from rivers.partitions.keys import PartitionKey, SingleKey
from rivers.partitions.mapping_keys import Mapped, Nothing, TheseKeys, Whole
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.products import MultiPartitions
from rivers.partitions.value_mappings import downstream_values


def downstream_keys(
    mapping: PartitionMapping | None,
    keys: Sequence[PartitionKey] | None,
    down_def: PartitionsDefinition | None,
    up_def: PartitionsDefinition | None,
    now: datetime,
    dynamic: DynamicKeys | None = None,
    names: tuple[str, str] = ("downstream", "upstream"),
) -> Mapped:
    """Return what of the downstream needs one of these upstream keys; ``None`` means the upstream as a whole.

    These are the keys that exist at ``now``, each once; ``Whole`` for a downstream without partitions, ``Nothing`` when
    there are none.
    """
    if keys is not None and not keys:
        return Nothing()
    if down_def is None:
        return Whole() if _needs_some(mapping, keys) else Nothing()
    if isinstance(mapping, PartitionMapping.ForKeys):
        return _these(selected_keys(mapping.selectors, down_def, now, dynamic))
    if up_def is None or keys is None or isinstance(mapping, PartitionMapping.AllPartitions):
        return _these(down_def.iter_keys(now, dynamic))
    concrete = dict.fromkeys(each for key in keys for each in key.concrete() if up_def.contains(each, now, dynamic))
    edge = Edge(down_def, up_def, names, now, dynamic)
    return _these(found for key in concrete for found in _reached(mapping or PartitionMapping.identity(), key, edge))


def _needs_some(mapping: PartitionMapping | None, keys: Sequence[PartitionKey] | None) -> bool:
    if keys is None or not isinstance(mapping, PartitionMapping.SpecificPartitions):
        return True
    listed = frozenset(each for key in mapping.keys for each in key.concrete())
    return any(each in listed for key in keys for each in key.concrete())


def _these(keys: Iterable[PartitionKey]) -> Mapped:
    found = tuple(dict.fromkeys(keys))
    return TheseKeys(found) if found else Nothing()


def _reached(mapping: PartitionMapping, key: PartitionKey, edge: Edge) -> Iterator[PartitionKey]:
    """Return the downstream keys that would load the concrete upstream key."""
    match mapping, edge.downstream:
        case ((PartitionMapping.Identity() | PartitionMapping.Subset()), downstream):
            return (each for each in (key,) if downstream.contains(each, edge.now, edge.dynamic))
        case PartitionMapping.Multi(dimension_mappings=pairs), MultiPartitions() as downstream:
            paired = dict.fromkeys(dimension for dimension, _ in pairs.values())
            return _product(downstream, {each: _through(pairs, each, key, edge) for each in paired}, edge)
        case PartitionMapping.MultiToSingle() as outer, MultiPartitions() as downstream:
            inner, dimension = outer.partition_mapping, outer.dimension_name
            values = downstream_values(inner, key.values_of()[0], edge.link(dimension, None))
            return _product(downstream, {dimension: list(values)}, edge)
        case PartitionMapping.MultiToSingle(dimension_name=dimension, partition_mapping=inner), _:
            link = edge.link(None, dimension)
            return map(SingleKey.of, downstream_values(inner, key.values_of(dimension)[0], link))
        case inner, _:
            return map(SingleKey.of, downstream_values(inner, key.values_of()[0], edge.link(None, None)))


def _through(
    pairs: dict[str, tuple[str, PartitionMapping]], down_dimension: str, key: PartitionKey, edge: Edge
) -> list[str]:
    """Return the values of a downstream dimension that lead to the key in every upstream dimension paired with it."""
    found = [
        dict.fromkeys(downstream_values(inner, key.values_of(name)[0], edge.link(down_dimension, name)))
        for name, (paired, inner) in pairs.items()
        if paired == down_dimension
    ]
    return [value for value in found[0] if all(value in others for others in found[1:])]


def _product(downstream: MultiPartitions, chosen: dict[str, list[str]], edge: Edge) -> Iterator[PartitionKey]:
    """Return the downstream keys with a chosen value in each dimension; with any value, where none are chosen."""
    return downstream.product(
        [
            chosen[name]
            if name in chosen
            else list(one_dimension(downstream, name).iter_values(edge.now, edge.dynamic))
            for name in downstream.names
        ]
    )
