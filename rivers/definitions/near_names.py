"""The end of a message about a name that does not exist: which names are near it."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'a' or 'b'?"``, the nearest first; empty text when no known name is near."""
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
