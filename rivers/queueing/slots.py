"""Who gets slots of concurrency pools: the rule, without the store.

A claim gets all the slots it asks for or none. Nothing is reserved: whoever asks first when there is room gets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rivers.queueing.pool_records import PoolBlockDetail

Request = tuple[str, int]
"""A pool and how many of its slots are wanted."""


@dataclass(frozen=True, slots=True)
class PoolUse:
    """A pool as a claim finds it. ``held`` are all slots with a live lease, ``own`` those of the claimant among them,
    ``None`` when it has no live lease."""

    limit: int
    held: int = 0
    own: int | None = None


def slots_by_pool(requests: Iterable[Request]) -> dict[str, int]:
    """Return what a granted claim holds of each pool. Of several requests for one pool the largest counts.

    :raises OverflowError: a number of slots is negative
    :raises TypeError: a request is no pair of a text and a whole number
    """
    slots: dict[str, int] = {}
    for pool, count in requests:
        if not isinstance(pool, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a pool is named by a str, got {type(pool).__name__}")
        if not isinstance(count, int) or isinstance(count, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the slots of pool '{pool}' must be an int, got {type(count).__name__}")
        if count < 0:
            raise OverflowError(f"the slots of pool '{pool}' must not be negative, got {count}")
        slots[pool] = max(count, slots.get(pool, 0))
    return slots


def blockers(wanted: Mapping[str, int], uses: Mapping[str, PoolUse]) -> list[PoolBlockDetail]:
    """Return the pools without room, in the order of the request; none when the claimant holds all of it already."""
    if all(uses[pool].own == count for pool, count in wanted.items()):
        return []
    return [
        PoolBlockDetail(pool, uses[pool].held, uses[pool].limit)
        for pool, count in wanted.items()
        if not _has_room(uses[pool], count)
    ]


def _has_room(use: PoolUse, wanted: int) -> bool:
    return wanted == 0 or use.limit < 0 or use.held - (use.own or 0) + wanted <= use.limit


def step_pools(pools_of_targets: Sequence[Iterable[Request]]) -> tuple[Request, ...]:
    """Return the claim of a step that makes several assets in one call: of each pool the most that one asset asks for.

    One call is one piece of work, whatever it makes: were the numbers added up, a step with more outputs than a pool
    has slots could never begin.
    """
    return tuple(slots_by_pool(request for requests in pools_of_targets for request in requests).items())
