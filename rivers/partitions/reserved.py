"""The rules for the text of key values and names of dimensions, without which written keys would be ambiguous."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from rivers.wording import near_names

KEY_RESERVED: Final = "|,"
NAME_RESERVED: Final = "|,="
# The store holds neither NUL characters nor halves of surrogate pairs.
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def value_faults(value: str) -> Iterator[str]:
    """Yield why a text cannot be a key value; nothing for one that can."""
    if not value:
        yield "a partition key must not be empty"
    for char in KEY_RESERVED:
        if char in value:
            yield f"partition key {value!r} contains the reserved character {char!r}"
    if UNSTORABLE.search(value):
        yield f"partition key {value!a} holds a character that cannot be stored"


def name_faults(name: str) -> Iterator[str]:
    """Yield why a text cannot be the name of a dimension; nothing for one that can."""
    if not name:
        yield "the name of a dimension must not be empty"
    for char in NAME_RESERVED:
        if char in name:
            yield f"the name of dimension {name!r} contains the reserved character {char!r}"
    if UNSTORABLE.search(name):
        yield f"the name of dimension {name!a} holds a character that cannot be stored"


_COMPARED_MAX: Final = 2000


def near_in_spelling(value: str, members: Sequence[str], limit: int) -> list[str]:
    """Return at most ``limit`` members, the most alike first; the first members when none is alike."""
    compared = members
    if len(members) > _COMPARED_MAX:
        # To compare with a million keys takes seconds; those that begin alike are the likely ones.
        ordered = sorted(members)
        place = bisect_left(ordered, value)
        compared = ordered[max(0, place - _COMPARED_MAX // 2) : place + _COMPARED_MAX // 2]
    return near_names(value, compared, limit) or list(members[:limit])
