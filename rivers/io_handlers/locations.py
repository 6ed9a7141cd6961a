"""How the value of one asset, or of one partition of it, is named in a store.

A single key is its own text; a key of several dimensions is one ``dimension=value`` segment a dimension, in the order
the key gives them; several values of one dimension are joined by ``|``. What would make more or less than one segment
of a value, or is refused by stores, is percent-encoded: ``/``, ``%``, control characters, and all of ``.`` and ``..``.
"""

from __future__ import annotations

import re
from typing import Any, Final

_ENCODED: Final = re.compile(r"[%/\x00-\x1f\x7f]|^\.{1,2}\Z")


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
    return _ENCODED.sub(lambda found: "".join(f"%{ord(char):02X}" for char in found.group()), text)
