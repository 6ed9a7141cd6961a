"""The queue hears of what others do to the runs in the same storage, and of nothing that it is told anyway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import RunsChanged
from rivers.daemons.executions import Executions
from rivers.daemons.left_behind import LeftBehind
from rivers.daemons.outside_changes import OutsideChanges
from rivers.simulation.step_behaviour import SimulatedSteps

pytestmark = pytest.mark.anyio


@rs.Asset
def raw() -> int:
    return 1


REPO = rs.CodeRepository([raw], default_executor=rs.Executor.in_process())


async def heard_after(
    stage: Callable[..., Any], heard: Callable[..., Any], act: Callable[[Any, Executions], None]
) -> list[Any]:
    """What the queue is told when something happens, while the run ``here`` executes in the graph."""
    steps = SimulatedSteps(durations={"raw": "1h"}, failures={}, execute=True, patch_time=False)
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids, interceptor=steps)
        async with anyio.create_task_group() as group:
            executions = Executions(repo, play.storage, play.clock, group, LeftBehind())
            play.create("here")
            executions.launch(play.start("here")[0])
            play.create("elsewhere")
            play.start("elsewhere")
            await play.clock.settle()
            told = play.channel()
            play.engine.subscribe(OutsideChanges(play.clock, executions, told.send))
            act(play, executions)
            await play.clock.settle()
            group.cancel_scope.cancel()
        play.clock.kill_blocked_threads()
        await play.clock.settle()
        repo.shutdown()
        return heard(told)


def queue(**columns: Any) -> Callable[[Any, Executions], None]:
    return lambda play, executions: play.create("new", status="Queued", **columns)


def end(run_id: str, status: str) -> Callable[[Any, Executions], None]:
    return lambda play, executions: play.storage.finish_run(run_id, status, play.clock.now_ns())


NEWS = [
    ("a run that a person queued", queue()),
    ("a run that ended elsewhere", end("elsewhere", "Success")),
    ("a run that failed elsewhere", end("elsewhere", "Failure")),
    ("a run that was cancelled elsewhere", end("elsewhere", "Canceled")),
    ("a run of ours that was cancelled", lambda play, executions: play.storage.cancel_run("here", 0)),
]
NO_NEWS = [
    ("a run that a schedule queued", queue(launched_by=rs.LaunchedBy.schedule("nightly"))),
    ("a run that is about to be launched", lambda play, executions: play.create("new")),
    ("a run of ours that ended", end("here", "Success")),
    ("nothing about runs", lambda play, executions: play.storage.set_trigger_choice("sensor", "inbox", "stopped", 0)),
]


@pytest.mark.parametrize("act", [act for _, act in NEWS], ids=[name for name, _ in NEWS])
async def test_news(stage: Callable[..., Any], heard: Callable[..., Any], act: Any) -> None:
    assert await heard_after(stage, heard, act) == [RunsChanged()]


@pytest.mark.parametrize("act", [act for _, act in NO_NEWS], ids=[name for name, _ in NO_NEWS])
async def test_no_news(stage: Callable[..., Any], heard: Callable[..., Any], act: Any) -> None:
    assert await heard_after(stage, heard, act) == []
