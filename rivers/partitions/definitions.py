"""The public ``PartitionsDefinition``: its factories, and the questions that every definition answers.

Nothing here reads a clock or a store. ``now`` is a moment on the naive timeline, and the registered keys of dynamic
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
from rivers.wording import quoted

if TYPE_CHECKING:
    from rivers.partitions.dynamic import DynamicPartitions
    from rivers.partitions.products import MultiPartitions
    from rivers.partitions.static import StaticPartitions
    from rivers.partitions.time_windows import TimeWindowPartitions

DynamicKeys: TypeAlias = Mapping[str, Collection[str]]
"""The registered keys of each dynamic namespace."""


class PartitionsDefinition(ABC):
    """The partitions that an asset has, built with the factories. Equal when the content is; unhashable.

    The nested classes ``Static``, ``TimeWindow``, ``Multi`` and ``Dynamic`` can be constructed raw, which checks
    nothing. :meth:`check` does, and every definition is checked when its repository is resolved.

    ``now`` decides which windows an open-ended time grid has: those that start at or before it. ``dynamic`` gives the
    registered keys of dynamic definitions. Without it they are unknown: every key is taken for a member, and
    enumerating raises ``NotImplementedError``.
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
        """Return a fixed list of keys, in this order; duplicates are dropped.

        :raises TypeError: for anything but a list of ``str``
        :raises PartitionDefinitionError: for no keys, an empty one, or one with a reserved character
        """
        from rivers.partitions.static import StaticPartitions

        return StaticPartitions(keys).checked()

    @staticmethod
    def daily(start: datetime, end: datetime | None = None, fmt: str | None = None) -> TimeWindowPartitions:
        """Return a window for each day, from the first midnight at or after ``start``. ``fmt``: ``%Y-%m-%d``.

        :raises TypeError: for a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: when ``fmt`` does not tell the windows apart, or renders a reserved character
        """
        from rivers.partitions.time_windows import DAILY, DAILY_FORMAT, TimeWindowPartitions

        return TimeWindowPartitions(DAILY, None, start, end, DAILY_FORMAT if fmt is None else fmt).checked()

    @staticmethod
    def hourly(start: datetime, end: datetime | None = None, fmt: str | None = None) -> TimeWindowPartitions:
        """Return a window for each hour, from the first full hour at or after ``start``. ``fmt``: ``%Y-%m-%dT%H:00``.

        :raises TypeError: for a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: when ``fmt`` does not tell the windows apart, or renders a reserved character
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
        """Return windows between the times of a cron expression, or of one length each from ``start`` on.

        ``fmt`` is ``%Y-%m-%dT%H:%M:%S`` by default, whatever the windows are.

        :raises TypeError: for a moment that is not a naive ``datetime``
        :raises PartitionDefinitionError: for both or neither of the two, a cron expression that is malformed or never
            fires, an interval below a nanosecond, a cron start with a fraction of a second, or a ``fmt`` that does not
            tell the windows apart or renders a reserved character
        """
        from rivers.partitions.time_windows import TimeWindowPartitions

        return TimeWindowPartitions(cron_schedule, interval_seconds, start, end, fmt).checked()

    @staticmethod
    def multi(dimensions: Mapping[str, PartitionsDefinition]) -> MultiPartitions:
        """Return the product of named dimensions, each a definition of one dimension.

        :raises TypeError: for a value that is not a definition
        :raises PartitionDefinitionError: for no dimensions, an empty or reserved name, or a nested multi definition
        """
        from rivers.partitions.products import MultiPartitions

        return MultiPartitions(dimensions).checked()

    @staticmethod
    def dynamic(name: str) -> DynamicPartitions:
        """Return the keys that are registered in the store under this name.

        :raises TypeError: for anything but a ``str``
        :raises PartitionDefinitionError: for an empty name
        """
        from rivers.partitions.dynamic import DynamicPartitions

        return DynamicPartitions(name).checked()

    # Methods of the reference API.

    def get_partition_keys(self, now: Callable[[], datetime] = datetime.now) -> list[PartitionKey]:
        """Return every key: in declared order, by time, or as the product with the last dimension varying fastest.

        ``now`` is the moment on the naive timeline; the local wall clock of the host by default.

        :raises NotImplementedError: for a dynamic dimension, whose keys only a store knows
        """
        return list(self.iter_keys(now()))

    def validate_partition_key(self, key: PartitionKey, now: Callable[[], datetime] = datetime.now) -> bool:
        """Return whether every value of the key is a member. Every value is one of a dynamic definition.

        :raises TypeError: for anything but a ``PartitionKey``
        """
        if not isinstance(key, PartitionKey):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"validate_partition_key expects a PartitionKey, got {type(key).__name__}")
        return self.contains(key, now())

    # Questions of the rest of the system.

    @abstractmethod
    def contains(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> bool:
        """Return whether every value of the key is a member, without building a list or a product."""

    @abstractmethod
    def iter_keys(self, now: datetime, dynamic: DynamicKeys | None = None) -> Iterator[PartitionKey]:
        """Yield every key, in order. :raises NotImplementedError: for dynamic keys that were not given"""

    @abstractmethod
    def count(self, now: datetime, dynamic: DynamicKeys | None = None) -> int:
        """Return how many keys there are, without enumerating them."""

    @abstractmethod
    def latest(self, now: datetime, dynamic: DynamicKeys | None = None) -> PartitionKey | None:
        """Return the last key, ``None`` when there is none. Of a time grid this is the window that started last."""

    @abstractmethod
    def resolve(
        self, key_range: PartitionKeyRange, now: datetime, dynamic: DynamicKeys | None = None
    ) -> list[PartitionKey]:
        """Return the keys of a range, both ends included, in order; for a multi range, the product.

        :raises PartitionValidationError: for an end that is not a key, an end before the start, or other dimensions
        """

    @abstractmethod
    def nearest(self, key: PartitionKey, now: datetime, dynamic: DynamicKeys | None = None) -> list[PartitionKey]:
        """Return at most three members near a key that is none, for messages: close in time, or alike in spelling."""

    @abstractmethod
    def parse_key(self, text: str) -> PartitionKey:
        """Return the key of this shape whose canonical text this is. Membership is not checked.

        :raises PartitionValidationError: when it is not the text of a key with these dimensions
        """

    @abstractmethod
    def check(self) -> None:
        """Check what raw constructors skip. :raises PartitionDefinitionError: naming what is wrong"""

    def checked(self) -> Self:
        """Return the definition itself. :raises PartitionDefinitionError: as :meth:`check`"""
        self.check()
        return self

    @abstractmethod
    def describe(self) -> str:
        """Return what the definition is, in a few words, for messages."""


def explain_absence(
    key: PartitionKey, definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None = None
) -> str:
    """Return what the definition is and which valid keys are nearest, to end a message about an invalid key."""
    try:
        near = quoted(definition.nearest(key, now, dynamic))
    except NotImplementedError:
        return f"{definition.describe()}, whose keys the store knows"
    return f"{definition.describe()}; " + (f"nearest valid keys: {near}" if near else "it has no keys")
