"""The declarations of which partitions of its upstream one partition of the downstream needs.

They are checked as far as they can be without the two definitions. ``mapping_checks`` says whether a mapping fits two
definitions, and ``mapping_keys`` which keys it leads to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, cast

from rivers.exceptions import PartitionValidationError
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange


class PartitionMapping:
    """The way from partition keys of a downstream node to partition keys of its upstream.

    Build one with a factory; the nested classes are for ``isinstance``. Equal by content, not hashable.
    """

    if TYPE_CHECKING:
        Identity: TypeAlias = "IdentityMapping"
        AllPartitions: TypeAlias = "AllPartitionsMapping"
        Static: TypeAlias = "StaticMapping"
        TimeWindow: TypeAlias = "TimeWindowMapping"
        SpecificPartitions: TypeAlias = "SpecificPartitionsMapping"
        ForKeys: TypeAlias = "ForKeysMapping"
        Subset: TypeAlias = "SubsetMapping"
        Multi: TypeAlias = "MultiMapping"
        MultiToSingle: TypeAlias = "MultiToSingleMapping"

    factory: ClassVar[str]
    """The name of the factory that makes it, which messages use."""

    def __init_subclass__(cls, *, variant: str, factory: str) -> None:
        super().__init_subclass__()
        cls.factory = factory
        # The classes are public as members of PartitionMapping, and must be found there when one is unpickled.
        cls.__name__, cls.__qualname__ = variant, f"PartitionMapping.{variant}"
        setattr(PartitionMapping, variant, cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is PartitionMapping:
            raise TypeError("PartitionMapping has no constructor: use one of its factories, such as identity()")
        return super().__new__(cls)

    # With an __eq__ and no __hash__ Python makes the class, and all below it, unhashable.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"PartitionMapping.{self.factory}({', '.join(map(repr, vars(self).values()))})"

    @staticmethod
    def identity() -> IdentityMapping:
        """Map to the key of the same text."""
        return IdentityMapping()

    @staticmethod
    def all_partitions() -> AllPartitionsMapping:
        """Map to everything that the upstream holds, as one value: its handler gets no partition."""
        return AllPartitionsMapping()

    @staticmethod
    def static_(mapping: Mapping[str, str]) -> StaticMapping:
        """Map each downstream key to the upstream key that is written beside it.

        :raises TypeError: when ``mapping`` is not a dict from str to str
        """
        return StaticMapping(cast("dict[str, str]", mapping))

    @staticmethod
    def time_window(offset: int) -> TimeWindowMapping:
        """Map to the window ``offset`` steps away on the upstream's grid; ``-1`` is the previous one.

        :raises TypeError: when ``offset`` is not an int
        """
        return TimeWindowMapping(offset)

    @staticmethod
    def specific_partitions(partition_keys: Sequence[PartitionKey | str]) -> SpecificPartitionsMapping:
        """Map to these upstream keys always, for a downstream that has no partitions. A text is the key of that value.

        :raises PartitionValidationError: when the list is empty
        :raises TypeError: for an element that is neither a ``PartitionKey`` nor text
        """
        return SpecificPartitionsMapping(cast("list[PartitionKey | str]", partition_keys))

    @staticmethod
    def for_keys(selectors: Sequence[PartitionKey | PartitionKeyRange]) -> ForKeysMapping:
        """Map these downstream keys and ranges of keys to the unpartitioned upstream, and all others to ``None``.

        :raises PartitionValidationError: when the list is empty
        :raises TypeError: for an element that is neither a ``PartitionKey`` nor a ``PartitionKeyRange``
        """
        return ForKeysMapping(cast("list[PartitionKey | PartitionKeyRange]", selectors))

    @staticmethod
    def subset() -> SubsetMapping:
        """Map to the same key where the upstream has it, to ``None`` where it does not."""
        return SubsetMapping()

    @staticmethod
    def multi(dimension_mappings: Mapping[str, PartitionMapping | tuple[str, PartitionMapping]]) -> MultiMapping:
        """Map each upstream dimension from the downstream dimension of that name, or of the name given.

        :raises PartitionValidationError: when it is empty, or for a nested Multi, MultiToSingle, Subset or ForKeys
        :raises TypeError: when it is not a dict from str to a mapping or to a (downstream dimension, mapping) pair
        """
        return MultiMapping(cast("dict[str, tuple[str, PartitionMapping]]", dimension_mappings))

    @staticmethod
    def multi_to_single(dimension_name: str, partition_mapping: PartitionMapping | None = None) -> MultiToSingleMapping:
        """Map between the dimension of that name, of whichever side has dimensions, and the other side as a whole.

        :raises PartitionValidationError: for a nested Multi, MultiToSingle, Subset or ForKeys
        :raises TypeError: when ``dimension_name`` is not a str or ``partition_mapping`` not a mapping
        """
        return MultiToSingleMapping(
            dimension_name, IdentityMapping() if partition_mapping is None else partition_mapping
        )


@dataclass(frozen=True, eq=False, repr=False)
class IdentityMapping(PartitionMapping, variant="Identity", factory="identity"):
    """The same key."""


@dataclass(frozen=True, eq=False, repr=False)
class AllPartitionsMapping(PartitionMapping, variant="AllPartitions", factory="all_partitions"):
    """Everything upstream."""


@dataclass(frozen=True, eq=False, repr=False)
class StaticMapping(PartitionMapping, variant="Static", factory="static_"):
    """``mapping``: downstream key to upstream key."""

    mapping: dict[str, str]

    def __post_init__(self) -> None:
        texts = {
            _text("each key of mapping", downstream): _text(f"the target of {downstream!r}", upstream)
            for downstream, upstream in _items("mapping", self.mapping)
        }
        object.__setattr__(self, "mapping", texts)


@dataclass(frozen=True, eq=False, repr=False)
class TimeWindowMapping(PartitionMapping, variant="TimeWindow", factory="time_window"):
    """``offset``: how many windows away, negative for earlier ones."""

    offset: int

    def __post_init__(self) -> None:
        _whole_number("offset", self.offset)


@dataclass(frozen=True, eq=False, repr=False)
class SpecificPartitionsMapping(PartitionMapping, variant="SpecificPartitions", factory="specific_partitions"):
    """``partition_keys``: the upstream keys, as they were given."""

    partition_keys: list[PartitionKey | str]

    def __post_init__(self) -> None:
        keys = _elements("partition_keys", self.partition_keys, (PartitionKey, str), "PartitionKey or str")
        object.__setattr__(self, "partition_keys", keys)

    @property
    def keys(self) -> list[PartitionKey]:
        """Each of ``partition_keys`` as a key."""
        return [PartitionKey.single(each) if isinstance(each, str) else each for each in self.partition_keys]


@dataclass(frozen=True, eq=False, repr=False)
class ForKeysMapping(PartitionMapping, variant="ForKeys", factory="for_keys"):
    """``selectors``: the downstream keys and key ranges that need the upstream."""

    selectors: list[PartitionKey | PartitionKeyRange]

    def __post_init__(self) -> None:
        kinds = (PartitionKey, PartitionKeyRange)
        object.__setattr__(
            self, "selectors", _elements("selectors", self.selectors, kinds, "PartitionKey or PartitionKeyRange")
        )


@dataclass(frozen=True, eq=False, repr=False)
class SubsetMapping(PartitionMapping, variant="Subset", factory="subset"):
    """The same key, or nothing."""


@dataclass(frozen=True, eq=False, repr=False)
class MultiMapping(PartitionMapping, variant="Multi", factory="multi"):
    """``dimension_mappings``: upstream dimension to (downstream dimension, mapping between the two)."""

    dimension_mappings: dict[str, tuple[str, PartitionMapping]]

    def __post_init__(self) -> None:
        normal = {
            _text("each upstream dimension", upstream): _pair(upstream, given)
            for upstream, given in _items("dimension_mappings", self.dimension_mappings)
        }
        if not normal:
            raise PartitionValidationError("dimension_mappings must map at least one upstream dimension")
        object.__setattr__(self, "dimension_mappings", normal)


@dataclass(frozen=True, eq=False, repr=False)
class MultiToSingleMapping(PartitionMapping, variant="MultiToSingle", factory="multi_to_single"):
    """``partition_mapping`` between the dimension ``dimension_name`` of one side and the other side."""

    dimension_name: str
    partition_mapping: PartitionMapping

    def __init__(self, dimension_name: str, partition_mapping: PartitionMapping | None = None) -> None:
        inner = IdentityMapping() if partition_mapping is None else partition_mapping
        object.__setattr__(self, "dimension_name", _text("dimension_name", dimension_name))
        object.__setattr__(self, "partition_mapping", _inner("partition_mapping", inner, "multi_to_single"))


def _text(parameter: str, given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{parameter} must be a str, got {type(given).__name__}")
    return given


def _whole_number(parameter: str, given: object) -> None:
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"{parameter} must be an int, got {type(given).__name__}")


def _items(parameter: str, given: object) -> Iterable[tuple[object, object]]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{parameter} must be a dict, got {type(given).__name__}")
    return cast("Mapping[object, object]", given).items()


def _elements(parameter: str, given: object, kinds: type | tuple[type, ...], kinds_text: str) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f"{parameter} must be a list of {kinds_text}, got {type(given).__name__}")
    elements = list(cast("Sequence[object]", given))
    for each in elements:
        if not isinstance(each, kinds):
            raise TypeError(f"{parameter} must hold only {kinds_text}, got {type(each).__name__}: {each!r}")
    if not elements:
        raise PartitionValidationError(f"{parameter} must not be empty")
    return elements


def _pair(upstream: object, given: object) -> tuple[str, PartitionMapping]:
    """Return (downstream dimension, mapping); a mapping alone is for the dimension of the same name."""
    downstream, mapping = upstream, given
    if isinstance(given, tuple):
        parts = cast("tuple[object, ...]", given)
        if len(parts) != 2:
            raise TypeError(
                f"dimension {upstream!r} must map to a PartitionMapping or to a (downstream dimension, "
                f"PartitionMapping) pair, got a tuple of {len(parts)}"
            )
        downstream, mapping = parts
    dimension = _text(f"the downstream dimension of {upstream!r}", downstream)
    return dimension, _inner(f"dimension {upstream!r}", mapping, "multi")


def _inner(place: str, given: object, outer: str) -> PartitionMapping:
    """Refuse an inner mapping that has dimensions or may answer ``None``: a dimension has keys of one value only."""
    if not isinstance(given, PartitionMapping):
        raise TypeError(f"{place} must map with a PartitionMapping, got {type(given).__name__}")
    if isinstance(given, MultiMapping | MultiToSingleMapping | SubsetMapping | ForKeysMapping):
        raise PartitionValidationError(
            f"Nested {type(given).__name__} mapping is not allowed in {outer}: {place} can use identity, static_, "
            f"time_window or all_partitions"
        )
    return given
