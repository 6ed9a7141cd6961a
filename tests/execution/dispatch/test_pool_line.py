"""Who asks for slots when, among the attempts of one batch, and what a run hears of slots that others give back."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rivers.exceptions import ExecutionError
from rivers.execution.dispatch.lane import Dispatch, StepAttempt
from rivers.execution.dispatch.pool_line import WAITING_MAX, PoolLine, SlotNews
from rivers.execution.runs.pool_claims import PoolClaims, Refused
from rivers.execution.steps.compiled_steps import Step
from rivers.storage import Storage

DB = frozenset({"db"})
NONE: frozenset[str] = frozenset()


class _Claims:
    """Grants as many claims as there are slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.asked: list[str] = []
        self.withdrawn: list[str] = []
        self.released: list[str] = []
        self._refused: list[str] = []

    def claim(self, step: Step, number: int) -> Refused | None:
        self.asked.append(step.name)
        if step.name == "late":
            raise ExecutionError("too late")
        if self.slots == 0:
            reason = None if step.name in self._refused else "full"
            self._refused.append(step.name)
            return Refused(1.0, reason)
        self.slots -= 1
        return None

    def withdraw(self, step: Step) -> None:
        self.withdrawn.append(step.name)

    def release(self, step: Step) -> None:
        self.released.append(step.name)


class _News:
    """Says what the test puts into ``freed``."""

    def __init__(self) -> None:
        self.followed = NONE
        self.freed = NONE

    def follow(self, pools: frozenset[str]) -> frozenset[str]:
        self.followed = pools
        return NONE

    def take(self) -> frozenset[str]:
        freed, self.freed = self.freed, NONE
        return freed


