"""Places for the instances of a map that has a limit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

import rivers as rs
from rivers.execution.lanes import Try
from rivers.execution.quotas import Quotas
from rivers.execution.steps import Particulars, Step
from rivers.graph.plan import plan_execution


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


def tries(repo: rs.CodeRepository, graph: str, count: int) -> list[Try]:
    """Instances of the map of a graph."""
    [[planned]] = plan_execution(repo.graph, [f"{graph}/square"]).levels
    compiled = repo._resolved.steps.step(planned).instance
    assert isinstance(compiled, Step)
    steps = [compiled.with_particulars(Particulars(name=f"{compiled.name}[{n}]", element=n)) for n in range(count)]
    return [Try(step, position, 1) for position, step in enumerate(steps)]


def test_no_more_are_admitted_than_the_limit_and_each_place_is_handed_on(repo: rs.CodeRepository) -> None:
    quotas, [first, second, third, fourth] = Quotas(), tries(repo, "two", 4)
    assert [quotas.admits(tried) for tried in (first, second, third, fourth)] == [True, True, False, False]
    assert quotas.leave(second) is third
    assert quotas.leave(first) is fourth
    assert quotas.leave(third) is None
    assert quotas.admits(first)


def test_each_map_has_a_limit_of_its_own(repo: rs.CodeRepository) -> None:
    quotas = Quotas()
    assert [quotas.admits(tried) for tried in tries(repo, "one", 2)] == [True, False]
    assert [quotas.admits(tried) for tried in tries(repo, "two", 2)] == [True, True]
    assert all(quotas.admits(tried) for tried in tries(repo, "any", 5))


def test_who_waits_can_be_sent_home(repo: rs.CodeRepository) -> None:
    quotas, waiting = Quotas(), tries(repo, "one", 3)
    admitted = [tried for tried in waiting if quotas.admits(tried)]
    assert quotas.withdraw() == 2
    assert quotas.leave(admitted[0]) is None


def test_other_steps_need_no_place(repo: rs.CodeRepository) -> None:
    [[planned]] = plan_execution(repo.graph, ["one/ids"]).levels
    tried = Try(repo._resolved.steps.step(planned), 0, 1)
    quotas = Quotas()
    assert quotas.admits(tried)
    assert quotas.leave(tried) is None
