"""Values that consist of ``DynamicOutput``: taking them apart into plain values and their keys, which are recorded.

The value of a node that a graph asset maps over is stored without the keys, so that every other consumer gets plain
values. The producer's Materialization has the keys, for a run that is resumed and for other runs.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from rivers.definitions.values.metadata import Json
from rivers.definitions.values.metadata_encoding import metadata_from_json, metadata_to_json
from rivers.definitions.values.results import DynamicOutput, Materialization, Observation, Output
from rivers.exceptions import ExecutionError

KEYS_KEY: Final = "rivers/dynamic_keys"
"""The metadata entry of a Materialization that has the keys of the elements in their order, as a JSON list."""

Keys = tuple[str, ...]


def taken_apart(node: str, returned: Any) -> tuple[Any, Keys | None]:
    """Return what ``node`` is to store, and the keys of its elements, ``None`` for plain values.

    An iterator becomes a list, since it could not be read again.

    :raises TypeError: when plain values are among ``DynamicOutput``
    :raises ExecutionError: for two elements of one key
    """
    if isinstance(returned, Materialization | Observation):
        return returned, None
    value: Any = listed(returned.value if isinstance(returned, Output) else returned)
    keys: Keys | None = None
    if isinstance(value, list | tuple | set | frozenset):
        elements = in_order(cast("Iterable[Any]", value))
        if any(isinstance(element, DynamicOutput) for element in elements):
            keys = _keys(node, elements)
            plain = [element.value for element in elements]
            value = tuple(plain) if isinstance(value, tuple) else plain
    return (replace(returned, value=value), keys) if isinstance(returned, Output) else (cast("Any", value), keys)


def listed(value: Any) -> Any:
    """Return a list for an iterator, and everything else as it is."""
    return list(cast("Iterator[Any]", value)) if isinstance(value, Iterator) else value


async def listed_async(call: Callable[[], Any], checked: Callable[[Any], Any]) -> Any:
    """Return what an asynchronous function or generator gives, ``checked``, with a list for an iterator."""
    returned = call()
    if inspect.isawaitable(returned):
        returned = await returned
    value = checked(returned)
    return [element async for element in value] if inspect.isasyncgen(value) else listed(value)


def in_order(value: Iterable[Any]) -> list[Any]:
    """Return the elements in their order, those of a set in an order that is the same in every process."""
    if not isinstance(value, set | frozenset):
        return list(value)
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=lambda element: (type(element).__qualname__, repr(element)))


def _keys(node: str, elements: Sequence[Any]) -> Keys:
    seen: dict[str, None] = {}
    for element in elements:
        if not isinstance(element, DynamicOutput):
            raise TypeError(
                f"'{node}' gave a {type(element).__name__} among its DynamicOutput elements: DynamicOutput and plain "
                f"values cannot be mixed"
            )
        if element.key in seen:
            raise ExecutionError(f"'{node}' gave two DynamicOutput elements with the key '{element.key}'")
        seen[element.key] = None
    return tuple(seen)


def keys_fact(keys: Keys) -> tuple[str, str]:
    """Return the metadata entry that records the keys."""
    return KEYS_KEY, metadata_to_json(Json(json.dumps(keys)))


def recorded_keys(metadata: Iterable[tuple[str, str]]) -> Keys | None:
    """Return the keys in the metadata of a Materialization, ``None`` when there are none."""
    for name, text in metadata:
        if name == KEYS_KEY:
            return tuple(json.loads(metadata_from_json(text).raw_value()))
    return None
