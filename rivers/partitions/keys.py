"""Partition keys: which slice of an asset is meant.

These are value objects with three written forms (canonical text, ``repr``, JSON). A definition says whether a key is
valid; here any text is a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.wording import double_quoted

_SHOWN_MAX: Final = 200


class PartitionKey:
    """A key of one dimension (``Single``), of several (``Multi``), or a list of keys for transport (``Set``).

    A key with several values stands for each of them, and in several dimensions for the product of the values: one step
    is asked for many partitions that way. Values are held sorted. Two keys are equal, and hash alike, when their
    content is. ``str()`` is the canonical form: ``a,b`` or ``dim=v|dim=v1,v2``. Build a key with the factories.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        Single: TypeAlias = "SingleKey"
        Multi: TypeAlias = "MultiKey"
        Set: TypeAlias = "KeySet"

    def __init__(self) -> None:
        raise TypeError("PartitionKey cannot be constructed; use PartitionKey.single or PartitionKey.multi")

    @staticmethod
    def single(key: str | Sequence[str]) -> SingleKey:
        """Return the key of one dimension, for one value or for each of several.

        :raises TypeError: for anything but a ``str`` or a list of them
        :raises PartitionDefinitionError: for an empty list
        """
        return SingleKey(key)

    @staticmethod
    def multi(keys: Mapping[str, str | Sequence[str]]) -> MultiKey:
        """Return the key of several dimensions: for each the value, or a list of values.

        :raises TypeError: for anything but a mapping of names to a ``str`` or a list of them
        :raises PartitionDefinitionError: for no dimension, or one without a value
        """
        return MultiKey(keys)

    @staticmethod
    def from_json(text: str) -> PartitionKey:
        """Return the key that :meth:`to_json` wrote.

        :raises PartitionDefinitionError: when it is not the JSON of a key
        """
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"from_json expects a str, got {type(text).__name__}")
        try:
            return _from_document(json.loads(text))
        except (ValueError, TypeError, RecursionError, PartitionDefinitionError) as error:
            shown = text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
            raise PartitionDefinitionError(f"not the JSON of a partition key: {shown!r} ({error})") from None

    @property
    def is_concrete(self) -> bool:
        """Whether the key stands for exactly one partition: one value in each dimension."""
        return False

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the dimensions, in name order; empty for a key of one dimension, which has no name."""
        return ()

    def values_of(self, dimension: str | None = None) -> tuple[str, ...]:
        """Return the values in a dimension, sorted; without a name, those of a key of one dimension.

        :raises PartitionValidationError: when the key has no such dimension
        """
        raise PartitionValidationError(f"partition key '{self}' has no {_named(dimension)}")

    def concrete(self) -> Iterator[PartitionKey]:
        """Return each partition of the key: the product of the sorted values, the last dimension fastest."""
        return iter((self,))

    def to_json(self) -> str:
        """Return compact JSON: ``{"single":["a"]}`` or ``{"multi":{"d":["a"]}}``."""
        return json.dumps(self._document(), separators=(",", ":"), ensure_ascii=False)

    def _document(self) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} is not one of the keys that PartitionKey's factories make")


class SingleKey(PartitionKey):
    """A key of one dimension: ``PartitionKey.Single``. ``key`` lists its values, sorted."""

    __slots__ = ("_values",)
    _values: tuple[str, ...]

    def __init__(self, key: str | Sequence[str]) -> None:
        self._values = _sorted_values(key, "")

    @staticmethod
    def of(value: str) -> SingleKey:
        """Return the key of one value that is known to be a ``str``."""
        made = object.__new__(SingleKey)
        made._values = (value,)
        return made

    @property
    def key(self) -> list[str]:
        """The values, sorted; duplicates are kept."""
        return list(self._values)

    @property
    def is_concrete(self) -> bool:
        return len(self._values) == 1

    def values_of(self, dimension: str | None = None) -> tuple[str, ...]:
        return self._values if dimension is None else super().values_of(dimension)

    def concrete(self) -> Iterator[SingleKey]:
        return map(SingleKey.of, dict.fromkeys(self._values))

    def _document(self) -> dict[str, Any]:
        return {"single": list(self._values)}

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, SingleKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values)

    def __str__(self) -> str:
        return ",".join(self._values)

    def __repr__(self) -> str:
        return f"PartitionKey({_shown(self._values)})"


class MultiKey(PartitionKey):
    """A key of several dimensions: ``PartitionKey.Multi``. ``keys`` maps each dimension to its values, sorted."""

    __slots__ = ("_dimensions",)
    _dimensions: dict[str, tuple[str, ...]]

    def __init__(self, keys: Mapping[str, str | Sequence[str]]) -> None:
        if not isinstance(keys, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"PartitionKey.multi expects a dict of dimensions, got {type(keys).__name__}")
        if not keys:
            raise PartitionDefinitionError("PartitionKey.multi must name at least one dimension")
        for dimension in keys:
            if not isinstance(dimension, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"the name of a dimension must be a str, got {type(dimension).__name__}")
        self._dimensions = {name: _sorted_values(keys[name], f" of dimension '{name}'") for name in sorted(keys)}

    @staticmethod
    def of(values: Iterable[tuple[str, str]]) -> MultiKey:
        """Return the concrete key of dimensions, in name order, and values that are known to be ``str``."""
        made = object.__new__(MultiKey)
        made._dimensions = {name: (value,) for name, value in values}
        return made

    @property
    def keys(self) -> dict[str, list[str]]:
        """The values of each dimension, sorted, with the dimensions in name order."""
        return {name: list(values) for name, values in self._dimensions.items()}

    @property
    def is_concrete(self) -> bool:
        return all(len(values) == 1 for values in self._dimensions.values())

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(self._dimensions)

    def values_of(self, dimension: str | None = None) -> tuple[str, ...]:
        values = None if dimension is None else self._dimensions.get(dimension)
        return super().values_of(dimension) if values is None else values

    def concrete(self) -> Iterator[MultiKey]:
        names = self._dimensions
        choices = [dict.fromkeys(values) for values in names.values()]
        return (MultiKey.of(zip(names, values, strict=True)) for values in product(*choices))

    def _document(self) -> dict[str, Any]:
        return {"multi": self.keys}

    def __eq__(self, other: object) -> bool:
        return self._dimensions == other._dimensions if isinstance(other, MultiKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._dimensions.items()))

    def __str__(self) -> str:
        return "|".join(f"{name}={','.join(values)}" for name, values in self._dimensions.items())

    def __repr__(self) -> str:
        shown = ", ".join(f"{double_quoted(name)}: {_shown(values)}" for name, values in self._dimensions.items())
        return f"PartitionKey({{{shown}}})"


class KeySet(PartitionKey):
    """A list of keys on its way somewhere: ``PartitionKey.Set``. ``keys`` keeps the order it was given."""

    __slots__ = ("_members",)
    _members: tuple[PartitionKey, ...]

    def __init__(self, keys: Sequence[PartitionKey]) -> None:
        members = tuple(keys)
        for member in members:
            if not isinstance(member, SingleKey | MultiKey):
                raise TypeError(f"PartitionKey.Set expects keys of one or several dimensions, got {member!r}")
        if not members:
            raise PartitionDefinitionError("PartitionKey.Set must not be empty")
        self._members = members

    @property
    def keys(self) -> list[PartitionKey]:
        """The member keys."""
        return list(self._members)

    def concrete(self) -> Iterator[PartitionKey]:
        return iter(dict.fromkeys(key for member in self._members for key in member.concrete()))

    def _document(self) -> dict[str, Any]:
        return {"set": [json.loads(member.to_json()) for member in self._members]}

    def __eq__(self, other: object) -> bool:
        return self._members == other._members if isinstance(other, KeySet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._members)

    def __str__(self) -> str:
        return ", ".join(map(str, self._members))

    def __repr__(self) -> str:
        return f"PartitionKey([{', '.join(map(repr, self._members))}])"


def _sorted_values(given: object, where: str) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, list | tuple):
        raise TypeError(f"partition key{where}: expected str or list[str], got {type(given).__name__}")
    values = cast("Sequence[object]", given)
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"partition key{where}: expected str or list[str], got {type(value).__name__} in the list")
    if not values:
        raise PartitionDefinitionError(f"partition key{where} must not be empty")
    return tuple(sorted(cast("Sequence[str]", values)))


def _from_document(document: Any) -> PartitionKey:
    content = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    if isinstance(content.get("single"), list):
        return SingleKey(content["single"])
    if isinstance(content.get("multi"), dict):
        return MultiKey(content["multi"])
    if isinstance(content.get("set"), list):
        return KeySet([_from_document(member) for member in content["set"]])
    raise ValueError("it must be an object with 'single', 'multi' or 'set'")


def _named(dimension: str | None) -> str:
    return "single values: name one of its dimensions" if dimension is None else f"dimension '{dimension}'"


def _shown(values: tuple[str, ...]) -> str:
    return double_quoted(values[0]) if len(values) == 1 else f"[{', '.join(map(double_quoted, values))}]"


for _name, _variant in (("Single", SingleKey), ("Multi", MultiKey), ("Set", KeySet)):
    # The classes are public as members of PartitionKey, and must be found there when one is unpickled.
    setattr(PartitionKey, _name, _variant)
    _variant.__name__, _variant.__qualname__ = _name, f"PartitionKey.{_name}"
