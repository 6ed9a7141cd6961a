"""Assets that read their own previous value, wherever they execute. What handlers say meanwhile is in test_loading."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.repository.code_repository import CodeRepository
from tests.execution import previous_value_steps as steps

Build = Callable[..., CodeRepository]

PLACES = [rs.Executor.in_process(), rs.Executor.parallel(2)]
FUNCTIONS: list[Callable[..., Any]] = [steps.one, steps.other, steps.later]


@pytest.fixture
def handler(tmp_path: Path) -> rs.PickleIOHandler:
    return rs.PickleIOHandler(store=LocalStore(tmp_path / "values", mkdir=True))


def assets(handler: Any, functions: list[Callable[..., Any]] | None = None) -> list[Any]:
    return [rs.Asset(function, io_handler=handler) for function in functions or FUNCTIONS]


@pytest.mark.rule("assets 8.1")
@pytest.mark.parametrize("executor", PLACES, ids=repr)
def test_each_run_sees_the_value_of_the_run_before(build: Build, handler: Any, executor: rs.Executor) -> None:
    repo = build(*assets(handler), default_executor=executor)
    for _ in range(3):
        assert repo.materialize().failed_assets == []
    values = {function.__name__: repo.load_node(function.__name__) for function in FUNCTIONS}
    assert {name: len(value) for name, value in values.items()} == {"one": 3, "other": 3, "later": 3}
    here = {name for name, value in values.items() if os.getpid() in value}
    assert here == ({"one", "other", "later"} if executor == rs.Executor.in_process() else {"later"})


def test_it_outlives_the_repository_with_a_handler_that_keeps_values(build: Build, handler: Any) -> None:
    for _ in range(2):
        build(*assets(handler), default_executor=PLACES[0]).materialize()
    assert len(build(*assets(handler)).load_node("one")) == 2


def test_a_damaged_value_counts_as_none_and_is_replaced(build: Build, handler: Any, tmp_path: Path) -> None:
    repo = build(*assets(handler), default_executor=PLACES[0])
    repo.materialize()
    for function in FUNCTIONS:
        (tmp_path / "values" / f"{function.__name__}.pkl").write_bytes(b"damaged")
    assert repo.materialize().failed_assets == []
    assert [len(repo.load_node(function.__name__)) for function in FUNCTIONS] == [1, 1, 1]


def test_a_failed_run_leaves_the_previous_value(build: Build) -> None:
    fails: list[bool] = []

    @rs.Asset
    async def counter(self: rs.SelfDependency[int]) -> int:
        if fails:
            raise ValueError("not this time")
        return (self.get_inner() or 0) + 1

    repo = build(counter)
    repo.materialize()
    fails.append(True)
    assert not repo.materialize(raise_on_error=False).success
    fails.clear()
    repo.materialize()
    assert repo.load_node("counter") == 2


@pytest.mark.rule("assets 8.2")
@pytest.mark.parametrize(
    ("executor", "wrong"),
    [*((PLACES[0], wrong) for wrong in (steps.bare, steps.mistyped, steps.bare_later)), (PLACES[1], steps.bare)],
    ids=lambda each: getattr(each, "__name__", repr(each)),
)
def test_a_self_of_another_kind_fails_its_step_alone(
    build: Build, handler: Any, executor: rs.Executor, wrong: Callable[..., Any]
) -> None:
    name = wrong.__name__
    repo = build(*assets(handler, [steps.one, steps.other, wrong]), default_executor=executor)
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [
        (name, f"ExecutionError: Parameter 'self' of asset '{name}' must be annotated SelfDependency[T]")
    ]
    with pytest.raises(ExecutionError, match=rf"asset '{name}' must be annotated SelfDependency\[T\]"):
        repo.materialize([name])


def test_values_in_memory_are_kept_between_parallel_runs_of_one_repository(build: Build) -> None:
    repo = build(*assets(None), default_executor=rs.Executor.parallel(2))
    for _ in range(2):
        assert repo.materialize().failed_assets == []
    assert [len(repo.load_node(function.__name__)) for function in FUNCTIONS] == [2, 2, 2]
