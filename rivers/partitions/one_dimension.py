"""The common part of definitions of one dimension: they answer about values, and a key is a list of values.

A product asks its dimensions the same questions, so that a mapping, a range or a check of many dimensions never needs
the product of their keys.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition, explain_absence
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

    def contains(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        return isinstance(key, SingleKey) and all(self.has_value(value, now, dynamic) for value in key.values_of())

    def iter_keys(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[PartitionKey]:
        return map(SingleKey.of, self.iter_values(now, dynamic))

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
        return list(map(SingleKey.of, select(key_range.selector_of(), self, now, dynamic)))

    def nearest(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> list[PartitionKey]:
        if not isinstance(key, SingleKey):
            ends = (self.first_value(now, dynamic), self.latest_value(now, dynamic))
            return list(map(SingleKey.of, dict.fromkeys(end for end in ends if end is not None)))
        strange = (value for value in key.values_of() if not self.has_value(value, now, dynamic))
        return list(map(SingleKey.of, near_any(strange, self, now, dynamic)))

    def parse_key(self, text: str) -> PartitionKey:
        return SingleKey(text.split(","))


def select(
    selector: Selector, definition: OneDimension, now: datetime, dynamic: DynamicKeys | None = None
) -> Iterator[str]:
    """Return the values of a definition that a pair of ends, or a list of keys, stands for.

    :raises PartitionValidationError: when one of them is no member, or the ends are the wrong way round
    """
    require_selector(selector, definition, now, dynamic)
    if isinstance(selector, list):
        return iter(dict.fromkeys(selector))
    return definition.values_between(*selector, now, dynamic)


def require_selector(
    selector: Selector, definition: OneDimension, now: datetime, dynamic: DynamicKeys | None = None
) -> None:
    """Refuse what :func:`select` refuses, and list nothing: dynamic keys need not be known.

    :raises PartitionValidationError: when one of them is no member, or the ends are the wrong way round
    """
    if isinstance(selector, list):
        for value in selector:
            _require(value, "", definition, now, dynamic)
        return
    first, last = selector
    _require(first, "from_key ", definition, now, dynamic)
    _require(last, "to_key ", definition, now, dynamic)
    if definition.is_after(first, last, now, dynamic):
        raise PartitionValidationError(f"from_key '{first}' is after to_key '{last}' in {definition.describe()}")


def _require(value: str, role: str, definition: OneDimension, now: datetime, dynamic: DynamicKeys | None) -> None:
    if not definition.has_value(value, now, dynamic):
        absence = explain_absence(SingleKey.of(value), definition, now, dynamic)
        raise PartitionValidationError(f"{role}'{value}' is not a partition key of {absence}", value=value)


def near_any(
    values: Iterable[str], definition: OneDimension, now: datetime, dynamic: DynamicKeys | None = None
) -> list[str]:
    """Return at most three members near values that are none: near the first of them, then near the next."""
    near: dict[str, None] = {}
    for value in values:
        near.update(dict.fromkeys(definition.near_values(value, now, dynamic)))
        if len(near) >= NEAREST_MAX:  # each look takes a while, and a batch may have thousands of values
            break
    return list(near)[:NEAREST_MAX]
