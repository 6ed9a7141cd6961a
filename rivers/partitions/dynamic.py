"""Keys that are registered in a store while the system runs, and are given here as data."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from rivers.exceptions import PartitionDefinitionError, _NotEnumerable  # pyright: ignore[reportPrivateUsage]
from rivers.partitions.definitions import DynamicKeys
from rivers.partitions.one_dimension import NEAREST_MAX, OneDimension
from rivers.partitions.reserved import near_in_spelling


class KeysInOrder(frozenset[str]):
    """A set of keys that is sorted once, when the first question needs the order."""

    __slots__ = ("_in_order",)
    _in_order: tuple[str, ...]

    @property
    def in_order(self) -> tuple[str, ...]:
        """The keys in the order of their text."""
        try:
            return self._in_order
        except AttributeError:
            self._in_order = tuple(sorted(self))
            return self._in_order


def in_order(keys: Collection[str]) -> tuple[str, ...]:
    """Return any keys in the order of their text."""
    return keys.in_order if isinstance(keys, KeysInOrder) else tuple(sorted(keys))


class DynamicPartitions(OneDimension, variant="Dynamic"):
    """``PartitionsDefinition.Dynamic``: the keys registered under ``name``, in the order of their text."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the name of dynamic partitions must be a str, got {type(name).__name__}")
        self.name = name

    def check(self) -> None:
        if not self.name:
            raise PartitionDefinitionError("dynamic partitions need a name that is not empty")

    def describe(self) -> str:
        return f"the dynamic partitions '{self.name}'"

    def has_value(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return dynamic is None or value in dynamic.get(self.name, ())

    def iter_values(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        return iter(self._in_order(dynamic))

    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        return len(self._registered(dynamic))

    def first_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        return next(iter(self._in_order(dynamic)), None)

    def latest_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        return next(reversed(self._in_order(dynamic)), None)

    def is_after(self, value: str, other: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return value > other

    def values_between(self, first: str, last: str, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        values = self._in_order(dynamic)
        return iter(values[bisect_left(values, first) : bisect_right(values, last)])

    def near_values(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> list[str]:
        return near_in_spelling(value, self._in_order(dynamic), NEAREST_MAX) if dynamic is not None else []

    def _in_order(self, dynamic: DynamicKeys | None) -> tuple[str, ...]:
        return in_order(self._registered(dynamic))

    def _registered(self, dynamic: DynamicKeys | None) -> Collection[str]:
        if dynamic is None:
            raise _NotEnumerable(
                f"{self.describe()} cannot be enumerated here: the store knows them, ask "
                f"storage.get_dynamic_partitions('{self.name}')"
            )
        return dynamic.get(self.name, ())

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, DynamicPartitions) else NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[Any, ...]:
        return DynamicPartitions, (self.name,)

    def __repr__(self) -> str:
        return f"PartitionsDefinition.dynamic({self.name!r})"
