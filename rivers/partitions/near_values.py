"""Which of a list of values are near one that is not among them, by spelling."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

_COMPARED_MAX: Final = 2000


def near_in_spelling(value: str, members: Sequence[str], limit: int) -> list[str]:
    """At most ``limit`` members, the most alike first; the first members when none is alike."""
    from difflib import get_close_matches  # only a mistake needs it

    compared = members
    if len(members) > _COMPARED_MAX:
        # To compare with a million keys takes seconds; those that begin alike are the likely ones.
        ordered = sorted(members)
        place = bisect_left(ordered, value)
        compared = ordered[max(0, place - _COMPARED_MAX // 2) : place + _COMPARED_MAX // 2]
    return get_close_matches(value, compared, n=limit) or list(members[:limit])
