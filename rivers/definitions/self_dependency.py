"""The previous value of the asset that is being computed."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class SelfDependency(Generic[T]):
    """What an asset's parameter ``self: SelfDependency[T]`` receives."""

    __slots__ = ("_inner",)

    def __init__(self, inner: T | None = None) -> None:
        self._inner = inner

    def get_inner(self) -> T | None:
        """The previous value, ``None`` when there is none."""
        return self._inner

    def __repr__(self) -> str:
        return f"SelfDependency({self._inner!r})"
