"""The results that an asset function may return instead of a plain value: with facts about it, or facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, TypeVar

from rivers.definitions.argument_checks import require_text
from rivers.exceptions import _MalformedResult  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True, eq=False)
class Output:
    """A value, and what to record about it.

    ``metadata`` is kept as given and coerced when it is recorded. ``output_name`` matters to multi-assets only.

    :raises ResultDefinitionError: when an argument is of the wrong type (also a ``TypeError``)
    """

    value: Any = None
    _: KW_ONLY
    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None
    tags: Any = None

    def __post_init__(self) -> None:
        _require_well_formed(self)


@dataclass(frozen=True, eq=False)
class DynamicOutput:
    """One element of a value that a graph asset maps over: ``key`` names the instance, which gets ``value``.

    :raises TypeError: when ``key`` is not a ``str``
    """

    key: str
    value: Any

    def __post_init__(self) -> None:
        require_text("key", self.key)


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """Facts about data that lives elsewhere: recorded as an Observation, nothing is stored.

    :raises ResultDefinitionError: when an argument is of the wrong type (also a ``TypeError``)
    """

    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None

    def __post_init__(self) -> None:
        _require_well_formed(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Materialization:
    """Facts about data that the function has stored itself: recorded as a Materialization, nothing is stored.

    :raises ResultDefinitionError: when an argument is of the wrong type (also a ``TypeError``)
    """

    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None
    tags: Any = None

    def __post_init__(self) -> None:
        _require_well_formed(self)


def _require_well_formed(result: Output | Observation | Materialization) -> None:
    """Check that the arguments can be read. The values in the metadata are checked when they are recorded."""
    kind = type(result).__name__
    for name, accepted in (("output_name", str), ("data_version", str), ("metadata", Mapping)):
        given: object = getattr(result, name)
        if given is not None and not isinstance(given, accepted):
            wanted = "dict" if accepted is Mapping else accepted.__name__
            raise _MalformedResult(f"{name} of {kind} must be a {wanted}, got {type(given).__name__}")


T = TypeVar("T")


class SelfDependency(Generic[T]):
    """The value that an asset's parameter ``self: SelfDependency[T]`` receives."""

    __slots__ = ("_inner",)

    def __init__(self, inner: T | None = None) -> None:
        self._inner = inner

    def get_inner(self) -> T | None:
        """Return the previous value, ``None`` when there is none."""
        return self._inner

    def __repr__(self) -> str:
        return f"SelfDependency({self._inner!r})"
