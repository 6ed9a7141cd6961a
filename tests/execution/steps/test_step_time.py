"""Time as steps see it: waits that end early for a cancelled run."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from rivers.clock import WallClock
from rivers.exceptions import RunCanceled
from rivers.execution.steps.step_time import Cancellation, LaneTime, RunTime
from rivers.storage import Storage


class Stepped(WallClock):
    """Time that passes by waiting; ``naps`` are the waits."""

    def __init__(self, storage: Storage) -> None:
        self.naps: list[float] = []
        self.storage = storage
        super().__init__(mono=lambda: sum(self.naps))

    def sleep_blocking(self, seconds: float, *, interrupt: object = None) -> None:
        self.naps.append(seconds)


@pytest.fixture
def clock() -> Generator[Stepped]:
    with Storage.memory() as storage:
        yield Stepped(storage)


def cancellation(clock: Stepped) -> Cancellation:
    return Cancellation(clock.storage, "r", clock)


def test_naps_grow_with_the_wait_up_to_half_a_minute(clock: Stepped) -> None:
    RunTime(clock, cancellation(clock)).sleep_blocking(100)
    assert clock.naps == [1, 1, 2, 4, 8, 16, 30, 30, 8]


def test_a_backoff_is_looked_at_every_second(clock: Stepped) -> None:
    RunTime(clock, cancellation(clock)).nap(3.5)
    assert clock.naps == [1, 1, 1, 0.5]


def test_no_time_at_all_is_still_a_wait_on_the_clock(clock: Stepped) -> None:
    RunTime(clock, cancellation(clock)).sleep_blocking(0)
    assert clock.naps == [0]


def test_storage_is_not_asked_again_within_a_tenth_of_a_second(clock: Stepped) -> None:
    flag = cancellation(clock)
    asked: list[int] = []
    flag.check = lambda: bool(asked.append(1))
    flag.glance()
    assert asked == []
    clock.naps.append(0.2)
    flag.glance()
    assert asked == [1]


def test_another_thread_of_the_step_waits_by_itself(clock: Stepped) -> None:
    time = RunTime(clock, cancellation(clock))
    served: list[float] = []
    time.sleeper = served.append
    time.sleep_blocking(5)
    thread = threading.Thread(target=time.sleep_blocking, args=(0.5,))
    thread.start()
    thread.join()
    assert served == [5]
    assert clock.naps == [0.5]


def test_a_lane_waits_until_it_is_woken_and_is_told_when_to_stop(clock: Stepped) -> None:
    asked: list[float] = []

    def ask(seconds: float, over: threading.Event) -> bool:
        asked.append(seconds)
        over.set()
        return seconds < 10

    time = LaneTime(clock, cancellation(clock), ask)
    time.sleep_blocking(5)
    with pytest.raises(RunCanceled):
        time.sleep_blocking(10)  # nobody listens any more
    assert not time.cancelled()
    assert time.was_refused_here()
    time.stop()
    assert time.cancelled()
    with pytest.raises(RunCanceled):
        time.sleep_blocking(5)
    assert asked == [5, 10]


def test_a_lane_that_waits_when_it_is_stopped_waits_no_longer(clock: Stepped) -> None:
    def ask(seconds: float, over: threading.Event) -> bool:
        threading.Thread(target=time.stop).start()
        return True

    time = LaneTime(clock, cancellation(clock), ask)
    with pytest.raises(RunCanceled):
        time.sleep_blocking(3600)
    assert time.was_refused_here()
    elsewhere: list[bool] = []
    thread = threading.Thread(target=lambda: elsewhere.append(time.was_refused_here()))
    thread.start()
    thread.join()
    assert elsewhere == [False]


def test_everything_else_is_answered_by_the_clock(clock: Stepped) -> None:
    assert RunTime(clock, cancellation(clock)).now_ns() > 0
