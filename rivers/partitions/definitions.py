"""The public ``PartitionsDefinition``: its factories, and what every definition answers.

Nothing here reads a clock or a store: ``now`` is a moment on the naive timeline, and the registered keys of dynamic
definitions are handed in as ``dynamic``, by namespace. Only the two methods of the reference API that have no room for
a moment take the host's local wall clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange

if TYPE_CHECKING:
    from rivers.partitions.dynamic import DynamicPartitions
    from rivers.partitions.products import MultiPartitions
    from rivers.partitions.static import StaticPartitions
    from rivers.partitions.time_windows import TimeWindowPartitions

DynamicKeys: TypeAlias = Mapping[str, Collection[str]]
"""The registered keys of each dynamic namespace."""


class PartitionsDefinition(ABC):
    """Which partitions an asset has. Equal when the content is; unhashable. Build it with the factories.

    The nested classes ``Static``, ``TimeWindow``, ``Multi`` and ``Dynamic`` can be constructed raw, which checks
    nothing: :meth:`check` does, and every definition is checked when its repository is resolved.

    ``now`` decides which windows of an open-ended time grid there are: those that start at or before it. ``dynamic``
    gives the registered keys of dynamic definitions; without it they are unknown, so that every key is taken for a
    member and enumerating raises ``NotImplementedError``.
    """

    __slots__ = ()
    __hash__: ClassVar[None]  # pyright: ignore[reportIncompatibleMethodOverride]
    variant: ClassVar[str]
    """``"Static"``, ``"TimeWindow"``, ``"Multi"`` or ``"Dynamic"``."""

    if TYPE_CHECKING:
        Static: TypeAlias = StaticPartitions
        TimeWindow: TypeAlias = TimeWindowPartitions
        Multi: TypeAlias = MultiPartitions
        Dynamic: TypeAlias = DynamicPartitions

    def __init_subclass__(cls, *, variant: str | None = None) -> None:
        super().__init_subclass__()
        if variant is not None:
            # The classes are public as members of PartitionsDefinition, and must be found there when unpickled.
            cls.variant = cls.__name__ = variant
            cls.__qualname__ = f"PartitionsDefinition.{variant}"
            cls.__module__ = __name__
            setattr(PartitionsDefinition, variant, cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is PartitionsDefinition:
            raise TypeError("PartitionsDefinition has no constructor: use one of its factories, such as daily(start)")
        return super().__new__(cls)

    # The variants derive from this class, so the factories can only import them when they are called.

    @staticmethod
    def static_(keys: Sequence[str]) -> StaticPartitions:
        """A fixed list of keys, in this order; duplicates are dropped.

        :raises TypeError: not a list of ``str``
        :raises PartitionDefinitionError: no keys, an empty one, or one with a reserved character
        """
        from rivers.partitions.static import StaticPartitions

        return StaticPartitions(keys).checked()

    @staticmethod
    def daily(start: datetime, end: datetime | None = None, fmt: str | None = None) -> TimeWindowPartitions:
        """A window for each day, from the first midnight at or after ``start``. ``fmt`` is ``%Y-%m-%d``.

        :raises TypeError: a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: ``fmt`` does not tell the windows apart, or renders a reserved character
        """
        from rivers.partitions.time_windows import DAILY, DAILY_FORMAT, TimeWindowPartitions

        return TimeWindowPartitions(DAILY, None, start, end, DAILY_FORMAT if fmt is None else fmt).checked()

    @staticmethod
    def hourly(start: datetime, end: datetime | None = None, fmt: str | None = None) -> TimeWindowPartitions:
        """A window for each hour, from the first full hour at or after ``start``. ``fmt`` is ``%Y-%m-%dT%H:00``.

        :raises TypeError: a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: ``fmt`` does not tell the windows apart, or renders a reserved character
        """
        from rivers.partitions.time_windows import HOURLY, HOURLY_FORMAT, TimeWindowPartitions

        return TimeWindowPartitions(HOURLY, None, start, end, HOURLY_FORMAT if fmt is None else fmt).checked()

    @staticmethod
    def time_window(
        start: datetime,
        cron_schedule: str | None = None,
        interval_seconds: float | None = None,
        end: datetime | None = None,
        fmt: str | None = None,
    ) -> TimeWindowPartitions:
        """Windows between the times of a cron expression, or of one length each from ``start`` on.

        ``fmt`` is ``%Y-%m-%dT%H:%M:%S`` whatever the windows are.

        :raises TypeError: a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: both or neither of the two, a cron expression that is malformed or never
            fires, an interval below a nanosecond, a cron start with a fraction of a second, or a ``fmt`` that does not
            tell the windows apart or renders a reserved character
        """
        from rivers.partitions.time_windows import TimeWindowPartitions

        return TimeWindowPartitions(cron_schedule, interval_seconds, start, end, fmt).checked()

    @staticmethod
    def multi(dimensions: Mapping[str, PartitionsDefinition]) -> MultiPartitions:
        """The product of named dimensions, each a definition of one dimension.

        :raises TypeError: a value that is not a definition
        :raises PartitionDefinitionError: no dimensions, an empty or reserved name, or a multi definition in it
        """
        from rivers.partitions.products import MultiPartitions

        return MultiPartitions(dimensions).checked()

    @staticmethod
    def dynamic(name: str) -> DynamicPartitions:
        """The keys that are registered in the store under this name.

        :raises TypeError: not a ``str``
        :raises PartitionDefinitionError: an empty name
        """
        from rivers.partitions.dynamic import DynamicPartitions

        return DynamicPartitions(name).checked()

    # The reference API.

    def get_partition_keys(self, now: Callable[[], datetime] = datetime.now) -> list[PartitionKey]:
        """Every key: declared order, chronological, or the product with the last dimension varying fastest.

        ``now`` tells the moment on the naive timeline.

        :raises NotImplementedError: a dynamic dimension, whose keys only a store knows
        """
        return list(self.iter_keys(now()))

    def validate_partition_key(self, key: PartitionKey, now: Callable[[], datetime] = datetime.now) -> bool:
        """Whether every value of the key is a member; any key of one dimension is one of a dynamic definition.

        :raises TypeError: not a ``PartitionKey``
        """
        if not isinstance(key, PartitionKey):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"validate_partition_key expects a PartitionKey, got {type(key).__name__}")
        return self.contains(key, now())

    # What the rest of the system asks.

    @abstractmethod
    def contains(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        """Whether every value of the key is a member. Builds no list and no product."""

    @abstractmethod
    def iter_keys(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[PartitionKey]:
        """Every key, in order. :raises NotImplementedError: dynamic keys that were not given"""

    @abstractmethod
    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        """How many keys there are, without enumerating them."""

    @abstractmethod
    def first(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        """The first key; ``None`` when there is none."""

    @abstractmethod
    def latest(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        """The last key; ``None`` when there is none. Of a time grid: the window that started last."""

    @abstractmethod
    def resolve(
        self, key_range: PartitionKeyRange, now: datetime, dynamic: DynamicKeys | None = None
    ) -> list[PartitionKey]:
        """The keys of a range, both ends included, in order; of a multi range the product.

        :raises PartitionValidationError: an end that is not a key, an end before the start, or other dimensions
        """

    @abstractmethod
    def nearest(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> list[PartitionKey]:
        """At most three members near a key that is none: neighbours in time, or alike in spelling. For messages."""

    @abstractmethod
    def parse_key(self, text: str) -> PartitionKey:
        """The key of this shape whose canonical text it is. Membership is not looked at.

        :raises PartitionValidationError: it is no text of a key with these dimensions
        """

    @abstractmethod
    def check(self) -> None:
        """What the factories check and raw constructors skip. :raises PartitionDefinitionError: what is wrong"""

    @abstractmethod
    def describe(self) -> str:
        """What it is, in a few words, for messages."""

    def explain_absence(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> str:
        """What the definition is and which valid keys are nearest, for the end of a message about an invalid key."""
        try:
            near = ", ".join(f"'{each}'" for each in self.nearest(key, now, dynamic))
        except NotImplementedError:
            return f"{self.describe()}, whose keys the store knows"
        return f"{self.describe()}; " + (f"nearest valid keys: {near}" if near else "it has no keys")
