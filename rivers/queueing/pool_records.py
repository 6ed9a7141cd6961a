"""Records of concurrency pools: their limits, who holds their slots, and how a claim fared.

Times are ``int`` nanoseconds since the Unix epoch, UTC; leases last whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class PoolLimit:
    """How many slots a pool has, and how long a claim lasts that nobody renews. A negative number is no limit."""

    pool_key: str
    slot_limit: int
    lease_duration_secs: int


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """A pool, the slots that unexpired leases hold and the claims that wait for it.

    ``claimed_count`` may exceed ``slot_limit`` after that was lowered.
    """

    pool_key: str
    slot_limit: int
    lease_duration_secs: int
    claimed_count: int
    pending_count: int


@dataclass(frozen=True, slots=True)
class SlotHolder:
    """A step of a run that holds slots of a pool."""

    run_id: str
    step_key: str
    slots_consumed: int
    claimed_at: int
    lease_expires_at: int


@dataclass(frozen=True, slots=True)
class PoolBlockDetail:
    """A pool that has no room for a claim."""

    pool_key: str
    claimed: int
    limit: int

    @property
    def text(self) -> str:
        """``pool 'db' full (1/1)``."""
        return f"pool '{self.pool_key}' full ({self.claimed}/{self.limit})"


@dataclass(frozen=True, slots=True)
class BlockReason:
    """Why a claim waits. With several pools in the way, ``pools`` has them all and the other fields are the first's."""

    kind: Literal["pool_full", "pools_full"]
    pool_key: str
    claimed: int
    limit: int
    pools: list[PoolBlockDetail] = field(default_factory=list[PoolBlockDetail])

    @classmethod
    def of(cls, blockers: list[PoolBlockDetail]) -> BlockReason:
        """Return the reason for these pools, of which there is at least one."""
        first = blockers[0]
        if len(blockers) == 1:
            return cls("pool_full", first.pool_key, first.claimed, first.limit)
        return cls("pools_full", first.pool_key, first.claimed, first.limit, blockers)

    @property
    def text(self) -> str:
        """Every pool in the way, as a person reads it."""
        blockers = self.pools or [PoolBlockDetail(self.pool_key, self.claimed, self.limit)]
        return ", ".join(blocker.text for blocker in blockers)

    def __repr__(self) -> str:
        if self.pools:
            return f"BlockReason.pools_full(pools={self.pools!r})"
        return f"BlockReason.pool_full(pool_key={self.pool_key!r}, claimed={self.claimed!r}, limit={self.limit!r})"


@dataclass(frozen=True, slots=True)
class ConcurrencyClaimStatus:
    """How a claim fared. ``position`` counts the claims that wait for the same pools, this one included; 0 is claimed.

    It is no place in a line: whoever claims first after slots were freed gets them.
    """

    status: Literal["claimed", "pending"]
    position: int = 0
    reason: BlockReason | None = None

    @property
    def is_claimed(self) -> bool:
        """Whether all slots are held now."""
        return self.status == "claimed"

    def __repr__(self) -> str:
        if self.is_claimed:
            return "ConcurrencyClaimStatus.Claimed()"
        return f"ConcurrencyClaimStatus.Pending(position={self.position!r}, reason={self.reason!r})"
