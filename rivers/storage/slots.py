"""The rows of slots and claims of concurrency pools, and the statements that grant, park and free a claim.

Tables: ``slot:[pool, run_id, step]`` (slots ``n``, claimed at ``c``, number ``o`` in the order of claiming, lease until
``u``); ``slot_wait:[pool, run_id, step]`` for every pool that a waiting claim asks for; ``slot_claim:[run_id, step]``
with the pools that a step holds ``h`` and those that it waits for ``w``, which is what has to be deleted for it.

Whether there is room is decided under the storage lock. On a store that other processes write to as well, the version
of each limited pool guards the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rivers.durations import NANOS_PER_SECOND
from rivers.exceptions import StorageError
from rivers.queueing.slots import PoolUse
from rivers.storage.changes import SlotsFreed
from rivers.storage.engine import Engine
from rivers.storage.faults import LOST
from rivers.storage.wire import NONE, record_id

_TIME_MAX: Final = 2**63 - 1


class ClaimView:
    """The store as the claim of a step finds it: the pools that it asks for, and what the step has of them."""

    def __init__(self, engine: Engine, wanted: Mapping[str, int], run_id: str, step_key: str, now: int) -> None:
        self._engine = engine
        self._wanted = wanted
        self._key = (run_id, step_key)
        self._now = now
        (rows, claim, mine) = engine.query(
            "SELECT * FROM $pools; SELECT * FROM ONLY $claim; SELECT * FROM $slots",
            pools=[record_id("pool", pool) for pool in wanted],
            claim=record_id("slot_claim", *self._key),
            slots=[record_id("slot", pool, *self._key) for pool in wanted],
        )
        self._pools = {row["id"][0]: row for row in rows}
        for pool in wanted:
            if pool not in self._pools:
                raise not_configured(pool)
        self._claim: dict[str, Any] = claim or {}
        self._mine = {row["id"][0]: row for row in mine if row["u"] > now}
        self._limited = [pool for pool in wanted if self._pools[pool]["l"] >= 0]
        self.shortest_lease: int = min(row["d"] for row in rows)
        held = self._held()
        self.uses = {
            pool: PoolUse(self._pools[pool]["l"], held.get(pool, 0), self._mine.get(pool, {}).get("n"))
            for pool in wanted
        }

    def _held(self) -> dict[str, int]:
        if not self._limited:
            return {}
        names = [f"p{number}" for number in range(len(self._limited))]
        script = ";".join(f"SELECT VALUE n FROM slot:[${name},NONE]..[${name},..] WHERE u > $now" for name in names)
        counts = self._engine.query(script, now=self._now, **dict(zip(names, self._limited, strict=True)))
        return {pool: sum(each) for pool, each in zip(self._limited, counts, strict=True)}

    def wait(self, session: str, priority: int) -> None:
        """Record that the claim waits. Nothing is written when that is on record already."""
        pools = list(self._wanted)
        before: list[str] = self._claim.get("w") or []
        if before == pools:
            return
        self._engine.transact(
            session,
            [
                *(["DELETE $before RETURN NONE"] if before else []),
                "INSERT INTO slot_wait $waits RETURN NONE",
                "UPSERT $claim SET w = $pools, p = $priority RETURN NONE",
            ],
            {
                "before": [record_id("slot_wait", pool, *self._key) for pool in before],
                "waits": [{"id": [pool, *self._key]} for pool in pools],
                "claim": record_id("slot_claim", *self._key),
                "pools": pools,
                "priority": priority,
            },
        )

    def take(self, session: str, lease_seconds: int, *, stops_waiting: bool = True) -> None:
        """Give the step the slots that it asks for. It waits no more, unless ``stops_waiting`` is false.

        :raises Lost: a limited pool has changed since it was read; nothing was written
        """
        waited: list[str] = (self._claim.get("w") or []) if stops_waiting else []
        number = self._engine.next_number()
        statements = [
            "LET $seen = (SELECT VALUE v FROM $limited)",
            f"IF $seen != $versions {{ THROW '{LOST}' }}",
            "UPDATE $limited SET v += 1 RETURN NONE",
        ]
        statements = statements if self._limited else []
        statements += [
            "INSERT INTO slot $rows ON DUPLICATE KEY UPDATE n = $input.n, c = $input.c, o = $input.o, u = $input.u "
            "RETURN NONE",
            f"UPSERT $claim SET h = $held{', w = $nothing' if stops_waiting else ''} RETURN NONE",
        ]
        statements += ["DELETE $waits RETURN NONE"] if waited else []
        self._engine.transact(
            session,
            statements,
            {
                "limited": [record_id("pool", pool) for pool in self._limited],
                "versions": [self._pools[pool]["v"] for pool in self._limited],
                "rows": [self._slot(pool, count, number, lease_seconds) for pool, count in self._wanted.items()],
                "claim": record_id("slot_claim", *self._key),
                "held": list(dict.fromkeys([*(self._claim.get("h") or ()), *self._wanted])),
                "nothing": NONE,
                "waits": [record_id("slot_wait", pool, *self._key) for pool in waited],
            },
        )

    def _slot(self, pool: str, count: int, number: int, lease_seconds: int) -> dict[str, Any]:
        mine = self._mine.get(pool, {"c": self._now, "o": number})
        until = min(self._now + lease_seconds * NANOS_PER_SECOND, _TIME_MAX)
        return {"id": [pool, *self._key], "n": count, "c": mine["c"], "o": mine["o"], "u": until}


def claims_of_runs(engine: Engine, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the claims of the steps of these runs: what they hold and what they wait for."""
    claims: list[dict[str, Any]] = []
    for run_id in run_ids:
        (rows,) = engine.query("SELECT * FROM slot_claim:[$run,NONE]..[$run,..]", run=run_id)
        claims += rows
    return claims


