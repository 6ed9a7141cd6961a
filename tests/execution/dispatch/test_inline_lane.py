"""The run's thread as a lane: one step at a time, and coroutines within an interceptor that it waits for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from multiprocessing.connection import wait
from typing import Any

import pytest

from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.dispatch.call_lanes import CoroutineLanes
from rivers.execution.dispatch.inline_lane import InlineLane
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.lanes import Room
from tests.execution.dispatch.fakes import FakeDispatch, FakeInterceptor, a_scope, a_step


@pytest.fixture
def host() -> Generator[CoroutineHost]:
    made = CoroutineHost()
    yield made
    made.close()


class Bench:
    """The lane, with these steps ready."""

    def __init__(self, host: CoroutineHost, seconds: dict[str, float], **functions: Callable[[], Any]) -> None:
        interceptor = FakeInterceptor(seconds) if seconds else None
        self.dispatch = FakeDispatch(a_scope(environment={"coroutines": host, "interceptor": interceptor}))
        self.coroutines = CoroutineLanes(self.dispatch, Room(None))
        self.lane = InlineLane(self.dispatch, self.coroutines)
        self.attempts: dict[str, StepAttempt] = {}
        for position, (name, function) in enumerate(functions.items()):
            step = a_step(name, function, is_async=name.startswith("async"), targets=())
            self.attempts[name] = StepAttempt(step, position, 1)
            self.lane.add(self.attempts[name])


def test_one_step_executes_each_time_and_what_is_past_is_recorded_before(host: CoroutineHost) -> None:
    calls: list[str] = []
    bench = Bench(host, {}, a=lambda: calls.append("a"), b=lambda: calls.append("b"))
    assert (bench.lane.is_due, bench.lane.at_rest) == (True, False)
    bench.lane.begin_ready()
    assert calls == ["a"]
    assert bench.dispatch.lines == ["a began", "settled", "a ended"]
    bench.lane.begin_ready()
    assert calls == ["a", "b"]
    assert (bench.lane.is_due, bench.lane.at_rest) == (False, True)


def test_while_it_is_occupied_nothing_else_begins_and_it_counts_as_at_rest(host: CoroutineHost) -> None:
    seen: list[tuple[bool, bool, int]] = []

    def looks() -> None:
        bench.lane.begin_ready()
        seen.append((bench.lane.is_due, bench.lane.at_rest, bench.lane.taken))
        assert not bench.lane.has_room_for(bench.attempts["b"])

    bench = Bench(host, {}, a=looks, b=lambda: None)
    bench.lane.begin_ready()
    assert bench.dispatch.outcomes["a"]().failure is None
    assert seen == [(False, True, 1)]
    assert "b began" not in bench.dispatch.lines
    assert bench.lane.taken == 0


async def answers() -> int:
    return 1


def test_a_coroutine_is_waited_for_while_everything_else_is_looked_after(host: CoroutineHost) -> None:
    bench = Bench(host, {"async_a": 5.0}, async_a=answers)
    rounds: list[int] = []

    def look_after() -> None:
        rounds.append(1)
        bench.coroutines.hear(wait(bench.coroutines.sources(), 30))

    bench.dispatch.look_after = look_after
    bench.lane.begin_ready()
    assert bench.dispatch.lines == ["async_a began"], "its simulated time comes first"
    [(seconds, go_on)] = bench.dispatch.waits
    assert seconds == 5.0
    go_on()
    assert rounds
    assert bench.dispatch.lines[1:] == ["settled", "async_a ended"]
    assert bench.dispatch.outcomes["async_a"]().failure is None
    bench.coroutines.close()


def test_a_coroutine_that_is_given_up_meanwhile_is_not_waited_for(host: CoroutineHost) -> None:
    bench = Bench(host, {"other": 1.0}, async_a=answers)
    bench.dispatch.look_after = lambda: bench.lane.give_up(bench.attempts["async_a"], TimeoutError("too long")) and None
    bench.lane.begin_ready()
    assert list(bench.coroutines.lanes) == []
    bench.coroutines.close()


def test_one_that_may_go_on_while_the_thread_is_taken_is_put_back_as_begun(host: CoroutineHost) -> None:
    bench = Bench(host, {"async_a": 5.0}, async_a=answers, b=lambda: bench.dispatch.waits[0][1]())
    bench.lane.begin_ready()
    bench.lane.begin_ready()
    assert bench.dispatch.lines == ["async_a began", "b began", "settled", "async_a is back", "b ended"]
    assert bench.attempts["async_a"].has_begun
