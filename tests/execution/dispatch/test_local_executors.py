"""Where the executors of this machine have steps executed, and which of them go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.dispatch.lanes import HERE
from rivers.execution.dispatch.local_executors import IN_PROCESS, LOOP, PARALLEL, THREAD, WORKER, place_of
from rivers.execution.steps.command import ShellCommand
from rivers.execution.steps.compiled_steps import Step
from rivers.repository.code_repository import CodeRepository
from tests.execution import worker_functions as functions

Build = Callable[..., CodeRepository]


PLAIN: dict[str, Any] = {}
TIMED = {"timeout": 1.0}
COMMAND = {"command": ShellCommand("true")}
COROUTINE = {"is_async": True}


@pytest.mark.rule("execution 6.3")
@pytest.mark.parametrize(
    ("changes", "in_memory", "in_process", "alone", "beside_others"),
    [
        (PLAIN, False, HERE, HERE, WORKER),
        (PLAIN, True, HERE, HERE, HERE),
        (TIMED, False, THREAD, WORKER, WORKER),
        (TIMED, True, THREAD, THREAD, THREAD),
        (COMMAND, False, HERE, HERE, THREAD),
        (COMMAND | TIMED, False, THREAD, THREAD, THREAD),
        (COROUTINE, False, LOOP, LOOP, LOOP),
    ],
)
def test_the_place_of_a_step(
    build: Build,
    tmp_path: Any,
    changes: dict[str, Any],
    in_memory: bool,
    in_process: str,
    alone: str,
    beside_others: str,
) -> None:
    handler = rs.InMemoryIOHandler() if in_memory else rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    bound = build(rs.Asset(functions.process, name="step", io_handler=handler))._resolved
    [[step]] = bound._levels(["step"], bound.resources, {})
    step = replace(step, **changes)
    places = [
        place_of(step, is_parallel=is_parallel, is_alone=is_alone, has_interceptor=False)
        for is_parallel, is_alone in ((False, False), (True, True), (True, False))
    ]
    assert places == [in_process, alone, beside_others]


def test_a_coroutine_within_an_interceptor_has_the_thread_of_the_run(build: Build) -> None:
    bound = build(rs.Asset(functions.process, name="step"))._resolved
    [[step]] = bound._levels(["step"], bound.resources, {})
    awaited = replace(step, is_async=True)
    assert place_of(awaited, is_parallel=True, is_alone=False, has_interceptor=True) is HERE


POOLED = {"pools": (("db", 1),)}


def steps_with(build: Build, tmp_path: Any, *changes: dict[str, Any]) -> list[Step]:
    """Steps that a worker could execute, called a, b, c and so on."""
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    bound = build(rs.Asset(functions.process, name="step", io_handler=handler))._resolved
    [[step]] = bound._levels(["step"], bound.resources, {})
    return [replace(step, name=chr(ord("a") + position), **each) for position, each in enumerate(changes)]


def told(rounds: Any) -> list[dict[str, str]]:
    return [{step.name: place for step, place in steps} for steps in rounds]


@pytest.mark.parametrize(
    ("changes", "in_process", "parallel"),
    [
        ((), [], []),
        ((PLAIN,), [{"a": HERE}], [{"a": HERE}]),
        ((PLAIN, PLAIN), [{"a": HERE}, {"b": HERE}], [{"a": WORKER, "b": WORKER}]),
        (
            (PLAIN, COROUTINE, TIMED, COROUTINE),
            [{"b": LOOP, "d": LOOP}, {"a": HERE}, {"c": THREAD}],
            [{"a": WORKER, "b": LOOP, "c": WORKER, "d": LOOP}],
        ),
        ((PLAIN, COROUTINE), [{"b": LOOP}, {"a": HERE}], [{"a": HERE, "b": LOOP}]),
        ((POOLED,), [{"a": HERE}], [{"a": HERE}]),
        ((TIMED, POOLED, PLAIN), [{"b": HERE, "c": HERE}, {"a": THREAD}], [{"a": WORKER, "b": WORKER, "c": WORKER}]),
        ((TIMED | POOLED,), [{"a": THREAD}], [{"a": WORKER}]),
    ],
)
def test_what_executes_beside_each_other(
    build: Build,
    tmp_path: Any,
    changes: tuple[dict[str, Any], ...],
    in_process: list[dict[str, str]],
    parallel: list[dict[str, str]],
) -> None:
    steps = steps_with(build, tmp_path, *changes)
    assert told(IN_PROCESS.rounds(steps, rs.Executor.in_process(), False)) == in_process
    assert told(PARALLEL.rounds(steps, rs.Executor.parallel(2), False)) == parallel
