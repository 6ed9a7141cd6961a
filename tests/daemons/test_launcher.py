"""Admitted runs start once, whoever tells of them, and their ends are passed on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import CancelRun, RunFinished, RunsAdmitted, RunsEnded
from rivers.channels.ports import LauncherPorts
from rivers.daemons.executions import Executions
from rivers.daemons.launcher import LauncherDaemon
from rivers.daemons.left_behind import LeftBehind
from rivers.simulation.step_behaviour import SimulatedSteps

pytestmark = pytest.mark.anyio

LOOKS_EVERY = 90.0

calls: list[str] = []


@rs.Asset
def raw() -> int:
    calls.append("raw")
    return 1


@rs.Asset
def derived(raw: int) -> int:
    calls.append("derived")
    return raw


REPO = rs.CodeRepository([raw, derived], default_executor=rs.Executor.in_process())


class Pad:
    """A launcher, its executions and the edges around them. Every step takes a minute."""

    def __init__(self, play: Any, executions: Executions) -> None:
        self.play = play
        self.executions = executions
        self.admitted, self.finished, self.cancellations = play.channel(), play.channel(), play.channel()
        self.ended = play.channel()
        executions.tell_ends_to(self.finished.send)
        ports = LauncherPorts(
            admitted=self.admitted.recv,
            finished=self.finished.recv,
            cancellations=self.cancellations.recv,
            ended=self.ended.send,
        )
        self.daemon = LauncherDaemon(ports, play.store, play.clock, executions, LOOKS_EVERY)

    async def admit(self, *run_ids: str) -> None:
        self.admitted.send.send_nowait(RunsAdmitted(run_ids=run_ids))
        await self.play.clock.settle()


@asynccontextmanager
async def open_pad(stage: Callable[..., Any]) -> AsyncGenerator[Pad]:
    calls.clear()
    steps = SimulatedSteps(durations={"raw": "1m", "derived": "1m"}, failures={}, execute=True, patch_time=False)
    async with stage() as play:
        repo = REPO.bound(play.storage, play.clock, play.ids, interceptor=steps)
        async with anyio.create_task_group() as group:
            yield Pad(play, Executions(repo, play.store, play.clock, group, LeftBehind()))
            group.cancel_scope.cancel()
        repo.shutdown()


async def test_an_admitted_run_starts_at_once_with_a_lease_of_this_session(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1")
        await pad.admit("r1")
        record = pad.play.storage.get_run("r1")
        assert (record.status, record.started_at) == ("Started", pad.play.clock.now_ns())
        assert pad.play.storage.renew_leases(pad.play.storage.session, 0) == 1


async def test_its_end_is_told_to_the_queue(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1")
        await pad.admit("r1")
        assert heard(pad.ended) == []
        await pad.play.clock.advance("1m")
        assert pad.play.status("r1") == "Success"
        assert heard(pad.ended) == [RunsEnded(run_ids=("r1",))]


async def test_ends_of_one_instant_are_told_together_and_in_order(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        for run_id in ("b", "c", "a"):
            pad.finished.send.send_nowait(RunFinished(run_id=run_id))
        await pad.play.clock.settle()
        assert heard(pad.ended) == [RunsEnded(run_ids=("a", "b", "c"))]


async def test_a_run_that_is_told_twice_starts_once(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1")
        for _ in range(3):
            await pad.admit("r1", "r1")
        await pad.play.clock.advance("10m")
        await pad.admit("r1", "unknown")
        await pad.play.clock.advance("10m")
        assert calls == ["raw"]


async def test_what_was_admitted_and_never_started_starts_with_the_daemon(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        for run_id, status in (("admitted", "NotStarted"), ("queued", "Queued")):
            pad.play.create(run_id, status=status)
        await pad.play.play(pad.daemon)
        assert (pad.play.status("admitted"), pad.play.status("queued")) == ("Started", "Queued")


@pytest.mark.rule("queue 1.11")
async def test_a_waiting_run_that_is_cancelled_never_starts(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1", status="Queued")
        assert await pad.play.ask(pad.cancellations.send, CancelRun(run_id="r1")) == "Canceled"
        assert heard(pad.ended) == [RunsEnded(run_ids=("r1",))]
        await pad.admit("r1")
        assert (pad.play.status("r1"), calls) == ("Canceled", [])


async def test_a_running_run_that_is_cancelled_ends_its_step_and_begins_no_other(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1", node_names=("raw", "derived"))
        await pad.admit("r1")
        await pad.play.clock.advance("30s")
        assert await pad.play.ask(pad.cancellations.send, CancelRun(run_id="r1")) == "Canceled"
        await pad.play.clock.advance("10m")
        assert (pad.play.status("r1"), calls) == ("Canceled", [])  # a simulated step calls its function at its end
        begun = pad.play.storage.get_events_for_run("r1")
        assert [event.asset_key for event in begun if event.event_type == "StepStart"] == ["raw"]
        assert pad.executions.running == {}


@pytest.mark.parametrize("run_id", ["ended", "unknown"])
async def test_there_is_nothing_to_cancel_about_a_run_that_ended_or_never_was(
    stage: Callable[..., Any], heard: Callable[..., Any], run_id: str
) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("ended")
        await pad.admit("ended")
        await pad.play.clock.advance("1m")
        heard(pad.ended)
        assert await pad.play.ask(pad.cancellations.send, CancelRun(run_id=run_id)) is None
        assert heard(pad.ended) == []
        assert pad.play.status("ended") == "Success"


async def test_the_launcher_may_go_without_taking_its_runs_along(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        pad.play.create("r1")
        await pad.admit("r1")
        pad.play.supervisor.signal_stop()
        await pad.play.clock.settle()
        assert pad.play.supervisor.snapshot()["LauncherDaemon"].state == "stopped"
        await pad.play.clock.advance("1m")
        assert pad.play.status("r1") == "Success"


async def test_what_nobody_told_of_is_found_within_the_interval(stage: Callable[..., Any]) -> None:
    async with open_pad(stage) as pad:
        await pad.play.play(pad.daemon)
        await pad.play.clock.advance("60s")
        pad.play.create("r1")
        # Other messages do not put the look off.
        pad.finished.send.send_nowait(RunFinished(run_id="other"))
        await pad.play.clock.advance("29s")
        assert pad.play.status("r1") == "NotStarted"
        await pad.play.clock.advance("1s")
        assert pad.play.status("r1") == "Started"
