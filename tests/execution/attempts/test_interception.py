"""What may stand around a step's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rivers as rs
from rivers.clock import WallClock
from rivers.ids import SeededIds


def sibling_of(repo: rs.CodeRepository, storage: rs.Storage, clock: Any, **options: Any) -> rs.CodeRepository:
    ids = SeededIds(1)
    return repo.bound(storage.bound(clock, ids), clock, ids, **options)


def test_an_interceptor_stands_around_every_attempt_and_may_answer_itself(storage: rs.Storage) -> None:
    seen: list[tuple[str, int]] = []

    class Recording:
        calls_hooks = True

        def seconds(self, step: str, attempt: int) -> float:
            return 0.0

        def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Any) -> Any:
            seen.append((step, attempt))
            return rs.Materialization() if step == "never" else call()

    tries: list[int] = []

    @rs.Asset
    def never(missing: int) -> int:
        raise AssertionError("not called")

    @rs.Asset(retry=rs.RetryPolicy(1))
    async def shaky() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError
        return 3

    @rs.Asset
    def missing() -> rs.Materialization:
        return rs.Materialization()

    repo = rs.CodeRepository([missing, never, shaky])
    with sibling_of(repo, storage, WallClock(), interceptor=Recording()) as sibling:
        assert sibling.materialize().success
        assert sibling.load_node("shaky") == 3
    assert seen == [("missing", 1), ("shaky", 1), ("shaky", 2), ("never", 1)]
