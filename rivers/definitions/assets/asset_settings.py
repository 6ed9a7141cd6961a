"""The settings of assets and their dependencies, checked and normalised once.

``AssetKeywords`` is how they are given, ``AssetSettings`` how they are kept; ``asset_settings`` leads from the one to
the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict, cast

from rivers.definitions.argument_checks import (
    instance_list,
    is_rivers_kind,
    require_optional_text,
    text_list,
)
from rivers.definitions.partition_arguments import PartitionsReference, partitions_reference
from rivers.definitions.policies.hooks import Hook
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError
from rivers.partitions.mappings import PartitionMapping

SCHEMA_KEY: Final = "rivers/schema"


@dataclass(frozen=True, repr=False, eq=False)
class DepDef:
    """One declared dependency; build it with ``AssetDef.input`` or ``AssetDef.dep``.

    ``io_handler`` (an instance or a resource key) loads this input instead of the upstream's own handler;
    ``metadata`` replaces the upstream's for that load.
    """

    name: str
    is_input: bool
    partition_mapping: PartitionMapping | None = None
    metadata: dict[str, str] | None = None
    io_handler: Any = field(default=None)

    def __repr__(self) -> str:
        return f"DepDef.{'input' if self.is_input else 'dep'}({self.name!r})"


@dataclass(frozen=True, slots=True, eq=False)
class AssetSettings:
    """The settings of an asset declaration, without its function."""

    name: str | None = None
    tags: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ()
    group: str | None = None
    code_version: str | None = None
    io_handler: Any = None
    metadata: Mapping[str, Any] | None = None
    partitions_def: PartitionsReference | None = None
    deps: tuple[DepDef, ...] = ()
    hooks: tuple[Hook, ...] = ()
    automation_condition: Any = None
    backfill_strategy: Any = None
    pool: tuple[tuple[str, int], ...] = ()
    retry: RetryPolicy | str | None = None
    compute: Compute | None = None


class AssetKeywords(TypedDict, total=False):
    """The keywords of ``Asset``."""

    name: str | None
    tags: Sequence[str] | None
    kinds: str | Sequence[str] | None
    group: str | None
    code_version: str | None
    io_handler: Any
    metadata: Mapping[str, Any] | None
    partitions_def: PartitionsReference | None
    deps: Sequence[DepDef] | None
    hooks: Sequence[Hook] | None
    automation_condition: Any
    backfill_strategy: Any
    pool: str | Sequence[str] | None
    pool_slots: int | Mapping[str, int] | None
    retry: RetryPolicy | str | None
    compute: Compute | None


def asset_settings(keywords: AssetKeywords, what: str = "asset") -> AssetSettings:
    """Check the keywords of an asset declaration. ``what`` is how messages call the kind of thing declared.

    :raises TypeError: for a keyword of the wrong type
    :raises ValueError: when ``partitions_def`` is neither a definition nor the name of one
    :raises AssetDefinitionError: for a bad IO handler or pool
    """
    name = keywords.get("name")
    require_optional_text("name", name)
    require_optional_text("group", keywords.get("group"))
    require_optional_text("code_version", keywords.get("code_version"))
    owner = what if name is None else f"{what} {name!r}"
    tags, kinds, deps, hooks = (keywords.get(key) for key in ("tags", "kinds", "deps", "hooks"))
    require_io_handler(owner, keywords.get("io_handler"))
    return AssetSettings(
        name=name,
        tags=None if tags is None else text_list("tags", tags),
        kinds=() if kinds is None else (kinds,) if isinstance(kinds, str) else text_list("kinds", kinds),
        group=keywords.get("group"),
        code_version=keywords.get("code_version"),
        io_handler=keywords.get("io_handler"),
        metadata=_metadata(keywords.get("metadata")),
        partitions_def=partitions_reference(owner, keywords.get("partitions_def")),
        deps=() if deps is None else cast("tuple[DepDef, ...]", instance_list("deps", deps, DepDef)),
        hooks=() if hooks is None else _hooks(hooks),
        automation_condition=keywords.get("automation_condition"),
        backfill_strategy=keywords.get("backfill_strategy"),
        pool=_pool(owner, keywords.get("pool"), keywords.get("pool_slots")),
        retry=_retry(keywords.get("retry")),
        compute=_compute(keywords.get("compute")),
    )


def require_io_handler(owner: str, io_handler: object) -> None:
    """Check that ``io_handler`` is ``None``, a resource key or an instance of ``BaseIOHandler``."""
    if io_handler is None or isinstance(io_handler, str) or is_rivers_kind(io_handler, "BaseIOHandler"):
        return
    raise AssetDefinitionError(
        f"io_handler of {owner} must be a BaseIOHandler instance or a string resource reference, "
        f"got {type(io_handler).__name__}"
    )


def _metadata(metadata: object) -> dict[str, Any] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a dict[str, str], got {type(metadata).__name__}")
    checked: dict[str, Any] = {}
    for key, value in cast("Mapping[object, object]", metadata).items():
        if not isinstance(key, str):
            raise TypeError(f"metadata keys must be str, got {type(key).__name__}")
        if not isinstance(value, str) and not (key == SCHEMA_KEY and hasattr(value, "__arrow_c_schema__")):
            raise TypeError(f"metadata values must be str, got {type(value).__name__} for {key!r}")
        checked[key] = value
    return checked


def _hooks(hooks: object) -> tuple[Hook, ...]:
    items = cast("tuple[Hook, ...]", instance_list("hooks", hooks, Hook))
    for hook in items:
        _ = hook.function  # a hook that is applied to no function yet is refused here
    return items


def _pool(owner: str, pool: object, slots: object) -> tuple[tuple[str, int], ...]:
    if pool is None:
        return ()  # pool_slots alone has no effect
    names = (pool,) if isinstance(pool, str) else pool
    if not isinstance(names, Sequence) or isinstance(names, bytes):
        raise AssetDefinitionError(f"pool of {owner} must be a str or a list of str, got {type(pool).__name__}")
    keys: dict[str, None] = {}
    for name in cast("Sequence[object]", names):
        if not isinstance(name, str):
            raise AssetDefinitionError(f"pool of {owner} must hold only str, got {type(name).__name__}")
        if not name:
            raise AssetDefinitionError(f"pool of {owner} cannot be empty text")
        keys[name] = None
    counts = _slot_counts(owner, list(keys), slots)
    return tuple((key, counts[key]) for key in keys)


def _slot_counts(owner: str, keys: list[str], slots: object) -> dict[str, int]:
    counts = dict.fromkeys(keys, 1)
    if slots is None:
        return counts
    if not isinstance(slots, Mapping):
        return dict.fromkeys(keys, _slot_count(owner, slots))
    for key, count in cast("Mapping[object, object]", slots).items():
        if not isinstance(key, str) or key not in counts:
            raise AssetDefinitionError(
                f"pool_slots of {owner} names {key!r}, which is not in its pool list {keys}", value=str(key)
            )
        counts[key] = _slot_count(owner, count)
    return counts


def _slot_count(owner: str, count: object) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise AssetDefinitionError(f"pool_slots of {owner} must be a non-negative int or a dict of them, got {count!r}")
    return count


def _retry(retry: object) -> RetryPolicy | str | None:
    if retry is None or isinstance(retry, RetryPolicy | str):
        return retry
    raise TypeError(f"retry must be a RetryPolicy or the name of one, got {type(retry).__name__}")


def _compute(compute: object) -> Compute | None:
    if compute is None or isinstance(compute, Compute):
        return compute
    raise TypeError(f"compute must be a Compute, got {type(compute).__name__}")
