"""The limits that read calls take."""

from __future__ import annotations


def checked_limit(limit: int) -> int:
    """``limit`` itself.

    :raises OverflowError: it is negative.
    """
    if limit < 0:
        raise OverflowError(f"limit must not be negative, got {limit}")
    return limit