class _Dispatch:
    """Notes what comes of asking."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, tuple[str, str]]] = []
        self.ready: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.waits: list[tuple[float, Callable[[], object]]] = []

    def note(self, attempt: StepAttempt, event_type: str, fact: tuple[str, str]) -> None:
        self.noted.append((attempt.step.name, event_type, fact))

    def put_back(self, attempts: list[StepAttempt]) -> None:
        self.ready += [attempt.step.name for attempt in attempts]

    def ended(self, attempt: StepAttempt, outcome: Callable[[], Any]) -> None:
        self.failed.append((attempt.step.name, outcome().failure.text))

    def after(self, seconds: float, order: tuple[int, ...], action: Callable[[], object]) -> None:
        self.waits.append((seconds, action))


class Bench:
    """A line in which these attempts stand, and everything around it."""

    def __init__(self, slots: int, *attempts: StepAttempt) -> None:
        self.claims, self.news, self.dispatch = _Claims(slots), _News(), _Dispatch()
        claims, news, dispatch = cast("Any", (self.claims, self.news, self.dispatch))
        self.line = PoolLine(cast("PoolClaims", claims), news, cast("Dispatch", dispatch), lambda attempt: "here")
        for attempt in attempts:
            self.line.add(attempt)

    def ask(self, has_room: Callable[[StepAttempt], bool] = lambda attempt: True) -> list[str]:
        """Who asks now."""
        self.claims.asked.clear()
        self.line.ask(has_room)
        return list(self.claims.asked)

    def free(self, *pools: str, slots: int = 0) -> None:
        self.claims.slots = slots
        self.news.freed = frozenset(pools)
        self.line.listen()


def waits_for(name: str, position: int, *pools: str) -> StepAttempt:
    step = cast("Any", SimpleNamespace(name=name, pools=tuple((pool, 1) for pool in pools or ("db",))))
    return StepAttempt(step, position, 1)


def test_they_ask_in_the_order_of_the_plan_and_the_first_get_the_slots() -> None:
    third, first, second = waits_for("c", 2), waits_for("a", 0), waits_for("b", 1)
    bench = Bench(2, third, first, second)
    assert bench.ask() == ["a", "b", "c"]
    assert bench.dispatch.ready == ["a", "b"]
    assert bench.dispatch.noted == [
        ("a", "StepSlotClaimed", ("pools", "db")),
        ("b", "StepSlotClaimed", ("pools", "db")),
        ("c", "StepSlotWaiting", ("reason", "full")),
    ]
    assert (first.holds_slots, third.holds_slots) == (True, False)
    assert bench.line


def test_slots_are_given_back_once_and_only_by_who_holds_them() -> None:
    holder, other = waits_for("a", 0), waits_for("b", 1)
    bench = Bench(1, holder, other)
    bench.ask()
    for attempt in (holder, holder, other):
        bench.line.release(attempt)
    assert bench.claims.released == ["a"]


def test_nobody_asks_without_room_to_begin() -> None:
    bench = Bench(2, waits_for("a", 0), waits_for("b", 1))
    assert bench.ask(lambda attempt: False) == []
    room = iter([True, False])
    assert bench.ask(lambda attempt: next(room)) == ["a"]


def test_one_that_waits_asks_again_when_its_time_is_over_and_at_once_when_slots_are_freed() -> None:
    bench = Bench(0, waits_for("a", 0))
    assert bench.ask() == ["a"]
    [(seconds, first_wait_is_over)] = bench.dispatch.waits
    assert seconds == 1.0
    assert bench.ask() == []
    first_wait_is_over()
    assert bench.ask() == ["a"]
    first_wait_is_over()
    assert bench.ask() == [], "that was the end of another wait"
    assert [event for _, event, _ in bench.dispatch.noted] == ["StepSlotWaiting"], "the reason is told once"
    bench.free("db", slots=1)
    assert bench.ask() == ["a"]
    assert bench.dispatch.ready == ["a"]
    assert not bench.line


def test_slots_of_one_pool_rouse_those_who_wait_for_it_among_others() -> None:
    bench = Bench(0, waits_for("db", 0), waits_for("api", 1, "api"), waits_for("both", 2, "api", "db"))
    bench.ask()
    bench.free()
    assert bench.ask() == []
    bench.free("api")
    assert bench.ask() == ["api", "both"]


def test_it_listens_for_the_pools_that_stood_in_somebodys_way_also_while_they_are_asked_for_again() -> None:
    bench = Bench(0, waits_for("a", 0))
    bench.line.listen()
    assert bench.news.followed == NONE
    bench.ask()
    bench.line.listen()
    assert bench.news.followed == DB
    bench.free("db")
    bench.line.listen()
    assert bench.news.followed == DB
    bench.line.close()
    assert bench.news.followed == NONE


def test_so_many_ask_in_vain_and_those_behind_them_do_not_but_those_for_other_pools_do() -> None:
    crowd = [waits_for(f"s{number}", number) for number in range(WAITING_MAX + 5)]
    bench = Bench(0, *crowd, waits_for("other", 99, "api"))
    assert bench.ask() == [*(f"s{number}" for number in range(WAITING_MAX)), "other"]
    assert bench.ask() == []
    bench.free("db", slots=1)
    asked = bench.ask()
    assert asked[0] == "s0"
    assert f"s{WAITING_MAX}" in asked, "one of them went, so the next may wait"


def test_one_that_has_waited_for_too_long_fails_and_is_gone() -> None:
    bench = Bench(1, waits_for("late", 0))
    bench.ask()
    assert bench.dispatch.failed == [("late", "ExecutionError: too late")]
    assert not bench.line


@pytest.mark.parametrize("asks", [True, False])
def test_whoever_is_withdrawn_waits_no_more(asks: bool) -> None:
    attempt = waits_for("a", 0)
    bench = Bench(0, attempt)
    if asks:
        bench.ask()
    assert bench.line.withdraw() == [attempt]
    assert bench.claims.withdrawn == ["a"]
    assert not bench.line


@pytest.fixture
def news(storage: Storage) -> SlotNews:
    storage.set_pool_limit("db", 1)
    storage.set_pool_limit("api", 1)
    for pool in ("db", "api"):
        assert storage._claim_concurrency_slots([(pool, 1)], "other", pool).is_claimed
    return SlotNews(storage)


def test_what_was_given_back_before_is_asked_for_once_it_begins_to_listen(news: SlotNews) -> None:
    assert news.follow(DB) == {"db"}
    assert not news.follow(DB)
    assert news.follow(DB | {"api"}) == {"api"}
    assert not news.take()
    assert not news.follow(NONE)
    assert news.follow(DB) == {"db"}


def test_slots_that_are_freed_and_limits_that_change_are_news_of_the_pools_it_follows(
    news: SlotNews, storage: Storage
) -> None:
    news.follow(DB)
    storage._free_concurrency_slots("other", "api")
    storage.kv_set("k", b"")
    assert not news.take()
    storage._free_concurrency_slots("other", "db")
    assert news.interrupt.is_set
    assert news.take() == {"db"}
    assert not news.take()
    storage.set_pool_limit("db", 2)
    storage.set_pool_limit("api", 2)
    assert news.take() == {"db"}


def test_nobody_who_waits_hears_anything(news: SlotNews, storage: Storage) -> None:
    storage._free_concurrency_slots("other", "db")
    assert not news.take()
    news.follow(DB)
    storage.set_pool_limit("db", 2)
    news.follow(NONE)
    storage.set_pool_limit("db", 3)
    assert not news.take()
    assert not storage._engine.changes.wanted, "a writer builds no change when nobody listens"
