"""The partitions that a step runs for, as its function and handlers see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.keys import PartitionKey, SingleKey
from rivers.partitions.time_windows import TimeWindowPartitions


class PartitionContext:
    """The partitions of one step, and the definition they belong to.

    In a run ``keys`` are concrete: one for each partition that the step computes.

    :raises ValueError: when there are no keys
    :raises TypeError: for a key, or a definition, of another type
    """

    __slots__ = ("_definition", "_keys")

    def __init__(self, keys: Sequence[PartitionKey], definition: PartitionsDefinition) -> None:
        if not isinstance(definition, PartitionsDefinition):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"definition must be a PartitionsDefinition, got {type(definition).__name__}")
        self._keys = _keys(keys)
        self._definition = definition

    @property
    def keys(self) -> list[PartitionKey]:
        """Every key of the step."""
        return list(self._keys)

    @property
    def key(self) -> PartitionKey:
        """The first key."""
        return self._keys[0]

    @property
    def definition(self) -> PartitionsDefinition:
        """The partitions definition of the asset that is computed, or that is read."""
        return self._definition

    def time_window(self) -> tuple[datetime, datetime] | None:
        """Return start and end, half-open and naive, of the window that the only key names.

        ``None`` for several keys or values, and for any definition but a time window, a time dimension included.

        :raises PartitionDefinitionError: when the key does not have the format of the definition
        """
        only = self._keys[0] if len(self._keys) == 1 else None
        if not isinstance(only, SingleKey) or not only.is_concrete:
            return None
        definition = self._definition
        return definition.window_of(only.values_of()[0]) if isinstance(definition, TimeWindowPartitions) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PartitionContext):
            return NotImplemented
        return self._keys == other._keys and self._definition == other._definition

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"PartitionContext({list(self._keys)!r}, {self._definition!r})"


def _keys(given: object) -> tuple[PartitionKey, ...]:
    if not isinstance(given, list | tuple):
        raise TypeError(f"keys must be a list of PartitionKey, got {type(given).__name__}")
    keys = tuple(map(_key, cast("Sequence[object]", given)))
    if not keys:
        raise ValueError("PartitionContext needs at least one key")
    return keys


def _key(given: object) -> PartitionKey:
    if not isinstance(given, PartitionKey):
        raise TypeError(f"keys must be a list of PartitionKey, got {type(given).__name__} in it")
    return given
