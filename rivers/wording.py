"""Phrases that messages share: lists of names, names that are near a wrong one, moments in UTC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS_PER_SECOND: Final = 1_000_000_000


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return at most ``limit`` of the known names that are spelled like ``name``, the most alike first."""
    from difflib import get_close_matches  # only a mistake needs it

    return get_close_matches(name, list(known), n=limit)


def did_you_mean(name: str, known: Iterable[str], lead: str = "; ") -> str:
    """Return ``"; did you mean 'a' or 'b'?"``, the nearest first; empty text when no known name is near."""
    return offer(near_names(name, known), lead)


def offer(near: Sequence[str], lead: str = "; ") -> str:
    """Return the text of :func:`did_you_mean` for names that are known to be near."""
    return f"{lead}did you mean {' or '.join(map(repr, near))}?" if near else ""


def quoted(names: Sequence[object], limit: int | None = None) -> str:
    """Return ``'a', 'b'``; of more than ``limit`` names, the first ones and ``and 3 more``. Empty text for none."""
    shown = ", ".join(f"'{name}'" for name in names[:limit])
    more = 0 if limit is None else len(names) - limit
    return f"{shown} and {more} more" if more > 0 else shown


def double_quoted(text: str) -> str:
    """Return ``text`` in double quotes, with the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)


def utc_text(ns: int) -> str:
    """Return the moment of epoch nanoseconds as RFC 3339 in UTC, cut to the second: ``2026-11-20T22:43:32Z``."""
    return f"{_EPOCH + timedelta(seconds=ns // _NANOS_PER_SECOND):%Y-%m-%dT%H:%M:%SZ}"
