"""Runs that end in one moment are stored in one commit; each ending reaches storage whoever is left to write it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.daemons.endings import Endings, Handover
from rivers.daemons.left_behind import LeftBehind
from rivers.exceptions import ExecutionError
from rivers.execution.runs.results import Ending, RunResult
from rivers.simulation.step_behaviour import SimulatedSteps
from rivers.storage.changes import Change, RunChange

pytestmark = pytest.mark.anyio


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
async def awaited() -> int:
    return 1


REPO = rs.CodeRepository([raw, awaited], default_executor=rs.Executor.in_process())


class Leaving(SimulatedSteps):
    """Goes off where nobody expects user code."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(durations={}, failures={}, execute=True, patch_time=False)
        self._error = error

    def seconds(self, step: str, attempt: int) -> float:
        raise self._error


class Book:
    """Endings of one stage, and what they say of each run."""

    def __init__(self, play: Any) -> None:
        self.play = play
        self.stored: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.commits: list[list[str]] = []
        self.endings = Endings(play.store, play.clock, self.stored.append, self._refuse)
        play.engine.subscribe(self._note)

    def _refuse(self, run_id: str, error: Exception) -> None:
        self.refused.append((run_id, str(error)))

    def _note(self, changes: Sequence[Change]) -> None:
        self.commits.append([change.run_id for change in changes if isinstance(change, RunChange)])

    def start(self, *run_ids: str) -> None:
        for run_id in run_ids:
            self.play.create(run_id)
        self.play.start(*run_ids)
        self.commits.clear()

    def ending(self, run_id: str, status: str = "Success") -> Ending:
        error = "E: boom" if status == "Failure" else None
        return Ending(RunResult(status == "Success", run_id), status, self.play.clock.now_ns(), error)

    async def take(self, *endings: Ending) -> None:
        async with anyio.create_task_group() as group:
            for ending in endings:
                group.start_soon(self.endings.take, ending)
            await self.play.clock.settle()


async def test_those_of_one_instant_are_one_commit(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        book.start("a", "b", "c")
        await book.take(*map(book.ending, ("a", "b", "c")))
        assert [sorted(commit) for commit in book.commits] == [["a", "b", "c"]]
        assert sorted(book.stored) == ["a", "b", "c"]
        assert {play.status(run_id) for run_id in ("a", "b", "c")} == {"Success"}


async def test_many_are_stored_in_commits_of_fifty(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        run_ids = [f"r{number:03}" for number in range(120)]
        book.start(*run_ids)
        await book.take(*map(book.ending, run_ids))
        assert [len(commit) for commit in book.commits] == [50, 50, 20]
        assert sorted(book.stored) == run_ids


async def test_a_failure_is_stored_beside_the_successes_with_its_reason(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        book.start("bad", "good")
        await book.take(book.ending("bad", "Failure"), book.ending("good"))
        assert (play.status("good"), play.status("bad")) == ("Success", "Failure")
        assert play.storage.get_run("bad").error == "E: boom"
        assert sorted(book.stored) == ["bad", "good"]


async def test_a_group_that_storage_refuses_is_stored_one_by_one(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        book.start("a", "b")
        refusals = iter([["THROW 'not now'"], None, ["THROW 'never'"]])
        play.engine._engine.rewrite = lambda statements: next(refusals, None) or statements
        await book.take(book.ending("a"), book.ending("b"))
        (kept,) = book.stored
        ((lost, reason),) = book.refused
        assert {kept, lost} == {"a", "b"}
        assert "never" in reason
        assert (play.status(kept), play.status(lost)) == ("Success", "Started")


async def test_what_belongs_to_a_killed_graph_is_not_stored_and_not_refused(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        book.start("a")
        play.engine.supersede(play.storage.session)
        await book.take(book.ending("a"))
        assert (play.status("a"), book.refused) == ("Started", [])


async def test_endings_that_are_waiting_when_the_graph_is_cancelled_are_stored(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = Book(play)
        book.start("a", "b")
        async with anyio.create_task_group() as group:
            for run_id in ("a", "b"):
                group.start_soon(book.endings.take, book.ending(run_id))
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert (play.status("a"), play.status("b")) == ("Success", "Success")


async def test_a_thread_stores_the_ending_that_nobody_waits_for(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids)
        handover = Handover(repo)
        play.create("r")
        (run,) = play.start("r")
        assert handover.leave(LeftBehind()) is None
        assert handover.carry_out(run) is None
        assert play.status("r") == "Success"
        repo.shutdown()


async def test_an_ending_that_came_back_just_before_its_waiter_left_is_the_waiters(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids)
        handover = Handover(repo)
        play.create("r")
        (run,) = play.start("r")
        ending = handover.carry_out(run)
        assert ending is not None
        assert play.status("r") == "Started"
        assert handover.leave(LeftBehind()) is ending
        repo.shutdown()


@pytest.mark.parametrize("error", [SystemExit("off"), asyncio.CancelledError("off")])
async def test_what_would_end_the_loop_ends_the_run_only(stage: Callable[..., Any], error: BaseException) -> None:
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids, interceptor=Leaving(error))
        play.create("r", node_names=("awaited",))
        (run,) = play.start("r")
        with pytest.raises(ExecutionError, match=f"{type(error).__name__}: off"):
            Handover(repo).carry_out(run)
        assert play.status("r") == "Failure"
        repo.shutdown()
