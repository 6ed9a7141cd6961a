"""Ranges of partition keys, as they are written down. A definition says what lies between the ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from rivers.exceptions import PartitionDefinitionError

Selector = tuple[str, str] | list[str]
"""The keys of one dimension: ``(from, to)``, both included, or an explicit list."""


class PartitionKeyRange:
    """The range from one key to another, both included, in the order of the definition; one for each dimension.

    Two ranges are equal, and hash alike, when their content is. The order of the ends is not checked here. Build a
    range with the factories.
    """

    __slots__ = ("_dimensions",)
    _dimensions: dict[str | None, Selector]

    def __init__(self) -> None:
        raise TypeError(
            "PartitionKeyRange cannot be constructed; use PartitionKeyRange.single or PartitionKeyRange.multi"
        )

    @staticmethod
    def single(from_key: str, to_key: str) -> PartitionKeyRange:
        """Return the range in the only dimension.

        :raises TypeError: when an end is not a ``str``
        """
        for name, end in (("from_key", from_key), ("to_key", to_key)):
            if not isinstance(end, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"{name} must be a str, got {type(end).__name__}")
        return _made({None: (from_key, to_key)})

    @staticmethod
    def multi(dimensions: Mapping[str, tuple[str, str] | Sequence[str]]) -> PartitionKeyRange:
        """Return a range of several dimensions: for each a pair ``(from, to)``, or a list (or longer tuple) of keys.

        :raises TypeError: for another type, naming the dimension
        :raises PartitionDefinitionError: for no dimension, or an empty list for one
        """
        if not isinstance(dimensions, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"PartitionKeyRange.multi expects a dict of dimensions, got {type(dimensions).__name__}")
        if not dimensions:
            raise PartitionDefinitionError("PartitionKeyRange.multi must name at least one dimension")
        return _made({name: _selector(name, dimensions[name]) for name in dimensions})

    @property
    def is_multi(self) -> bool:
        """Whether the range names dimensions."""
        return None not in self._dimensions

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the dimensions, in the order given; empty for a range in the only one."""
        return tuple(name for name in self._dimensions if name is not None)

    @property
    def from_key(self) -> str | None:
        """The first key of a range in the only dimension."""
        return self._dimensions[None][0] if None in self._dimensions else None

    @property
    def to_key(self) -> str | None:
        """The last key of a range in the only dimension."""
        return self._dimensions[None][1] if None in self._dimensions else None

    def selector_of(self, dimension: str | None = None) -> Selector:
        """Return the pair or list of keys of a dimension; without a name, of the only one; ``KeyError`` for another."""
        return self._dimensions[dimension]

    def __eq__(self, other: object) -> bool:
        return self._dimensions == other._dimensions if isinstance(other, PartitionKeyRange) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset((name, tuple(selector)) for name, selector in self._dimensions.items()))

    def __repr__(self) -> str:
        if None in self._dimensions:
            return f"PartitionKeyRange.single(from_key={self.from_key!r}, to_key={self.to_key!r})"
        return f"PartitionKeyRange.multi({self._dimensions!r})"


def _made(dimensions: dict[str | None, Selector]) -> PartitionKeyRange:
    made = object.__new__(PartitionKeyRange)
    made._dimensions = dimensions  # pyright: ignore[reportPrivateUsage]
    return made


def _selector(dimension: str, given: object) -> Selector:
    if not isinstance(dimension, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"the name of a dimension must be a str, got {type(dimension).__name__}")
    if not isinstance(given, list | tuple):
        raise TypeError(
            f"dimension '{dimension}': expected a pair (from_key, to_key) or a list of keys, got {type(given).__name__}"
        )
    values = cast("Sequence[object]", given)
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"dimension '{dimension}': every key must be a str, got {given!r}")
    if not values:
        raise PartitionDefinitionError(f"dimension '{dimension}' must list at least one key")
    texts = cast("Sequence[str]", values)
    return (texts[0], texts[1]) if isinstance(given, tuple) and len(texts) == 2 else list(texts)


def require_range(key_range: object) -> None:
    """Raise ``TypeError`` for anything but a range."""
    if not isinstance(key_range, PartitionKeyRange):
        raise TypeError(f"resolve expects a PartitionKeyRange, got {type(key_range).__name__}")
