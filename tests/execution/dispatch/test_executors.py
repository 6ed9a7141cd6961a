"""An executor that nothing in ``rivers`` knows of runs steps once its entry is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.agenda import Inbox
from rivers.execution.dispatch.executor_entry import ExecutorEntry, Round
from rivers.execution.dispatch.executors import EXECUTORS, configured, entry_of
from rivers.execution.dispatch.lane import Dispatch, Lane, StepAttempt
from rivers.execution.dispatch.lanes import Lanes, Room
from rivers.execution.runs.inline import attempt_here
from rivers.execution.steps.compiled_steps import Step
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage

Build = Callable[..., CodeRepository]


@dataclass(frozen=True)
class ThreadPool(rs.Executor):
    """Every step on a thread of a pool of the standard library."""

    threads_max: int = 2


class PoolThread(Lane):
    def give_up(self, error: BaseException) -> StepOutcome:
        return StepOutcome(failure=AttemptFailure.of(error))


class PoolThreads(Lanes):
    def __init__(self, dispatch: Dispatch, threads_max: int) -> None:
        super().__init__(dispatch, Room(threads_max))
        self._threads = ThreadPoolExecutor(threads_max, "pool-of-the-test")
        self._ended = Inbox[tuple[PoolThread, Future[StepOutcome]]]()
        self._lanes: dict[PoolThread, None] = {}

    @property
    def lanes(self) -> Collection[Lane]:
        return self._lanes

    @property
    def taken(self) -> int:
        return len(self._lanes)

    def start(self, attempt: StepAttempt) -> None:
        lane = attempt.lane = PoolThread(self._dispatch)
        lane.current = attempt
        self._lanes[lane] = None
        future = self._threads.submit(attempt_here, self._dispatch.scope, attempt.step, attempt.number)
        future.add_done_callback(lambda future: self._ended.put((lane, future)))

    def sources(self) -> Sequence[Any]:
        return [self._ended]

    def hear(self, readable: Sequence[Any]) -> None:
        for lane, future in self._ended.take():
            del self._lanes[lane]
            assert lane.current is not None
            self._dispatch.ended(lane.current, future.result)

    def close(self) -> None:
        self._threads.shutdown()
        self._ended.close()


def all_together(steps: Sequence[Step], options: ThreadPool, has_interceptor: bool) -> Sequence[Round]:
    return [[(step, "pool") for step in steps]]


def pool_threads(dispatch: Dispatch, options: ThreadPool) -> Mapping[str, Lanes]:
    return {"pool": PoolThreads(dispatch, options.threads_max)}


@pytest.fixture(autouse=True)
def entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS, "thread_pool", ExecutorEntry("thread_pool", ThreadPool, all_together, pool_threads))


Choose = Mapping[str, Any]


def diamond(**settings: Any) -> list[Any]:
    """Two assets beside each other between two others. The second has to be attempted twice."""
    attempts: list[int] = []
    meeting = threading.Barrier(2, timeout=30)

    def first() -> list[str]:
        return [threading.current_thread().name]

    def left(first: list[str]) -> list[str]:
        meeting.wait()
        return [*first, threading.current_thread().name]

    def right(first: list[str]) -> list[str]:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("not yet")
        meeting.wait()
        return [*first, threading.current_thread().name]

    def last(left: list[str], right: list[str]) -> list[str]:
        return [*left, *right, threading.current_thread().name]

    return [rs.Asset(each, retry=rs.RetryPolicy(1), **settings) for each in (first, left, right, last)]


@pytest.mark.parametrize("way", ["repository", "job", "run config", "metadata"])
def test_it_is_chosen_like_any_other_and_runs_a_graph(build: Build, storage: Storage, way: str) -> None:
    assets = diamond(metadata={"rivers/executor": "thread_pool"} if way == "metadata" else None)
    job = rs.Job("all", assets, executor=ThreadPool() if way == "job" else None)
    repo = build(*assets, jobs=[job], default_executor=ThreadPool(2) if way == "repository" else None)
    if way == "job":
        result = repo.get_job("all").execute()
    else:
        execution = {"executor": "thread_pool", "threads_max": 2}
        result = repo.materialize(config={"execution": execution} if way == "run config" else None)
    assert result.success
    names = repo.load_node("last")
    assert len(names) == 5
    assert all(name.startswith("pool-of-the-test") for name in names)
    types = [event.event_type for event in storage.get_events_for_run(result.run_id) if event.asset_key == "right"]
    assert types == ["StepStart", "StepRetry", "StepStart", "Materialization", "StepSuccess"]


def test_its_name_is_among_those_that_a_mistake_is_told(build: Build) -> None:
    def step() -> None: ...

    with pytest.raises(ConfigurationError, match="must be one of in_process, parallel, thread_pool"):
        build(rs.Asset(step, metadata={"rivers/executor": "dask"})).materialize()
    with pytest.raises(ConfigurationError, match="expected executor, max_workers, max_async_concurrent, threads_max"):
        build(rs.Asset(step)).materialize(config={"execution": {"threads": 1}})


IN_PROCESS, PARALLEL = rs.Executor.in_process(), rs.Executor.parallel(3, 4)


@pytest.mark.parametrize(
    ("name", "options", "default", "expected"),
    [
        (None, {}, PARALLEL, None),
        ("in_process", {}, PARALLEL, IN_PROCESS),
        ("in_process", {"max_async_concurrent": 2}, PARALLEL, IN_PROCESS),
        ("parallel", {"max_workers": 5}, PARALLEL, rs.Executor.parallel(5, 4)),
        ("parallel", {"max_workers": 5}, IN_PROCESS, rs.Executor.parallel(5)),
        (None, {"max_async_concurrent": 7}, PARALLEL, rs.Executor.parallel(3, 7)),
        (None, {"threads_max": 9}, PARALLEL, ThreadPool(9)),
        ("thread_pool", {}, ThreadPool(4), ThreadPool(4)),
    ],
)
def test_options_of_a_run_config_go_over_those_of_the_repository(
    name: str | None, options: dict[str, Any], default: rs.Executor, expected: rs.Executor | None
) -> None:
    assert configured(name, options, default) == expected


def test_options_that_no_executor_has_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no executor has all of the options threads_max, max_workers"):
        configured(None, {"threads_max": 1, "max_workers": 1}, IN_PROCESS)


def test_what_this_process_does_not_have_has_no_entry() -> None:
    assert entry_of(rs.Executor.kubernetes()) is None
    assert entry_of(IN_PROCESS) is EXECUTORS["in_process"]
