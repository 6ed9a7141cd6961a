"""Threads and coroutines of this process: their ends, their waits, and how they are ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from multiprocessing.connection import wait
from typing import Any

import pytest

from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.dispatch.call_lanes import CallLanes, CoroutineLanes, ThreadLanes
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.lanes import Room
from rivers.execution.steps.step_time import StepTime
from rivers.graph.planned_steps import StepKind
from tests.execution.dispatch.fakes import FakeDispatch, FakeInterceptor, a_scope, a_step

SECONDS_MAX = 30.0


@pytest.fixture
def host() -> Generator[CoroutineHost]:
    made = CoroutineHost()
    yield made
    made.close()


@pytest.fixture
def dispatch(host: CoroutineHost) -> FakeDispatch:
    return FakeDispatch(a_scope(environment={"coroutines": host}))


def begun(lanes: CallLanes[Any], function: Callable[..., Any], *, is_async: bool = False) -> StepAttempt:
    """The attempt at a step that has begun; its function gets the time of its lane."""
    times: list[StepTime] = []

    def new_context(config: Any, run_id: str, time: StepTime, partition: Any) -> Any:
        times.append(time)

    step = a_step(
        "a", lambda: function(times[0]), is_async=is_async, new_context=new_context, targets=(), kind=StepKind.SINGLE
    )
    attempt = StepAttempt(step, 0, 1)
    lanes.add(attempt)
    lanes.begin_ready()
    return attempt


def hear(lanes: CallLanes[Any]) -> None:
    """Take in the next thing that happens."""
    readable = wait(lanes.sources(), SECONDS_MAX)
    assert readable
    lanes.hear(readable)


def kinds(dispatch: FakeDispatch) -> tuple[ThreadLanes, CoroutineLanes]:
    return ThreadLanes(dispatch, Room(4)), CoroutineLanes(dispatch, Room(4))


async def awaiting(call: Callable[[], Any]) -> Any:
    return call()


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "coroutine"])
class TestBoth:
    def begun(self, dispatch: FakeDispatch, is_async: bool, function: Callable[[Any], Any]) -> Any:
        lanes = kinds(dispatch)[is_async]
        called = (lambda time: awaiting(lambda: function(time))) if is_async else function
        return lanes, begun(lanes, called, is_async=is_async)

    def test_its_end_is_heard_and_its_outcome_made_on_the_threads_of_the_run(
        self, dispatch: FakeDispatch, is_async: bool
    ) -> None:
        threads: list[int] = []
        lanes, _ = self.begun(dispatch, is_async, lambda time: threads.append(threading.get_ident()))
        assert lanes.taken == 1
        hear(lanes)
        assert dispatch.lines == ["a began", "a ended"]
        assert (lanes.taken, lanes.at_rest) == (0, True)
        assert dispatch.outcomes["a"]().failure is None
        assert threads != [threading.get_ident()]
        lanes.close()

    def test_what_it_raises_is_its_failure(self, dispatch: FakeDispatch, is_async: bool) -> None:
        def fail(time: Any) -> None:
            raise ValueError("no")

        lanes, _ = self.begun(dispatch, is_async, fail)
        hear(lanes)
        assert dispatch.failure_of("a") == "ValueError: no"
        lanes.close()

    def test_it_waits_on_the_clock_until_it_is_woken(self, dispatch: FakeDispatch, is_async: bool) -> None:
        lanes, _ = self.begun(dispatch, is_async, lambda time: time.sleep_blocking(60))
        assert not lanes.at_rest
        hear(lanes)
        assert lanes.at_rest
        [(seconds, wake)] = dispatch.waits
        assert seconds == 60
        wake()
        assert not lanes.at_rest
        hear(lanes)
        assert dispatch.outcomes["a"]().failure is None
        lanes.close()

    def test_one_that_is_asked_to_end_leaves_its_wait(self, dispatch: FakeDispatch, is_async: bool) -> None:
        lanes, _ = self.begun(dispatch, is_async, lambda time: time.sleep_blocking(60))
        hear(lanes)
        lanes.stop()
        hear(lanes)
        assert dispatch.failure_of("a") == "RunCanceled: the run was cancelled"
        lanes.close()

    def test_one_that_is_given_up_is_gone_and_what_it_still_does_does_not_count(
        self, dispatch: FakeDispatch, is_async: bool
    ) -> None:
        may_end = threading.Event()
        lanes, attempt = self.begun(dispatch, is_async, lambda time: may_end.wait(SECONDS_MAX))
        outcome = lanes.give_up(attempt, TimeoutError("too long"))
        assert outcome.failure is not None
        assert outcome.failure.text == "TimeoutError: too long"
        assert (lanes.taken, lanes.at_rest) == (0, True)
        may_end.set()
        hear(lanes)
        assert dispatch.lines == ["a began"]
        lanes.close()

    def test_one_that_waits_when_nobody_listens_any_more_ends(self, dispatch: FakeDispatch, is_async: bool) -> None:
        has_begun, may_wait, ended = threading.Event(), threading.Event(), threading.Event()

        def waits(time: Any) -> None:
            has_begun.set()
            may_wait.wait(SECONDS_MAX)
            try:
                time.sleep_blocking(60)
            finally:
                ended.set()

        lanes, attempt = self.begun(dispatch, is_async, waits)
        assert has_begun.wait(SECONDS_MAX)  # a coroutine that has not begun would never do so
        lanes.give_up(attempt, TimeoutError("too long"))
        lanes.close()
        may_wait.set()
        assert ended.wait(SECONDS_MAX)

    def test_what_goes_wrong_before_its_function_is_called_is_its_failure(
        self, dispatch: FakeDispatch, is_async: bool
    ) -> None:
        lanes = kinds(dispatch)[is_async]

        def no_context(*_: Any) -> Any:
            raise ValueError("no context")

        lanes.add(StepAttempt(a_step("a", is_async=is_async, new_context=no_context, targets=()), 0, 1))
        lanes.begin_ready()
        hear(lanes)
        assert dispatch.failure_of("a") == "ValueError: no context"
        lanes.close()


def test_no_channel_is_opened_before_something_executes(dispatch: FakeDispatch) -> None:
    for lanes in kinds(dispatch):
        assert lanes.sources() == ()
        lanes.hear([])
        lanes.close()


def test_a_thread_runs_within_the_interceptor(host: CoroutineHost) -> None:
    class Doubles(FakeInterceptor):
        def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Any) -> Any:
            return call(), call()

    calls: list[int] = []
    dispatch = FakeDispatch(a_scope(environment={"coroutines": host, "interceptor": Doubles({})}))
    lanes = ThreadLanes(dispatch, Room(1))
    begun(lanes, lambda time: calls.append(1))
    hear(lanes)
    assert calls == [1, 1]
    lanes.close()


def test_coroutines_are_at_rest_when_one_of_them_blocks_their_loop_on_the_clock(dispatch: FakeDispatch) -> None:
    lanes = CoroutineLanes(dispatch, Room(None))
    never = asyncio.Event()
    begun(lanes, lambda time: never.wait(), is_async=True)
    assert not lanes.at_rest
    begun(lanes, lambda time: awaiting(lambda: time.sleep_blocking(60)), is_async=True)
    hear(lanes)
    assert lanes.at_rest
    lanes.close()


def cleaning(said: list[str]) -> Callable[[Any], Any]:
    async def cleans_up() -> None:
        said.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            said.append("cleaned up")

    return lambda time: cleans_up()


def until_begun(said: list[str]) -> None:
    done = threading.Event()
    while not said:
        done.wait(0.001)


def test_a_coroutine_cleans_up_before_its_end_and_fails_with_what_it_was_ended_for(dispatch: FakeDispatch) -> None:
    lanes, said = CoroutineLanes(dispatch, Room(None)), list[str]()
    begun(lanes, cleaning(said), is_async=True)
    [lane] = lanes.lanes
    assert lane.cleans_up
    until_begun(said)
    lane.stop(TimeoutError("too long"))
    lane.stop(ValueError("and again"))
    hear(lanes)
    assert said == ["begun", "cleaned up"]
    assert dispatch.failure_of("a") == "TimeoutError: too long"
    lanes.close()


def test_closing_gives_coroutines_the_time_to_clean_up(dispatch: FakeDispatch) -> None:
    lanes, said = CoroutineLanes(dispatch, Room(None)), list[str]()
    begun(lanes, cleaning(said), is_async=True)
    until_begun(said)
    lanes.close()
    assert said == ["begun", "cleaned up"]


def test_a_loop_that_another_run_holds_is_left_to_it(dispatch: FakeDispatch, host: CoroutineHost) -> None:
    host.hold(threading.Event())
    lanes = CoroutineLanes(dispatch, Room(None))
    begun(lanes, lambda time: awaiting(lambda: None), is_async=True)
    [lane] = lanes.lanes
    assert lane._host is not host
    hear(lanes)
    lanes.close()
    assert lane._host._loop is None
