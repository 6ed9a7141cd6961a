"""The claims of one run: when it asks again, when it gives up, and whose lease is renewed when and by whom."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.runs.environment import Environment
from rivers.execution.runs.pool_claims import PoolClaims, Refused, keeping
from rivers.execution.steps.compiled_steps import Step
from rivers.storage import Storage

SECOND = 1_000_000_000
START = 1_800_000_000


@dataclass
class _Clock:
    """A time that stands still until it is moved."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now_ns(self) -> int:
        return START * SECOND + round(self.seconds * SECOND)


class _Told:
    """The events of steps, and a signal for each."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.came = threading.Event()

    def __call__(self, step: Step, event_type: str, facts: Sequence[tuple[str, str]]) -> None:
        self.events.append((step.name, event_type))
        self.came.set()


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def pools(storage: Storage, clock: _Clock) -> Storage:
    bound = storage.bound(cast("Any", clock), cast("Any", None))
    bound.set_pool_limit("db", 1, "30s")
    bound.set_pool_limit("api", 5, "3m")
    return bound


@pytest.fixture
def told() -> _Told:
    return _Told()


@pytest.fixture
def claims(pools: Storage, clock: _Clock, told: _Told) -> Generator[PoolClaims]:
    made = claims_of("r1", pools, clock, told)
    yield made
    made.close()


def claims_of(run_id: str, pools: Storage, clock: _Clock, told: _Told) -> PoolClaims:
    return PoolClaims(cast("Environment", SimpleNamespace(storage=pools, clock=clock)), run_id, told)


def step(name: str, *slots: tuple[str, int]) -> Step:
    @rs.Asset(name=name)
    def function() -> None: ...

    with Storage.memory() as storage, rs.CodeRepository([function]) as repo:
        repo.resolve(storage)
        [[compiled]] = repo._bound._levels([name], repo._bound.resources, {})
    return replace(compiled, pools=slots)


ONE = step("one", ("db", 1))
BOTH = step("both", ("api", 2), ("db", 1))


def test_what_is_claimed_is_held_until_it_is_released_and_that_is_told(claims: PoolClaims, pools: Storage, told: _Told):
    assert claims.claim(BOTH, 1) is None
    [holder] = pools.get_pool_slot_holders("api")
    assert (holder.run_id, holder.step_key, holder.slots_consumed) == ("r1", "both", 2)
    assert holder.lease_expires_at - holder.claimed_at == 30 * SECOND, "the shortest lease of its pools"
    claims.release(BOTH)
    claims.release(BOTH)
    assert told.events == [("both", "StepSlotReleased")]
    assert pools.get_pool_slot_holders("api") == pools.get_pool_slot_holders("db") == []


@pytest.mark.rule("queue 2.8")
def test_one_that_waits_asks_again_after_the_interval_and_a_draw_that_is_the_same_every_time(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "4s")
    monkeypatch.setenv("RIVERS_CLAIM_POLL_JITTER", "2s")
    pools._claim_concurrency_slots([("db", 1)], "other", "s")
    first, second = claims.claim(BOTH, 1), claims.claim(BOTH, 1)
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert (first.reason, second.reason) == ("pool 'db' full (1/1)", None), "it is said once"
    assert 4 <= min(first.seconds, second.seconds) <= max(first.seconds, second.seconds) <= 6
    assert first.seconds != second.seconds
    assert claims_of("r1", pools, clock, told).claim(BOTH, 1) == first
    assert claims_of("r2", pools, clock, told).claim(BOTH, 1) != first


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0.01), ("soon", 1.0), ("250ms", 0.25)])
def test_the_environment_is_read_when_it_begins_to_wait_and_what_is_no_duration_is_the_default(
    claims: PoolClaims, pools: Storage, monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
):
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", text)
    monkeypatch.setenv("RIVERS_CLAIM_POLL_JITTER", "0ms")
    pools._claim_concurrency_slots([("db", 1)], "other", "s")
    assert claims.claim(ONE, 1) == Refused(seconds, "pool 'db' full (1/1)")
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "7s")
    assert claims.claim(ONE, 1) == Refused(seconds, None)


@pytest.mark.rule("queue 2.9")
def test_one_that_has_waited_for_too_long_gives_up_and_waits_no_more(
    claims: PoolClaims, pools: Storage, clock: _Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RIVERS_CLAIM_TIMEOUT", "90s")
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "1m")
    monkeypatch.setenv("RIVERS_CLAIM_POLL_JITTER", "0s")
    pools._claim_concurrency_slots([("db", 1)], "other", "s", lease_duration="1h")
    waits: list[float] = []

    def wait() -> None:
        while isinstance(answer := claims.claim(ONE, 1), Refused):
            waits.append(answer.seconds)
            clock.seconds += answer.seconds

    with pytest.raises(ExecutionError, match=r"step 'one' timed out waiting for pool slots after 90s \(pool 'db' full"):
        wait()
    assert waits == [60, 30]
    assert pools.get_pool_info("db").pending_count == 0


@pytest.mark.rule("queue 2.13")
def test_what_waits_and_what_is_held_ends_with_the_run(claims: PoolClaims, pools: Storage):
    claims.claim(ONE, 1)
    claims.claim(BOTH, 1)
    claims.withdraw(BOTH)
    assert pools.get_pool_info("db").pending_count == 0
    claims.claim(BOTH, 1)
    claims.end()
    info = pools.get_pool_info("db")
    assert (info.claimed_count, info.pending_count) == (0, 0)


def test_a_run_without_pools_asks_storage_nothing_at_its_end(claims: PoolClaims, pools: Storage):
    pools.close()
    claims.end()
    assert claims.seconds_to_renewal() == float("inf")


def test_a_lease_is_renewed_every_third_of_it(claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told):
    claims.claim(ONE, 1)
    assert claims.seconds_to_renewal() == 10
    clock.seconds = 9.5
    claims.renew_due()
    assert told.events == []
    clock.seconds = 10
    claims.renew_due()
    claims.renew_due()
    assert told.events == [("one", "StepSlotRenewed")]
    assert pools.get_pool_slot_holders("db")[0].lease_expires_at == (START + 40) * SECOND
    assert claims.seconds_to_renewal() == 10


def test_a_wait_that_a_clock_cut_to_whole_microseconds_ends_in_a_renewal(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told
):
    pools.set_pool_limit("db", 1, "1s")
    claims.claim(ONE, 1)
    clock.seconds = round(claims.seconds_to_renewal(), 6)
    assert claims.seconds_to_renewal() > 0
    claims.renew_due()
    assert told.events == [("one", "StepSlotRenewed")], "or it would wait for what is left of a microsecond for ever"


def test_a_lease_that_was_over_is_claimed_anew_or_said_to_be_lost(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told, caplog: pytest.LogCaptureFixture
):
    claims.claim(ONE, 1)
    clock.seconds = 1000
    pools._free_expired_leases()
    claims.renew_due()
    assert told.events == [("one", "StepSlotRenewed")]
    assert pools.get_pool_info("db").claimed_count == 1
    clock.seconds = 2000
    pools._claim_concurrency_slots([("db", 1)], "other", "s")
    claims.renew_due()
    assert len(told.events) == 1
    assert "the lease of step 'one' on its pools was over" in caplog.text


def test_a_lease_below_a_second_is_never_renewed(claims: PoolClaims, pools: Storage):
    pools.set_pool_limit("db", 1, "500ms")
    assert claims.claim(ONE, 1) is None
    assert claims.seconds_to_renewal() == float("inf")


def test_a_run_inside_of_a_step_renews_what_is_held_around_it(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told
):
    claims.claim(ONE, 1)
    token = keeping.set(claims)
    try:
        inner = claims_of("inner", pools, clock, told)
    finally:
        keeping.reset(token)
    assert inner.seconds_to_renewal() == 10
    clock.seconds = 10
    inner.renew_due()
    assert told.events == [("one", "StepSlotRenewed")]


def test_while_the_thread_of_the_run_is_inside_a_function_another_one_renews(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told
):
    pools.set_pool_limit("db", 1, "1s")
    claims.claim(ONE, 1)
    clock.seconds = 0.5
    assert told.came.wait(20), "a thread looks after a third of a second of real time"
    assert told.events == [("one", "StepSlotRenewed")]


def test_that_thread_leaves_what_is_due_this_very_moment_to_the_thread_of_the_run(
    claims: PoolClaims, pools: Storage, clock: _Clock, told: _Told
):
    """As in a simulation, whose time stops until the run's thread has done what is due."""
    pools.set_pool_limit("db", 1, "3s")
    claims.claim(ONE, 1)
    clock.seconds = 1.0
    looks = 0
    looked = threading.Event()
    moment = clock.monotonic

    def monotonic() -> float:
        nonlocal looks
        looks += threading.current_thread() is not threading.main_thread()
        if looks > 6:
            looked.set()
        return moment()

    clock.monotonic = monotonic
    assert looked.wait(20)
    assert told.events == []
