"""What an asset function may return instead of a plain value: a value with facts about it, or the facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from rivers.definitions.argument_checks import require_text


@dataclass(frozen=True, eq=False)
class Output:
    """A value, and what to record about it.

    ``metadata`` is kept as given and coerced when it is recorded. ``output_name`` matters to multi-assets only.
    """

    value: Any = None
    _: KW_ONLY
    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None
    tags: Any = None


@dataclass(frozen=True, eq=False)
class DynamicOutput:
    """One element of a value that a graph asset maps over: ``key`` names the instance, ``value`` is what it gets.

    :raises TypeError: when ``key`` is not a ``str``
    """

    key: str
    value: Any

    def __post_init__(self) -> None:
        require_text("key", self.key)


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """Facts about data that lives elsewhere: recorded as an Observation, nothing is stored."""

    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Materialization:
    """The function has stored its data itself: recorded as a Materialization, the IO handler is not called."""

    output_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    data_version: str | None = None
    tags: Any = None
