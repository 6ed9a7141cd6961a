"""The common part of definitions of one dimension: they answer about values, and a key is a list of values.

A product asks its dimensions the same questions, so that a mapping, a range or a check of many dimensions never needs
the product of their keys.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.keys import PartitionKey, SingleKey
from rivers.partitions.ranges import PartitionKeyRange, Selector, require_range

NEAREST_MAX = 3


class OneDimension(PartitionsDefinition):
    """A definition whose keys are ``PartitionKey.Single``."""

    __slots__ = ()

    @abstractmethod
    def has_value(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        """Return whether the value is a member."""

    @abstractmethod
    def iter_values(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        """Yield every value, in order. :raises NotImplementedError: for dynamic keys that were not given"""

    @abstractmethod
    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        """Return how many values there are, without enumerating them."""

    @abstractmethod
    def first_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        """Return the first value, ``None`` when there is none."""

    @abstractmethod
    def latest_value(self, now: datetime, dynamic: DynamicKeys | None = None) -> str | None:
        """Return the last value, ``None`` when there is none."""

    @abstractmethod
    def is_after(self, value: str, other: str, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        """Return whether one member comes after another."""

    @abstractmethod
    def values_between(self, first: str, last: str, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        """Yield the values from one member to another that is not before it, both included, in order."""

    @abstractmethod
    def near_values(self, value: str, now: datetime, dynamic: DynamicKeys | None = None) -> list[str]:
        """Return at most three members near a value that is none, the nearest first."""

    def select(self, selector: Selector, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[str]:
        """Return the values that a pair of ends, or a list of keys, stands for.

        :raises PartitionValidationError: when one of them is no member, or the ends are the wrong way round
        """
        self.require_selector(selector, now, dynamic)
        if isinstance(selector, list):
            return iter(dict.fromkeys(selector))
        return self.values_between(*selector, now, dynamic)

    def require_selector(self, selector: Selector, now: datetime, dynamic: DynamicKeys | None = None) -> None:
        """Refuse what :meth:`select` refuses, and list nothing: dynamic keys need not be known.

        :raises PartitionValidationError: when one of them is no member, or the ends are the wrong way round
        """
        if isinstance(selector, list):
            for value in selector:
                self._require(value, "", now, dynamic)
            return
        first, last = selector
        self._require(first, "from_key ", now, dynamic)
        self._require(last, "to_key ", now, dynamic)
        if self.is_after(first, last, now, dynamic):
            raise PartitionValidationError(f"from_key '{first}' is after to_key '{last}' in {self.describe()}")

    def _require(self, value: str, role: str, now: datetime, dynamic: DynamicKeys | None) -> None:
        if not self.has_value(value, now, dynamic):
            absence = self.explain_absence(SingleKey.of(value), now, dynamic)
            raise PartitionValidationError(f"{role}'{value}' is not a partition key of {absence}", value=value)

    def contains(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return isinstance(key, SingleKey) and all(self.has_value(value, now, dynamic) for value in key.values_of())

    def iter_keys(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[PartitionKey]:
        return map(SingleKey.of, self.iter_values(now, dynamic))

    def first(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        value = self.first_value(now, dynamic)
        return None if value is None else SingleKey.of(value)

    def latest(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        value = self.latest_value(now, dynamic)
        return None if value is None else SingleKey.of(value)

    def resolve(
        self, key_range: PartitionKeyRange, now: datetime, dynamic: DynamicKeys | None = None
    ) -> list[PartitionKey]:
        require_range(key_range)
        if key_range.is_multi:
            raise PartitionValidationError(
                f"{key_range!r} names dimensions, which {self.describe()} does not have: use PartitionKeyRange.single"
            )
        return list(map(SingleKey.of, self.select(key_range.selector_of(), now, dynamic)))

    def nearest(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> list[PartitionKey]:
        if not isinstance(key, SingleKey):
            ends = (self.first(now, dynamic), self.latest(now, dynamic))
            return list(dict.fromkeys(end for end in ends if end is not None))
        strange = (value for value in key.values_of() if not self.has_value(value, now, dynamic))
        return list(map(SingleKey.of, self.near_any(strange, now, dynamic)))

    def near_any(self, values: Iterable[str], now: datetime, dynamic: DynamicKeys | None = None) -> list[str]:
        """Return at most three members near values that are none: near the first of them, then near the next."""
        near: dict[str, None] = {}
        for value in values:
            near.update(dict.fromkeys(self.near_values(value, now, dynamic)))
            if len(near) >= NEAREST_MAX:  # each look takes a while, and a batch may have thousands of values
                break
        return list(near)[:NEAREST_MAX]

    def parse_key(self, text: str) -> PartitionKey:
        return SingleKey(text.split(","))
