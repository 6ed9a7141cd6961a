"""A fixed list of keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Self, cast

from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.definitions import DynamicKeys
from rivers.partitions.one_dimension import NEAREST_MAX, OneDimension
from rivers.partitions.reserved import near_in_spelling, value_faults
from rivers.wording import quoted

_DESCRIBED_MAX = 3


class StaticPartitions(OneDimension, variant="Static"):
    """``PartitionsDefinition.Static``: the keys of a list, in its order."""

    __slots__ = ("_keys", "_places")

    def __init__(self, keys: Sequence[str]) -> None:
        if isinstance(keys, str) or not isinstance(keys, list | tuple):
            raise TypeError(f"static_ expects a list of str, got {type(keys).__name__}")
        for key in cast("Sequence[object]", keys):
            if not isinstance(key, str):
                raise TypeError(f"static_ expects a list of str, got {type(key).__name__} in it")
        self._keys = tuple(keys)
        self._places = {key: place for place, key in enumerate(dict.fromkeys(self._keys))}

    def checked(self) -> Self:
        """Return the definition without duplicates. :raises PartitionDefinitionError: as :meth:`check`"""
        self._keys = tuple(self._places)
        self.check()
        return self

    @property
    def keys(self) -> list[str]:
        """The keys, in declared order."""
        return list(self._keys)

    def check(self) -> None:
        if not self._keys:
            raise PartitionDefinitionError("static partitions must list at least one key")
        for key in self._keys:
            for fault in value_faults(key):
                raise PartitionDefinitionError(fault)

    def describe(self) -> str:
        return f"the static partitions {quoted(self._keys, _DESCRIBED_MAX)}"

    def has_value(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return value in self._places

    def iter_values(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        return iter(self._places)

    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        return len(self._places)

    def first_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        return next(iter(self._places), None)

    def latest_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        return next(reversed(self._places), None)

    def is_after(self, value: str, other: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return self._places[value] > self._places[other]

    def values_between(self, first: str, last: str, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        start, stop = self._places[first], self._places[last] + 1
        if len(self._keys) == len(self._places):
            return iter(self._keys[start:stop])
        return islice(self._places, start, stop)

    def near_values(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> list[str]:
        return near_in_spelling(value, list(self._places), NEAREST_MAX)

    def __eq__(self, other: object) -> bool:
        return self._keys == other._keys if isinstance(other, StaticPartitions) else NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[Any, ...]:
        return StaticPartitions, (self._keys,)

    def __repr__(self) -> str:
        return f"PartitionsDefinition.static_({list(self._keys)!r})"
