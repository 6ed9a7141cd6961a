"""Which attempts begin where there is room, and which could."""

from __future__ import annotations

import pytest

from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.lanes import Room
from tests.execution.dispatch.fakes import FakeDispatch, FakeInterceptor, FakeLane, FakeLanes, a_scope, a_step


def attempts(*names: str) -> list[StepAttempt]:
    return [StepAttempt(a_step(name), position, 1) for position, name in enumerate(names)]


def lanes_of(most: int | None, *names: str) -> tuple[FakeLanes, FakeDispatch]:
    """Lanes with so much room, and these attempts ready, which have come last first."""
    dispatch = FakeDispatch()
    lanes = FakeLanes(dispatch, Room(most))
    for attempt in reversed(attempts(*names)):
        lanes.add(attempt)
    return lanes, dispatch


def test_attempts_begin_in_the_order_of_the_plan_as_far_as_there_is_room() -> None:
    lanes, dispatch = lanes_of(2, "a", "b", "c")
    lanes.begin_ready()
    assert list(lanes.by_step) == ["a", "b"]
    assert dispatch.lines == ["a began", "b began"]
    lanes.end("a")
    lanes.begin_ready()
    assert list(lanes.by_step) == ["b", "c"]


def test_any_number_begins_where_there_is_no_limit() -> None:
    lanes, _ = lanes_of(None, *"abcdefgh")
    lanes.begin_ready()
    assert list(lanes.by_step) == list("abcdefgh")


def test_lanes_that_share_a_room_count_each_others_attempts() -> None:
    room, dispatch = Room(3), FakeDispatch()
    one, other = FakeLanes(dispatch, room), FakeLanes(dispatch, room)
    for lanes, names in ((one, "ab"), (other, "cd")):
        for attempt in attempts(*names):
            lanes.add(attempt)
        lanes.begin_ready()
    assert [list(lanes.by_step) for lanes in (one, other)] == [["a", "b"], ["c"]]
    assert room.free == 0


def test_an_attempt_whose_time_has_passed_while_it_was_ready_does_not_begin() -> None:
    lanes, dispatch = lanes_of(1, "a", "b")
    lanes.ready[0][1].has_ended = True
    lanes.begin_ready()
    assert dispatch.lines == ["b began"]


@pytest.mark.parametrize(
    ("most", "position", "expected"), [(None, 9, True), (1, 0, True), (1, 1, False), (2, 1, True), (0, 0, False)]
)
def test_there_is_room_for_an_attempt_after_those_that_come_before_it(
    most: int | None, position: int, expected: bool
) -> None:
    lanes, _ = lanes_of(most)
    ready, asking = attempts(*"abcdefghij")[0], attempts(*"abcdefghij")[position]
    lanes.add(ready)
    assert lanes.has_room_for(asking) is expected


def simulated(seconds: dict[str, float], *names: str) -> tuple[FakeLanes, FakeDispatch]:
    dispatch = FakeDispatch(a_scope(environment={"interceptor": FakeInterceptor(seconds)}))
    lanes = FakeLanes(dispatch, Room(2))
    for attempt in attempts(*names):
        lanes.add(attempt)
    lanes.begin_ready()
    return lanes, dispatch


def test_simulated_time_passes_between_the_begin_and_the_lane_and_takes_room() -> None:
    lanes, dispatch = simulated({"slow": 60.0}, "slow", "quick", "later")
    assert dispatch.lines == ["slow began", "quick began"]
    assert list(lanes.by_step) == ["quick"]
    assert lanes.at_rest is False
    [(seconds, go_on)] = dispatch.waits
    assert seconds == 60.0
    go_on()
    assert list(lanes.by_step) == ["quick", "slow"]
    go_on()
    assert dispatch.lines == ["slow began", "quick began"]


def test_an_attempt_that_is_given_up_in_its_simulated_time_does_not_go_on() -> None:
    lanes, dispatch = simulated({"slow": 60.0}, "slow")
    [attempt] = lanes.delayed
    outcome = lanes.give_up(attempt, TimeoutError("too late"))
    assert outcome.failure is not None
    assert outcome.failure.text == "TimeoutError: too late"
    dispatch.waits[0][1]()
    assert not lanes.by_step


def test_lanes_are_at_rest_when_each_of_them_sleeps_on_the_clock_or_has_nothing_to_do() -> None:
    lanes, dispatch = lanes_of(2, "a", "b")
    assert lanes.at_rest
    lanes.begin_ready()
    one, other = lanes.lanes
    woken: list[str] = []
    one.sleep(5, lambda: woken.append("a"))
    assert not lanes.at_rest
    other.sleep(6, lambda: woken.append("b"))
    assert lanes.at_rest
    assert [seconds for seconds, _ in dispatch.waits] == [5, 6]
    assert woken == []


@pytest.mark.parametrize("is_stopped", [True, False], ids=["stopped", "with nothing to do"])
def test_a_lane_that_is_to_end_and_one_with_nothing_to_do_do_not_sleep(is_stopped: bool) -> None:
    lane, woken = FakeLane(FakeDispatch()), list[int]()
    if is_stopped:
        [lane.current] = attempts("a")
        lane.stop()
    lane.sleep(5, lambda: woken.append(1))
    assert woken == [1]
    assert not lane.asleep
