"""Concurrency pools: their limits, the slots that steps hold under a lease, and the claims that wait for slots.

Table: ``pool:[pool]`` (limit ``l``, lease ``d`` in seconds, version ``v``). The rows of slots and claims are those of
``slots``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rivers.durations import NANOS_PER_SECOND, parse_duration
from rivers.exceptions import StorageError
from rivers.queueing.pool_records import BlockReason, ConcurrencyClaimStatus, PoolInfo, PoolLimit, SlotHolder
from rivers.queueing.slots import Request, blockers, slots_by_pool
from rivers.storage.changes import PoolLimitChanged
from rivers.storage.faults import Lost
from rivers.storage.session import Session
from rivers.storage.slots import (
    ClaimView,
    claims_of_runs,
    collecting,
    freed_changes,
    freeing,
    not_configured,
    waiting_count,
)
from rivers.storage.wire import record_id

DEFAULT_LEASE: Final = "5m"
UNLIMITED: Final = -1

_ATTEMPTS_MAX: Final = 5
_LIMIT_MAX: Final = 2**63 - 1


class Pools(Session):
    """Limits, claims and leases. The clock of this handle says whether a lease has expired."""

    # -- limits --------------------------------------------------------------------------------------------------------

    def set_pool_limit(self, pool_key: str, limit: int, lease_duration: str = DEFAULT_LEASE) -> None:
        """Set how many slots a pool has. A negative number is no limit, and 0 admits no step. No holder is evicted.

        :param lease_duration: how long a claim lasts unless it is renewed, cut to whole seconds
        :raises TypeError: ``limit`` is not a whole number
        :raises ValueError: ``lease_duration`` is not a duration
        """
        if not isinstance(limit, int) or isinstance(limit, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"limit must be an int, got {type(limit).__name__}")
        if abs(limit) > _LIMIT_MAX:
            raise OverflowError(f"limit must fit 64 bits, got {limit}")
        self._set_limits([PoolLimit(pool_key, limit, _whole_seconds(lease_duration))])

    def register_pools(self, limits: Mapping[str, int], *, definitions: object) -> None:
        """Set the limits that ``definitions`` declare, with the default lease.

        Limits in the store are replaced when these definitions are first bound to it in this process. After that,
        limits that were set by hand stand.
        """
        with self._engine as engine:
            is_known = definitions in engine.bound_definitions
            engine.bound_definitions.add(definitions)
            there = {limit.pool_key: limit for limit in self.get_pool_limits()}
            seconds = _whole_seconds(DEFAULT_LEASE)
            wanted = [PoolLimit(pool, limit, seconds) for pool, limit in limits.items()]
            missing = [limit for limit in wanted if limit.pool_key not in there]
            self._set_limits(missing if is_known else [one for one in wanted if there.get(one.pool_key) != one])

    def _set_limits(self, limits: Sequence[PoolLimit]) -> None:
        if not limits:
            return
        rows = [
            {"id": [limit.pool_key], "l": limit.slot_limit, "d": limit.lease_duration_secs, "v": 0} for limit in limits
        ]
        statement = "INSERT INTO pool $rows ON DUPLICATE KEY UPDATE l = $input.l, d = $input.d, v += 1 RETURN NONE"
        with self._engine as engine:
            engine.transact(self.session, [statement], {"rows": rows})
            if engine.changes.wanted:
                at = self.clock.now_ns()
                engine.changes.put(
                    [PoolLimitChanged(at=at, pool_key=limit.pool_key, limit=limit.slot_limit) for limit in limits]
                )

    def get_pool_limits(self) -> list[PoolLimit]:
        """Return every pool, by key."""
        (rows,) = self._engine.query("SELECT * FROM pool")
        return [_limit(row) for row in rows]

    def get_pool_info(self, pool_key: str) -> PoolInfo:
        """Return a pool and how much of it is in use.

        :raises StorageError: there is no such pool
        """
        with self._engine as engine:
            (row,) = engine.query("SELECT * FROM ONLY $id", id=record_id("pool", pool_key))
            if row is None:
                raise not_configured(pool_key)
            return self._info(_limit(row))

    def get_all_pool_infos(self) -> list[PoolInfo]:
        """Return every pool and how much of it is in use, by key."""
        with self._engine:
            return [self._info(limit) for limit in self.get_pool_limits()]

    def _info(self, limit: PoolLimit) -> PoolInfo:
        held = sum(holder.slots_consumed for holder in self.get_pool_slot_holders(limit.pool_key))
        pending = waiting_count(self._engine, limit.pool_key)
        return PoolInfo(limit.pool_key, limit.slot_limit, limit.lease_duration_secs, held, pending)

    def get_pool_slot_holders(self, pool_key: str) -> list[SlotHolder]:
        """Return who holds slots of a pool under a live lease, oldest claim first; nobody for an unknown pool."""
        now = self.clock.now_ns()
        (rows,) = self._engine.query(
            "SELECT * FROM slot:[$pool,NONE]..[$pool,..] WHERE u > $now", pool=pool_key, now=now
        )
        return [SlotHolder(row["id"][1], row["id"][2], row["n"], row["c"], row["u"]) for row in sorted(rows, key=_age)]

    # -- claims --------------------------------------------------------------------------------------------------------

    def _claim_concurrency_slots(
        self,
        pools: Sequence[Request],
        run_id: str,
        step_key: str,
        priority: int = 0,
        lease_duration: str = DEFAULT_LEASE,
    ) -> ConcurrencyClaimStatus:
        """Claim slots of all these pools for a step, or record that the claim waits for them.

        A step that holds the slots already has its lease renewed.

        :param priority: kept with a claim that waits, without moving it forward
        :raises StorageError: ``pools`` is empty or has one that nobody has configured; nothing is recorded
        :raises OverflowError: a number of slots is negative
        :raises ValueError: ``lease_duration`` is not a duration
        """
        return self.claim_slots(pools, run_id, step_key, priority, _whole_seconds(lease_duration))[0]

    def claim_slots(
        self,
        pools: Sequence[Request],
        run_id: str,
        step_key: str,
        priority: int = 0,
        lease_seconds: int | None = None,
    ) -> tuple[ConcurrencyClaimStatus, int]:
        """Claim as ``_claim_concurrency_slots``. Return also how many seconds the lease lasts.

        :param lease_seconds: ``None`` for the shortest lease of the pools
        """
        wanted = slots_by_pool(pools)
        if not wanted:
            raise StorageError("pools must not be empty")
        with self._engine as engine:
            for _ in range(_ATTEMPTS_MAX):
                found = ClaimView(engine, wanted, run_id, step_key, self.clock.now_ns())
                seconds = found.shortest_lease if lease_seconds is None else lease_seconds
                in_the_way = blockers(wanted, found.uses)
                if in_the_way:
                    found.wait(self.session, priority)
                    position = waiting_count(engine, *(blocker.pool_key for blocker in in_the_way))
                    return ConcurrencyClaimStatus("pending", position, BlockReason.of(in_the_way)), seconds
                try:
                    found.take(self.session, seconds)
                except Lost:
                    continue
                return ConcurrencyClaimStatus("claimed"), seconds
            raise Lost(f"the pools {', '.join(wanted)} kept changing while slots of them were claimed")

    def _free_concurrency_slots(self, run_id: str, step_key: str) -> None:
        """Give back the slots that a step holds, and end its waiting. Harmless when there is nothing."""
        with self._engine as engine:
            (row,) = engine.query("SELECT * FROM ONLY $id", id=record_id("slot_claim", run_id, step_key))
            self._free([] if row is None else [row])

    def _free_concurrency_slots_for_run(self, run_id: str) -> None:
        """Give back the slots that the steps of a run hold, and end their waiting."""
        with self._engine as engine:
            self._free(claims_of_runs(engine, [run_id]))

    def _free(self, claims: Sequence[Mapping[str, Any]]) -> None:
        if not claims:
            return
        engine = self._engine
        engine.transact(self.session, *freeing(claims))
        self._tell_freed(pool for claim in claims for pool in claim.get("h") or ())

    def _tell_freed(self, pools: Iterable[str]) -> None:
        if self._engine.changes.wanted:
            self._engine.changes.put(freed_changes(pools, self.clock.now_ns()))

    def _renew_slot_lease(self, run_id: str, step_key: str, lease_duration: str = DEFAULT_LEASE) -> int:
        """Renew the lease of the slots that a step holds, from now on.

        A step whose lease has expired keeps its slots when there is still room for it.

        :returns: of how many pools; 0 when the step holds nothing, or has lost what it held
        :raises ValueError: ``lease_duration`` is not a duration
        """
        return self.renew_slots(run_id, step_key, _whole_seconds(lease_duration))

    def renew_slots(self, run_id: str, step_key: str, lease_seconds: int) -> int:
        """Renew as ``_renew_slot_lease``, for a number of seconds."""
        with self._engine as engine:
            (pools,) = engine.query("SELECT VALUE h FROM ONLY $id", id=record_id("slot_claim", run_id, step_key))
            ids = [record_id("slot", pool, run_id, step_key) for pool in pools or ()]
            if not ids:
                return 0
            (rows,) = engine.query("SELECT * FROM $ids", ids=ids)
            wanted = {row["id"][0]: row["n"] for row in rows}
            if not wanted:
                return 0
            found = ClaimView(engine, wanted, run_id, step_key, self.clock.now_ns())
            if blockers(wanted, found.uses):
                return 0
            try:
                found.take(self.session, lease_seconds, stops_waiting=False)
            except Lost:
                return 0
            return len(wanted)

    def _free_expired_leases(self) -> int:
        """Delete the holders whose lease has expired. Return how many there were."""
        with self._engine as engine:
            (over,) = engine.query("SELECT VALUE id FROM slot WHERE u <= $now", now=self.clock.now_ns())
            if over:
                engine.transact(self.session, *collecting(engine, over))
                self._tell_freed(pool for pool, _, _ in over)
            return len(over)


def _age(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["c"], row["o"]


def _limit(row: Mapping[str, Any]) -> PoolLimit:
    return PoolLimit(row["id"][0], row["l"], row["d"])


def _whole_seconds(lease_duration: str) -> int:
    return parse_duration(lease_duration, "lease_duration") // NANOS_PER_SECOND
