"""When the notes of an instant are settled, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Generator
from multiprocessing.connection import wait
from typing import Any

import pytest

import rivers as rs
from rivers.execution.dispatch.agenda import Inbox, Instant, Quotas, Timers
from rivers.execution.dispatch.lane import StepAttempt
from rivers.execution.steps.compiled_steps import Particulars, Step
from rivers.graph.plan import plan_execution


def test_notes_are_settled_in_order_of_the_plan_when_time_has_passed_or_nothing_goes_on() -> None:
    now = [0.0]
    carried_out: list[str] = []
    instant = Instant(lambda: now[0])
    assert not instant.is_over(quiet=True)
    instant.ended((1, 1), lambda: carried_out.append("end of 1"))
    instant.began((2, 1), lambda: carried_out.append("begin of 2"))
    instant.began((1, 1), lambda: carried_out.append("begin of 1"))
    instant.began((0, 2), lambda: carried_out.append("second begin of 0"))
    instant.ended((0, 1), lambda: carried_out.append("end of 0"))
    assert not instant.is_over(quiet=False)
    assert instant.is_over(quiet=True)
    now[0] = 1e-9
    assert instant.is_over(quiet=False)
    instant.settle()
    assert carried_out == ["end of 0", "second begin of 0", "begin of 1", "end of 1", "begin of 2"]
    assert not instant.is_over(quiet=True)


def test_where_time_passes_by_itself_notes_are_settled_in_order_of_arrival() -> None:
    readings = iter(range(100))
    carried_out: list[str] = []
    instant = Instant(lambda: float(next(readings)))
    instant.ended((3, 1), lambda: carried_out.append("end of 3"))
    instant.ended((1, 1), lambda: carried_out.append("end of 1"))
    assert instant.is_over(quiet=False)
    instant.settle()
    assert carried_out == ["end of 3", "end of 1"]


def test_a_note_made_while_settling_belongs_to_the_next_time() -> None:
    carried_out: list[int] = []
    instant = Instant(lambda: 0.0)
    instant.ended((0, 1), lambda: instant.began((0, 2), lambda: carried_out.append(2)))
    instant.settle()
    assert carried_out == []
    assert instant.is_over(quiet=True)
    instant.settle()
    assert carried_out == [2]


def is_readable(inbox: Inbox[int]) -> bool:
    return bool(wait([inbox.fileno()], 0))


def test_it_is_readable_while_something_is_in_it_and_keeps_the_order() -> None:
    inbox = Inbox[int]()
    assert not is_readable(inbox)
    for number in range(3):
        assert inbox.put(number)
    assert is_readable(inbox)
    assert inbox.take() == [0, 1, 2]
    assert not is_readable(inbox)
    assert inbox.take() == []
    inbox.close()


def test_a_thread_that_waits_for_it_is_woken() -> None:
    inbox = Inbox[int]()
    teller = threading.Thread(target=inbox.put, args=(7,))
    teller.start()
    assert wait([inbox.fileno()], 10)
    assert inbox.take() == [7]
    teller.join()
    inbox.close()


def test_a_closed_one_takes_nothing_and_gives_back_what_was_left() -> None:
    inbox = Inbox[int]()
    inbox.put(1)
    assert inbox.close() == [1]
    assert not inbox.put(2)
    assert inbox.close() == []


@rs.Task
def ids() -> list[int]:
    return [1, 2, 3]


@rs.Task
def square(n: int) -> int:
    return n * n


@pytest.fixture
def repo() -> Generator[rs.CodeRepository]:
    bodies: dict[str, Any] = {
        "two": lambda: ids().map(square, max_concurrency=2).collect(),
        "one": lambda: ids().map(square, max_concurrency=1).collect(),
        "any": lambda: ids().map(square).collect(),
    }
    made = rs.CodeRepository([rs.Asset.from_graph(body, name) for name, body in bodies.items()], tasks=[ids, square])
    with rs.Storage.memory() as storage:
        made.resolve(storage)
        yield made
        made.shutdown()


def attempts(repo: rs.CodeRepository, graph: str, count: int) -> list[StepAttempt]:
    """Instances of the map of a graph."""
    [[planned]] = plan_execution(repo.graph, [f"{graph}/square"]).levels
    compiled = repo._resolved.steps.step(planned).instance
    assert isinstance(compiled, Step)
    steps = [compiled.with_particulars(Particulars(name=f"{compiled.name}[{n}]", element=n)) for n in range(count)]
    return [StepAttempt(step, position, 1) for position, step in enumerate(steps)]


def test_no_more_are_admitted_than_the_limit_and_each_place_is_handed_on(repo: rs.CodeRepository) -> None:
    quotas, [first, second, third, fourth] = Quotas(), attempts(repo, "two", 4)
    assert [quotas.admits(attempt) for attempt in (first, second, third, fourth)] == [True, True, False, False]
    assert quotas.leave(second) is third
    assert quotas.leave(first) is fourth
    assert quotas.leave(third) is None
    assert quotas.admits(first)


def test_each_map_has_a_limit_of_its_own(repo: rs.CodeRepository) -> None:
    quotas = Quotas()
    assert [quotas.admits(attempt) for attempt in attempts(repo, "one", 2)] == [True, False]
    assert [quotas.admits(attempt) for attempt in attempts(repo, "two", 2)] == [True, True]
    assert all(quotas.admits(attempt) for attempt in attempts(repo, "any", 5))


def test_who_waits_can_be_sent_home(repo: rs.CodeRepository) -> None:
    quotas, waiting = Quotas(), attempts(repo, "one", 3)
    admitted = [attempt for attempt in waiting if quotas.admits(attempt)]
    assert quotas.withdraw() == 2
    assert quotas.leave(admitted[0]) is None


def test_other_steps_need_no_place(repo: rs.CodeRepository) -> None:
    [[planned]] = plan_execution(repo.graph, ["one/ids"]).levels
    attempt = StepAttempt(repo._resolved.steps.step(planned), 0, 1)
    quotas = Quotas()
    assert quotas.admits(attempt)
    assert quotas.leave(attempt) is None


def test_a_deadline_between_two_microseconds_is_due_when_the_clock_has_come_as_near_as_it_can() -> None:
    timers = Timers()
    timers.set(20.1234564, (0,), print)
    assert timers.take_due(20.123456) == [print]


def test_what_is_due_comes_once_by_deadline_then_place_then_as_it_was_set() -> None:
    timers = Timers()
    carried_out: list[str] = []
    for deadline, order, name in [
        (2.0, (0, 1), "later"),
        (1.0, (1, 1), "second"),
        (1.0, (0, 1), "first"),
        (1.0, (1, 1), "third"),
        (1.0, (), "before all"),
    ]:
        timers.set(deadline, order, lambda name=name: carried_out.append(name))
    assert timers.next() == 1.0
    for action in timers.take_due(1.5):
        action()
    assert carried_out == ["before all", "first", "second", "third"]
    assert timers.next() == 2.0
    assert timers.take_due(1.5) == []
    assert len(timers.take_due(2.0)) == 1
    assert timers.next() is None
