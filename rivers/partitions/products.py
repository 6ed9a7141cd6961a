"""The product of named dimensions. Only enumeration ever builds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, product
from math import prod
from typing import Any, cast

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.keys import MultiKey, PartitionKey
from rivers.partitions.one_dimension import NEAREST_MAX, OneDimension, near_any, select
from rivers.partitions.ranges import PartitionKeyRange, require_range
from rivers.partitions.reserved import name_faults
from rivers.wording import quoted


def dynamic_namespaces(definitions: Iterable[PartitionsDefinition]) -> tuple[str, ...]:
    """Return the namespaces of all dynamic definitions among these, dimensions included, each once in order."""
    found: dict[str, None] = {}
    for definition in definitions:
        if isinstance(definition, DynamicPartitions):
            found[definition.name] = None
        elif isinstance(definition, MultiPartitions):
            found.update(dict.fromkeys(dynamic_namespaces(each for _, each in definition.dimensions)))
    return tuple(found)


class MultiPartitions(PartitionsDefinition, variant="Multi"):
    """``PartitionsDefinition.Multi``: one value in each of its dimensions, the last dimension varying fastest."""

    __slots__ = ("_by_name", "_dimensions", "_name_order")

    def __init__(
        self, dimensions: Mapping[str, PartitionsDefinition] | Sequence[tuple[str, PartitionsDefinition]]
    ) -> None:
        if not isinstance(dimensions, Mapping | list | tuple):
            raise TypeError(f"multi expects a dict of dimensions, got {type(dimensions).__name__}")
        given = dimensions.items() if isinstance(dimensions, Mapping) else dimensions
        for pair in given:
            if not isinstance(pair, tuple | list) or len(pair) != 2:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"multi expects pairs of a name and a definition, got {pair!r}")
        self._dimensions = tuple((name, _definition(name, definition)) for name, definition in given)
        # A raw constructor accepts a nested product; check() refuses it before it is asked anything.
        self._by_name = cast("dict[str, OneDimension]", dict(self._dimensions))
        self._name_order = sorted(range(len(self._dimensions)), key=lambda place: self._dimensions[place][0])

    @property
    def dimensions(self) -> list[tuple[str, PartitionsDefinition]]:
        """The name and the definition of each dimension, in declared order."""
        return list(self._dimensions)

    @property
    def names(self) -> list[str]:
        """The name of each dimension, in declared order."""
        return [name for name, _ in self._dimensions]

    def dimension(self, name: str) -> OneDimension | None:
        """Return the definition of a dimension, ``None`` when there is none of that name."""
        return self._by_name.get(name)

    def check(self) -> None:
        if not self._dimensions:
            raise PartitionDefinitionError("multi partitions must have at least one dimension")
        if len(self._by_name) < len(self._dimensions):
            raise PartitionDefinitionError(f"a dimension is named twice: {self.names}")
        for name, definition in self._dimensions:
            for fault in name_faults(name):
                raise PartitionDefinitionError(fault)
            if not isinstance(definition, OneDimension):
                raise PartitionDefinitionError(
                    f"dimension '{name}' is multi-dimensional itself: name its dimensions here"
                )
            try:
                definition.check()
            except PartitionDefinitionError as error:
                raise PartitionDefinitionError(f"in dimension '{name}': {error}") from None

    def describe(self) -> str:
        parts = "; ".join(f"'{name}': {definition.describe()}" for name, definition in self._dimensions)
        return f"the multi partitions ({parts})"

    def contains(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        if not isinstance(key, MultiKey) or len(key.dimensions) != len(self._by_name):
            return False
        return all(
            (definition := self._by_name.get(name)) is not None
            and all(definition.has_value(value, now, dynamic) for value in key.values_of(name))
            for name in key.dimensions
        )

    def iter_keys(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[PartitionKey]:
        return self.product([list(each.iter_values(now, dynamic)) for each in self._by_name.values()])

    def product(self, values: Sequence[Sequence[str]]) -> Iterator[PartitionKey]:
        """Yield the keys with one of the values in each dimension, given in declared order."""
        names = [self._dimensions[place][0] for place in self._name_order]
        order = self._name_order
        return (
            MultiKey.of([(name, row[place]) for name, place in zip(names, order, strict=True)])
            for row in product(*values)
        )

    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        return prod(definition.count(now, dynamic) for definition in self._by_name.values())

    def latest(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        values = [each.latest_value(now, dynamic) for each in self._by_name.values()]
        return next(self.product([() if value is None else (value,) for value in values]), None)

    def resolve(
        self, key_range: PartitionKeyRange, now: datetime, dynamic: DynamicKeys | None = None
    ) -> list[PartitionKey]:
        require_range(key_range)
        known, given = quoted(list(self._by_name)), key_range.dimensions
        if not key_range.is_multi:
            raise PartitionValidationError(
                f"{key_range!r} names no dimension: use PartitionKeyRange.multi with {known}"
            )
        for name in given:
            if name not in self._by_name:
                raise PartitionValidationError(
                    f"the range names an unknown dimension '{name}'; there are {known}", kind="dimension", name=name
                )
        chosen: list[list[str]] = []
        for name, definition in self._by_name.items():
            if name not in given:
                raise PartitionValidationError(
                    f"the range does not name dimension '{name}'; there are {known}", kind="dimension", name=name
                )
            try:
                chosen.append(list(select(key_range.selector_of(name), definition, now, dynamic)))
            except PartitionValidationError as error:
                raise PartitionValidationError(f"in dimension '{name}': {error}") from None
        return list(self.product(chosen))

    def nearest(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> list[PartitionKey]:
        choices: list[list[str]] = []
        for name, definition in self._by_name.items():
            given = key.values_of(name) if name in key.dimensions else ()
            is_member = {value: definition.has_value(value, now, dynamic) for value in given}
            valid = [value for value, is_one in is_member.items() if is_one]
            strange = [value for value, is_one in is_member.items() if not is_one]
            near = near_any(strange, definition, now, dynamic)
            if not valid and not near:
                latest = definition.latest_value(now, {} if dynamic is None else dynamic)
                near = [] if latest is None else [latest]
            choices.append(list(dict.fromkeys([*near, *valid] if strange else valid or near))[:NEAREST_MAX])
        return list(islice(self.product(choices), NEAREST_MAX))

    def parse_key(self, text: str) -> PartitionKey:
        parts = [part.partition("=") for part in text.split("|")]
        if sorted(name for name, _, _ in parts) != sorted(self._by_name) or not all(equals for _, equals, _ in parts):
            form = "|".join(f"{name}=..." for name in sorted(self._by_name))
            raise PartitionValidationError(
                f"'{text}' is not a key of {self.describe()}: write it as {form}", value=text
            )
        return MultiKey({name: values.split(",") for name, _, values in parts})

    def __eq__(self, other: object) -> bool:
        return self._dimensions == other._dimensions if isinstance(other, MultiPartitions) else NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[Any, ...]:
        return MultiPartitions, (self._dimensions,)

    def __repr__(self) -> str:
        return f"PartitionsDefinition.multi({dict(self._dimensions)!r})"


def _definition(name: object, given: object) -> PartitionsDefinition:
    if not isinstance(name, str):
        raise TypeError(f"the name of a dimension must be a str, got {type(name).__name__}")
    if not isinstance(given, PartitionsDefinition):
        hint = ": the name of a registered definition is not accepted here" if isinstance(given, str) else ""
        raise TypeError(f"dimension '{name}' must be a PartitionsDefinition, got {type(given).__name__}{hint}")
    return given
