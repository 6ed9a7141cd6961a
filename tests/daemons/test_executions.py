"""Runs execute on threads of the clock, belong to the graph, and always end in a stored outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import RunFinished
from rivers.daemons.executions import Executions
from rivers.daemons.left_behind import LeftBehind
from rivers.simulation.step_behaviour import SimulatedSteps

pytestmark = pytest.mark.anyio

calls: list[str] = []


@rs.Asset
def raw() -> int:
    calls.append("raw")
    return 1


@rs.Asset
def broken() -> int:
    raise ValueError("boom")


class OfItsOwnKind(BaseException): ...


FAULTS: dict[str, type[BaseException]] = {
    each.__name__: each for each in (SystemExit, KeyboardInterrupt, asyncio.CancelledError, OfItsOwnKind)
}


class Door(rs.Resource):
    opens: str = ""
    closes: str = ""

    def setup(self) -> None:
        if self.opens:
            raise FAULTS[self.opens]("stuck")

    def teardown(self) -> None:
        if self.closes:
            raise FAULTS[self.closes]("stuck")


REPO = rs.CodeRepository([raw, broken], resources={"door": Door()}, default_executor=rs.Executor.in_process())


class Cast:
    """The executions of one graph on a stage."""

    def __init__(self, play: Any, executions: Executions, finished: Any) -> None:
        self.play = play
        self.executions = executions
        self.finished = finished

    def launch(self, run_id: str, **columns: Any) -> None:
        self.play.create(run_id, **columns)
        (record,) = self.play.start(run_id)
        self.executions.launch(record)


@asynccontextmanager
async def executing(stage: Callable[..., Any], **durations: float) -> AsyncGenerator[Cast]:
    calls.clear()
    steps = SimulatedSteps(durations=durations, failures={}, execute=True, patch_time=False)
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids, interceptor=steps)
        async with anyio.create_task_group() as group:
            executions = Executions(repo, play.store, play.clock, group, LeftBehind())
            finished = play.channel()
            executions.tell_ends_to(finished.send)
            yield Cast(play, executions, finished)
            group.cancel_scope.cancel()
        repo.shutdown()


async def test_a_run_ends_in_storage_before_its_end_is_told(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with executing(stage, raw=60.0) as cast:
        cast.launch("r1")
        assert list(cast.executions.running) == list(cast.executions.running_ids) == ["r1"]
        await cast.play.clock.advance("59s")
        assert (cast.play.status("r1"), heard(cast.finished)) == ("Started", [])
        await cast.play.clock.advance("1s")
        assert cast.play.status("r1") == "Success"
        assert heard(cast.finished) == [RunFinished(run_id="r1")]
        assert cast.executions.running == {}


async def test_launching_a_run_that_is_executing_is_harmless(stage: Callable[..., Any]) -> None:
    async with executing(stage, raw=60.0) as cast:
        cast.launch("r1")
        cast.executions.launch(cast.executions.running["r1"])
        await cast.play.clock.advance("2m")
        assert calls == ["raw"]


async def test_what_user_code_raises_is_the_outcome_of_its_run_only(stage: Callable[..., Any]) -> None:
    async with executing(stage) as cast:
        cast.launch("bad", node_names=("broken",))
        cast.launch("good")
        await cast.play.clock.settle()
        record = cast.play.storage.get_run("bad")
        assert (record.status, record.error) == ("Failure", "ValueError: boom")
        assert "boom" in record.traceback
        assert cast.play.status("good") == "Success"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_resource_of_one_run_that_exits_fails_that_run_only(stage: Callable[..., Any], fault: str) -> None:
    async with executing(stage) as cast:
        cast.launch("bad", config={"resources": {"door": {"opens": fault}}})
        cast.launch("good")
        await cast.play.clock.settle()
        record = cast.play.storage.get_run("bad")
        assert (record.status, record.error) == ("Failure", f"{fault}: stuck")
        assert cast.play.status("good") == "Success"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_resource_of_one_run_that_exits_when_it_is_torn_down_fails_nothing(
    stage: Callable[..., Any], fault: str
) -> None:
    async with executing(stage) as cast:
        cast.launch("one", config={"resources": {"door": {"closes": fault}}}, node_names=("raw",))
        cast.launch("other")
        await cast.play.clock.settle()
        assert cast.play.status("one") == cast.play.status("other") == "Success"


async def test_a_run_that_cannot_be_carried_out_fails_with_the_reason(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with executing(stage) as cast:
        cast.launch("odd", node_names=("vanished",))
        await cast.play.clock.settle()
        record = cast.play.storage.get_run("odd")
        assert record.status == "Failure"
        assert "vanished" in record.error
        assert heard(cast.finished) == [RunFinished(run_id="odd")]


@pytest.mark.parametrize("outage", [3, 3600])
async def test_an_outcome_that_storage_refuses_for_a_while_is_written_when_it_takes_it(
    stage: Callable[..., Any], caplog: pytest.LogCaptureFixture, outage: int
) -> None:
    async with executing(stage, raw=1.0) as cast:
        engine = cast.play.engine._engine
        refused: list[str] = []

        def refuse(statements: Sequence[str]) -> Sequence[str]:
            """Storage is out of order for a while after the step."""
            if not 1 <= cast.play.clock.monotonic() < 1 + outage:
                return statements
            refused.append(statements[0])
            return ["THROW 'the disk is full'"]

        engine.rewrite = refuse
        cast.launch("r1")
        await cast.play.clock.advance("2s")
        assert cast.play.status("r1") == "Started"
        await cast.play.clock.advance(outage + 60)

        record = cast.play.storage.get_run("r1")
        assert record.status == "Failure"
        assert "the disk is full" in record.error
        assert len(refused) >= 3
        assert "trying again" in caplog.text


async def test_all_runs_have_come_back_when_none_is_running(stage: Callable[..., Any]) -> None:
    async with executing(stage, raw=60.0) as cast:
        await cast.executions.wait_none_running()
        done: list[float] = []
        cast.launch("r1")
        await cast.play.clock.advance("30s")
        cast.launch("r2")

        async def wait() -> None:
            await cast.executions.wait_none_running()
            done.append(cast.play.clock.monotonic())

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await cast.play.clock.advance("10m")
        assert done == [90.0]


async def test_a_run_of_a_graph_that_was_killed_writes_nothing_more(
    stage: Callable[..., Any], heard: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with executing(stage, raw=60.0) as cast:
        cast.launch("r1")
        await cast.play.clock.advance("30s")
        cast.play.engine.supersede(cast.play.storage.session)
        await cast.play.clock.advance("30s")
        assert cast.play.status("r1") == "Started"
        assert "could not be carried out" not in caplog.text
