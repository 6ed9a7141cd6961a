"""The checks of what declarations say about partitions: definitions or their names, and mappings of dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TypeAlias, cast

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.overlap import share_a_key

PartitionsReference: TypeAlias = PartitionsDefinition | str
"""A definition, or the name of one in the repository's ``partition_defs``."""


def partitions_reference(owner: str, given: object) -> PartitionsReference | None:
    """Return ``given``.

    :raises ValueError: when it is neither a definition nor the name of one
    """
    if given is None or isinstance(given, str | PartitionsDefinition):
        return given
    raise ValueError(
        f"partitions_def of {owner} must be a PartitionsDefinition or the name of one in the repository's "
        f"partition_defs registry, got {type(given).__name__}"
    )


def edge_mapping(owner: str, given: object) -> PartitionMapping | None:
    """Return ``given``.

    :raises TypeError: when it is no mapping
    """
    if given is None or isinstance(given, PartitionMapping):
        return given
    raise TypeError(f"partition_mapping of {owner} must be a PartitionMapping, got {type(given).__name__}")


def edge_mappings(owner: str, given: object) -> dict[str, PartitionMapping]:
    """Return the mapping of each dependency; none for ``None``.

    :raises TypeError: when it is no dict of names and mappings
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"partition_mapping of {owner} must be a dict of mappings by dependency, got {_kind(given)}")
    checked: dict[str, PartitionMapping] = {}
    for name, mapping in cast("Mapping[object, object]", given).items():
        if not isinstance(name, str):
            raise TypeError(f"partition_mapping of {owner} must name dependencies by str, got {_kind(name)}")
        if not isinstance(mapping, PartitionMapping):
            raise TypeError(
                f"partition_mapping of {owner} must hold PartitionMapping, got {_kind(mapping)} for {name!r}"
            )
        checked[name] = mapping
    return checked


def unlike_outputs(outputs: Iterable[tuple[str, PartitionsReference | None]]) -> str | None:
    """Return why two outputs of a multi-asset share no partition key, ``None`` when any two share one.

    Outputs without a definition, and those whose definition is known by its name only, do not count.
    """
    distinct: list[tuple[str, PartitionsDefinition]] = []  # hundreds of outputs may declare the same anew
    for name, each in outputs:
        if isinstance(each, PartitionsDefinition) and not any(each is one or each == one for _, one in distinct):
            distinct.append((name, each))
    for (name, one), (other_name, other) in combinations(distinct, 2):
        if one.variant != other.variant:
            return (
                f"outputs '{name}' and '{other_name}' have partitions of different variants, {one.variant} and "
                f"{other.variant}"
            )
        if not share_a_key(one, other):
            return (
                f"outputs '{name}' and '{other_name}' have no partition key in common: {one.describe()} and "
                f"{other.describe()}"
            )
    return None


def _kind(value: object) -> str:
    return type(value).__name__
