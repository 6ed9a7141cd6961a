"""Registered keys that are asked again and again."""

from __future__ import annotations

from collections.abc import Collection


class KeysInOrder(frozenset[str]):
    """A set of keys that is put in order once, when the first question needs it, and not at each."""

    __slots__ = ("_in_order",)
    _in_order: tuple[str, ...]

    @property
    def in_order(self) -> tuple[str, ...]:
        """The keys in the order of their text."""
        try:
            return self._in_order
        except AttributeError:
            self._in_order = tuple(sorted(self))
            return self._in_order


def in_order(keys: Collection[str]) -> tuple[str, ...]:
    """Any keys in the order of their text."""
    return keys.in_order if isinstance(keys, KeysInOrder) else tuple(sorted(keys))
