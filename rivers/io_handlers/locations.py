"""How the value of one asset, or of one partition of it, is named in a store.

A single key is its own text; a key of several dimensions is one ``dimension=value`` segment a dimension, in the order
the key gives them; several values of one dimension are joined by ``|``. A ``/`` in a value is a level of its own, as in
``2026/01/31``. Where that would lead out of the place of the key, or to that of another, it is percent-encoded, and so
are control characters and what looks encoded.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NO_LEVEL: Final = frozenset({"", ".", "..", "data.pkl"})
"""What is no folder, or in place of the file of a partition."""

_ENCODED: Final = re.compile(r"%(?=[0-9A-F]{2})|[/\x00-\x1f\x7f]|^\.{1,2}\Z")


def partition_segments(partition: Any) -> list[str]:
    """The path segments of the first key of a partition context; empty for an unpartitioned value."""
    return [] if partition is None else _segments(partition.key)


def all_partition_segments(partition: Any) -> list[list[str]]:
    """The path segments of each key of a partition context, which all name the one value of a batch."""
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
