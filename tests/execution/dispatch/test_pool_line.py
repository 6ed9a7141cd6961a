"""Who asks for slots when, among the attempts of one batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rivers.exceptions import ExecutionError
from rivers.execution.dispatch.lane import Try
from rivers.execution.dispatch.pool_line import WAITING_MAX, PoolLine
from rivers.execution.runs.pool_claims import Granted, PoolClaims, Refused
from rivers.execution.steps.compiled_steps import Step


class _Claims:
    """Grants as many claims as there are slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.asked: list[str] = []
        self.withdrawn: list[str] = []

    def claim(self, step: Step, number: int) -> Granted | Refused:
        self.asked.append(step.name)
        if step.name == "late":
            raise ExecutionError("too late")
        if self.slots == 0:
            return Refused(1.0, "full")
        self.slots -= 1
        return Granted()

    def withdraw(self, step: Step) -> None:
        self.withdrawn.append(step.name)


class _Outcomes:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def granted(self, tried: Try) -> None:
        self.told.append((tried.step.name, "granted"))

    def refused(self, tried: Try, seconds: float, reason: str | None) -> None:
        self.told.append((tried.step.name, "refused"))

    def timed_out(self, tried: Try, error: ExecutionError) -> None:
        self.told.append((tried.step.name, str(error)))


def attempt(name: str, position: int, *pools: str) -> Try:
    step = cast("Any", SimpleNamespace(name=name, pools=tuple((pool, 1) for pool in pools or ("db",))))
    return Try(step, position, 1)


def line_of(slots: int, *tries: Try) -> tuple[PoolLine, _Claims, _Outcomes]:
    claims, outcomes = _Claims(slots), _Outcomes()
    line = PoolLine(cast("PoolClaims", claims), outcomes, lambda tried: "here")
    for tried in tries:
        line.add(tried)
    return line, claims, outcomes


def everywhere(tried: Try) -> bool:
    return True


def test_they_ask_in_the_order_of_the_plan_and_the_first_get_the_slots() -> None:
    third, first, second = attempt("c", 2), attempt("a", 0), attempt("b", 1)
    line, _, outcomes = line_of(2, third, first, second)
    line.ask(everywhere)
    assert outcomes.told == [("a", "granted"), ("b", "granted"), ("c", "refused")]
    assert (first.holds_slots, third.holds_slots) == (True, False)
    assert line
    assert line.waited_for == {"db"}
    line.rouse({"db"})
    assert line.waited_for == {"db"}, "also while it asks again"


def test_nobody_asks_without_room_to_begin() -> None:
    line, claims, _ = line_of(2, attempt("a", 0), attempt("b", 1))
    line.ask(lambda tried: False)
    assert claims.asked == []
    room = iter([True, False])
    line.ask(lambda tried: next(room))
    assert claims.asked == ["a"]


def test_one_that_waits_asks_again_when_its_time_is_over_and_at_once_when_slots_are_freed() -> None:
    waiting = attempt("a", 0)
    line, claims, _ = line_of(0, waiting)
    line.ask(everywhere)
    wait = line.wait_of(waiting)
    line.ask(everywhere)
    assert claims.asked == ["a"]
    line.again(waiting, wait)
    line.ask(everywhere)
    assert claims.asked == ["a", "a"]
    line.again(waiting, wait)
    line.ask(everywhere)
    assert claims.asked == ["a", "a"], "that was the end of another wait"
    claims.slots = 1
    line.rouse({"db"})
    line.ask(everywhere)
    assert waiting.holds_slots
    assert not line


def test_slots_of_one_pool_rouse_those_who_wait_for_it_among_others() -> None:
    line, claims, _ = line_of(0, attempt("db", 0), attempt("api", 1, "api"), attempt("both", 2, "api", "db"))
    line.ask(everywhere)
    claims.asked.clear()
    line.rouse(())
    line.ask(everywhere)
    assert claims.asked == []
    line.rouse({"api"})
    line.ask(everywhere)
    assert claims.asked == ["api", "both"]


def test_so_many_ask_in_vain_and_those_behind_them_do_not_but_those_for_other_pools_do() -> None:
    crowd = [attempt(f"s{number}", number) for number in range(WAITING_MAX + 5)]
    line, claims, _ = line_of(0, *crowd, attempt("other", 99, "api"))
    line.ask(everywhere)
    line.ask(everywhere)
    assert claims.asked == [*(f"s{number}" for number in range(WAITING_MAX)), "other"]
    claims.slots = 1
    line.rouse({"db"})
    line.ask(everywhere)
    assert claims.asked[WAITING_MAX + 1] == "s0"
    assert f"s{WAITING_MAX}" in claims.asked, "one of them went, so the next may wait"


def test_one_that_has_waited_for_too_long_is_told_and_gone() -> None:
    line, _, outcomes = line_of(1, attempt("late", 0))
    line.ask(everywhere)
    assert outcomes.told == [("late", "too late")]
    assert not line


@pytest.mark.parametrize("asks", [True, False])
def test_whoever_is_withdrawn_waits_no_more(asks: bool) -> None:
    tried = attempt("a", 0)
    line, claims, _ = line_of(0, tried)
    if asks:
        line.ask(everywhere)
    assert line.withdraw() == [tried]
    assert claims.withdrawn == ["a"]
    assert not line
