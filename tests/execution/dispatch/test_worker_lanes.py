"""How many workers a batch borrows, and which attempts each of them is sent."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.exceptions import ExecutionError
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.dispatch.lanes import Room
from rivers.execution.dispatch.worker_lanes import WorkerLanes
from rivers.execution.steps.compiled_steps import Particulars, Step
from rivers.execution.workers.messages import Done, Execute, Kept, Sleep
from rivers.execution.workers.pool import Pace
from tests.execution.dispatch.fakes import FakeDispatch, FakeInterceptor, FakeWorker, a_scope, a_step

SMALL = 1e-6
"""Seconds that make a step small."""


class FakePool:
    """Lends fake workers, which cannot be sent the steps in ``refused``."""

    def __init__(self, seconds: float | None, refused: str = "") -> None:
        self.pace = Pace()
        self.pace.seconds = seconds
        self.idle_count = 0
        self.lent: list[FakeWorker] = []
        self.returned: list[FakeWorker] = []
        self.killed: list[FakeWorker] = []
        self._refused = refused

    def lend(self) -> FakeWorker:
        self.lent.append(FakeWorker(refused=self._refused))
        return self.lent[-1]

    def take_back(self, worker: FakeWorker, keep: int) -> None:
        self.returned.append(worker)

    def discard(self, worker: FakeWorker) -> None:
        self.killed.append(worker)


class Bench:
    """Lanes for these steps, which have begun as far as there is room."""

    def __init__(
        self, *steps: Step, most: int = 2, seconds: float | None = None, interceptor: Any = None, refused: str = ""
    ) -> None:
        self.pool = FakePool(seconds, refused)
        self.dispatch = FakeDispatch(a_scope(environment={"workers": self.pool, "interceptor": interceptor}))
        self.lanes = WorkerLanes(self.dispatch, Room(most))
        for position, step in enumerate(steps):
            self.lanes.add(StepAttempt(step, position, 1))
        self.lanes.begin_ready()

    @property
    def sent(self) -> list[list[int]]:
        """How many attempts each worker was sent at a time."""
        return [
            [len(message.orders) for message in worker.sent if isinstance(message, Execute)]
            for worker in self.pool.lent
        ]

    def hears(self, worker: int, *messages: object) -> None:
        said = self.pool.lent[worker]
        said.messages += messages
        self.lanes.hear([said])


def several(count: int, **changes: Any) -> list[Step]:
    return [a_step(f"s{number:02}", **changes) for number in range(count)]


def test_steps_of_unknown_length_get_a_worker_each_as_far_as_there_is_room() -> None:
    bench = Bench(*several(5))
    assert bench.sent == [[1], [1]]
    assert bench.dispatch.lines == ["s00 began, not its time", "s01 began, not its time"]
    bench.hears(1, Done(StepOutcome(), 1.0))
    assert bench.dispatch.lines[2:] == ["s01 ended"]
    bench.lanes.begin_ready()
    assert bench.sent == [[1], [1, 1]]


def test_small_steps_share_a_message_and_need_no_second_worker() -> None:
    bench = Bench(*several(40), seconds=SMALL)
    assert bench.sent == [[10]]
    assert bench.dispatch.lines == ["s00 began, not its time"], "the others begin when it says so"


@pytest.mark.parametrize("changes", [{"new_context": print}, {"timeout": 5.0}, {"pools": (("db", 1),)}])
def test_a_step_that_may_wait_travels_alone(changes: dict[str, Any]) -> None:
    small, large = several(20), a_step("large", **changes)
    bench = Bench(large, *small, most=1, seconds=SMALL)
    assert bench.sent == [[1]]
    assert Bench(*small[:2], large, *small[2:], most=1, seconds=SMALL).sent == [[2]]


def test_what_is_sent_at_once_ends_with_the_first_large_element(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivers.execution.dispatch.worker_lanes.ELEMENT_BYTES_MAX", 1000)
    monkeypatch.setattr(Pace, "batch", lambda self, remaining, workers: remaining)
    compiled = a_step("map", element_parameter="n")
    elements = ["small", "x" * 2000, "small", "small"]
    steps = [compiled.with_particulars(Particulars(name=f"map[{n}]", element=e)) for n, e in enumerate(elements)]
    bench = Bench(*steps, most=1)
    assert bench.sent == [[2]]
    assert sorted(bench.dispatch.lines) == ["map[0] began, not its time", "map[2] is back", "map[3] is back"]


def test_what_cannot_be_sent_ends_here_and_that_a_map_cannot_is_found_out_once() -> None:
    compiled = a_step("map", element_parameter="n")
    steps = [compiled.with_particulars(Particulars(name=f"map[{n}]", element=n)) for n in range(2)]
    bench = Bench(*steps, most=1, refused="map")
    assert bench.sent == [[]]
    assert bench.dispatch.lines == ["map[0] began", "map[0] ended", "map[1] began", "map[1] ended"]
    assert bench.dispatch.failure_of("map[1]") == "ExecutionError: map[0] cannot be sent"


def test_a_worker_that_died_is_replaced_and_what_it_had_not_begun_is_back() -> None:
    bench = Bench(*several(20), most=1, seconds=SMALL)
    bench.hears(0, EOFError())
    assert bench.dispatch.lines[1:3] == ["s00 ended", "s01 is back"]
    assert bench.pool.killed == bench.pool.lent
    assert list(bench.lanes.lanes) == []


def test_an_attempt_that_is_given_up_takes_its_worker_along_and_no_other_attempt() -> None:
    bench = Bench(*several(20), most=1, seconds=SMALL)
    bench.hears(0, Kept(StepOutcome()))
    [lane] = bench.lanes.lanes
    assert lane.current is not None
    outcome = bench.lanes.give_up(lane.current, TimeoutError("too long"))
    assert outcome.failure is not None
    assert not outcome.failure.repeatable, "it had stored something"
    assert bench.pool.killed == bench.pool.lent
    assert bench.dispatch.lines[1:] == [f"s{number:02} is back" for number in range(1, bench.sent[0][0])]


def test_workers_that_sleep_on_the_clock_are_not_listened_to_and_keep_their_room() -> None:
    bench = Bench(*several(3), most=2)
    assert list(bench.lanes.sources()) == bench.pool.lent
    bench.hears(0, Sleep(5.0))
    assert list(bench.lanes.sources()) == bench.pool.lent[1:]
    assert (bench.lanes.at_rest, bench.lanes.taken) == (False, 2)
    bench.hears(1, Sleep(5.0))
    assert bench.lanes.at_rest


def test_free_workers_go_back_and_busy_ones_are_killed() -> None:
    bench = Bench(*several(2))
    bench.hears(1, Done(StepOutcome(), 1.0))
    bench.lanes.close()
    assert (bench.pool.killed, bench.pool.returned) == (bench.pool.lent[:1], bench.pool.lent[1:])


class Answers(FakeInterceptor):
    """Answers in place of one step, refuses another, and sends the rest to workers."""

    def around(self, step: str, attempt: int, call: Any, clock: Any) -> Any:
        if step == "refused":
            raise ExecutionError("not in this simulation")
        return None if step == "answered" else call()


def test_an_interceptor_is_asked_about_each_before_it_is_sent() -> None:
    steps = [a_step("refused"), *several(3)]
    bench = Bench(*steps, most=3, seconds=SMALL, interceptor=Answers({"s01": 30.0}))
    assert bench.dispatch.lines == ["refused began", "refused ended", "s00 began", "s01 began", "s02 began"]
    assert bench.dispatch.failure_of("refused") == "ExecutionError: not in this simulation"
    assert bench.sent == [[1], [1]]
    bench.dispatch.waits[0][1]()
    assert bench.sent == [[1], [1], [1]]