def freeing(claims: Sequence[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that free what these claims hold and end their waiting, and their variables."""
    held = [record_id("slot", pool, *claim["id"]) for claim in claims for pool in claim.get("h") or ()]
    waits = [record_id("slot_wait", pool, *claim["id"]) for claim in claims for pool in claim.get("w") or ()]
    statements = ["DELETE $slots RETURN NONE"] if held else []
    statements += ["DELETE $waits RETURN NONE"] if waits else []
    return (
        [*statements, "DELETE $claims RETURN NONE"],
        {"slots": held, "waits": waits, "claims": [record_id("slot_claim", *claim["id"]) for claim in claims]},
    )


def collecting(engine: Engine, over: Sequence[Sequence[str]]) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that delete these holders, ``(pool, run_id, step)``, and their variables."""
    steps = dict.fromkeys((run_id, step) for _, run_id, step in over)
    (claims,) = engine.query("SELECT * FROM $claims", claims=[record_id("slot_claim", *step) for step in steps])
    lost = {tuple(key) for key in over}
    held = {tuple(claim["id"]): [pool for pool in claim["h"] if (pool, *claim["id"]) not in lost] for claim in claims}
    waiting = {tuple(claim["id"]) for claim in claims if claim.get("w")}
    gone = [key for key, pools in held.items() if not pools and key not in waiting]
    return (
        [
            "DELETE $slots RETURN NONE",
            "DELETE $gone RETURN NONE",
            "FOR $claim IN $rest { UPDATE $claim.i SET h = $claim.h RETURN NONE }",
        ],
        {
            "slots": [record_id("slot", *key) for key in over],
            "gone": [record_id("slot_claim", *key) for key in gone],
            "rest": [
                {"i": record_id("slot_claim", *key), "h": pools} for key, pools in held.items() if key not in gone
            ],
        },
    )


def freed_changes(pools: Iterable[str], at: int) -> list[SlotsFreed]:
    """Return the changes for pools that have slots again, one for each pool."""
    return [SlotsFreed(at=at, pool_key=pool) for pool in dict.fromkeys(pools)]


def not_configured(pool_key: str) -> StorageError:
    """Return the error for a pool that nobody has given a limit."""
    return StorageError(f"pool '{pool_key}' not configured")


def waiting_count(engine: Engine, *pools: str) -> int:
    """Return how many claims wait for any of these pools."""
    if len(pools) == 1:
        (rows,) = engine.query("SELECT count() FROM slot_wait:[$pool,NONE]..[$pool,..] GROUP ALL", pool=pools[0])
        return rows[0]["count"] if rows else 0
    claims: set[tuple[str, str]] = set()
    for pool in pools:
        (keys,) = engine.query("SELECT VALUE id FROM slot_wait:[$pool,NONE]..[$pool,..]", pool=pool)
        claims.update((run_id, step_key) for _, run_id, step_key in keys)
    return len(claims)
