"""The name of the value of one asset, or of one partition of it, in a store.

A single key is its own text. A key of several dimensions is one ``dimension=value`` segment for each dimension, in the
order of the key. Several values of one dimension are joined by ``|``. A ``/`` in a value begins a new level, as in
``2026/01/31``, but is percent-encoded where that would lead out of the place of the key, or to that of another key.
Control characters, and text that looks encoded, are percent-encoded as well.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NO_LEVEL: Final = frozenset({"", ".", "..", "data.pkl"})
"""Segments that name no folder, or would stand in place of the file of a partition."""

_ENCODED: Final = re.compile(r"%(?=[0-9A-F]{2})|[/\x00-\x1f\x7f]|^\.{1,2}\Z")


def partition_segments(partition: Any) -> list[str]:
    """Return the path segments of the first key of a partition context; none for an unpartitioned value."""
    return [] if partition is None else _segments(partition.key)


def all_partition_segments(partition: Any) -> list[list[str]]:
    """Return the path segments of each key of a partition context, which all name the one value of a batch."""
    return [[]] if partition is None else [_segments(key) for key in partition.keys]


def _segments(key: Any) -> list[str]:
    dimensions: dict[str, list[str]] | None = getattr(key, "keys", None)
    if isinstance(dimensions, dict):
        return [_segment(f"{dimension}={'|'.join(values)}") for dimension, values in dimensions.items()]
    return [_segment("|".join(key.key))]


def _segment(text: str) -> str:
    levels = text.split("/")
    is_plain = levels[0] not in _NO_LEVEL and not any(each in _NO_LEVEL or "=" in each for each in levels[1:])
    return "/".join(map(_encoded, levels)) if is_plain else _encoded(text)


def _encoded(text: str) -> str:
    return _ENCODED.sub(lambda found: "".join(f"%{ord(char):02X}" for char in found.group()), text)
