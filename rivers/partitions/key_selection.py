"""The keys of a definition that a selector of ``for_keys`` stands for, without listing the keys of a range."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition, explain_absence
from rivers.partitions.edges import one_dimension
from rivers.partitions.keys import PartitionKey
from rivers.partitions.one_dimension import OneDimension, require_selector
from rivers.partitions.products import MultiPartitions
from rivers.partitions.ranges import PartitionKeyRange, Selector

Selection = PartitionKey | PartitionKeyRange


class Selected:
    """The concrete keys of a definition that one of the selectors stands for: made once, asked for each of a batch."""

    def __init__(
        self,
        selectors: Sequence[Selection],
        definition: PartitionsDefinition,
        now: datetime,
        dynamic: DynamicKeys | None,
    ) -> None:
        self._definition = definition
        self._now = now
        self._dynamic = dynamic
        self._ranges = [each for each in selectors if isinstance(each, PartitionKeyRange)]
        keys = [each for each in selectors if isinstance(each, PartitionKey)]
        # A key of several dimensions may stand for far more keys than were written down.
        products = [each for each in keys if each.dimensions and not each.is_concrete]
        listed = [each for each in keys if not each.dimensions or each.is_concrete]
        self._products = [{name: frozenset(each.values_of(name)) for name in each.dimensions} for each in products]
        self._keys = frozenset(key for each in listed for key in each.concrete())

    def __contains__(self, key: PartitionKey) -> bool:
        return self._definition.contains(key, self._now, self._dynamic) and (
            key in self._keys
            or any(_holds(each, key) for each in self._products)
            or any(_spans(each, key, self._definition, self._now, self._dynamic) for each in self._ranges)
        )


def selected_keys(
    selectors: Sequence[Selection], definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None
) -> dict[PartitionKey, None]:
    """Return every key of the definition that the selectors stand for, in their order, each once. Ranges are listed.

    :raises PartitionValidationError: when a range does not fit the definition
    """
    return dict.fromkeys(
        key
        for each in selectors
        for key in (each.concrete() if isinstance(each, PartitionKey) else definition.resolve(each, now, dynamic))
        if definition.contains(key, now, dynamic)
    )


def selector_fault(
    selector: Selection, definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None
) -> str | None:
    """Return why the definition has no such keys, ``None`` when it has them."""
    if isinstance(selector, PartitionKey):
        if definition.contains(selector, now, dynamic):
            return None
        return f"'{selector}' is not a partition key of {explain_absence(selector, definition, now, dynamic)}"
    try:
        _require_range(selector, definition, now, dynamic)
    except PartitionValidationError as error:
        return str(error)
    return None


def _require_range(
    key_range: PartitionKeyRange, definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None
) -> None:
    """Refuse what ``definition.resolve`` refuses, without the product of what it resolves to."""
    if isinstance(definition, OneDimension) and not key_range.is_multi:
        require_selector(key_range.selector_of(), definition, now, dynamic)
        return
    if not isinstance(definition, MultiPartitions) or not _names_all(key_range, definition):
        definition.resolve(key_range, now, dynamic)
        return
    for name in definition.names:
        try:
            require_selector(key_range.selector_of(name), one_dimension(definition, name), now, dynamic)
        except PartitionValidationError as error:
            raise PartitionValidationError(f"in dimension '{name}': {error}") from None


def _names_all(key_range: PartitionKeyRange, definition: MultiPartitions) -> bool:
    return sorted(key_range.dimensions) == sorted(definition.names)


def _holds(values: Mapping[str, Collection[str]], key: PartitionKey) -> bool:
    """Return whether the product of these values, by dimension, has the concrete key."""
    return tuple(values) == key.dimensions and all(key.values_of(name)[0] in values[name] for name in values)


def _spans(
    key_range: PartitionKeyRange,
    key: PartitionKey,
    definition: PartitionsDefinition,
    now: datetime,
    dynamic: DynamicKeys | None,
) -> bool:
    """Return whether the concrete key, a member of the definition, lies in the range."""
    if isinstance(definition, OneDimension):
        return not key_range.is_multi and _is_within(
            key.values_of()[0], key_range.selector_of(), definition, now, dynamic
        )
    return sorted(key_range.dimensions) == list(key.dimensions) and all(
        _is_within(key.values_of(name)[0], key_range.selector_of(name), of_dimension, now, dynamic)
        for name in key.dimensions
        if isinstance(definition, MultiPartitions) and (of_dimension := definition.dimension(name)) is not None
    )


def _is_within(
    value: str, selector: Selector, definition: OneDimension, now: datetime, dynamic: DynamicKeys | None
) -> bool:
    if isinstance(selector, list):
        return value in selector
    first, last = selector
    return not definition.is_after(first, value, now, dynamic) and not definition.is_after(value, last, now, dynamic)
