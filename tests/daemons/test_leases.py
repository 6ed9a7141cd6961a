"""What has been left behind is ended: runs of a dead owner, launches that never started."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rivers.channels.messages import RunsAdmitted, RunsEnded
from rivers.channels.ports import LeasePorts
from rivers.daemons.leases import ORPHANED, LeaseDaemon
from rivers.queueing.leases import RUN_LEASE_NS
from rivers.storage import Storage
from rivers.storage.changes import RunFailed

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
START_TIMEOUT = 180


class Watch:
    """A lease daemon and the edges around it."""

    def __init__(self, play: Any) -> None:
        self.play = play
        self.launching, self.reclaimed = play.channel(), play.channel()
        ports = LeasePorts(launching=self.launching.recv, reclaimed=self.reclaimed.send)
        self.daemon = LeaseDaemon(ports, play.store, play.clock, START_TIMEOUT * SECOND)

    async def admit(self, run_id: str) -> None:
        self.play.create(run_id)
        self.launching.send.send_nowait(RunsAdmitted(run_ids=(run_id,)))
        await self.play.clock.settle()


@asynccontextmanager
async def open_watch(stage: Callable[..., Any], engine: Storage | None = None) -> AsyncGenerator[Watch]:
    async with stage(engine) as play:
        yield Watch(play)


async def test_runs_of_an_owner_that_is_no_more_end_at_the_start(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_watch(stage) as watch:
        earlier = watch.play.engine.bound(watch.play.clock, watch.play.ids)
        for run_id, owner in (("orphan", earlier.session), ("ours", None)):
            watch.play.create(run_id)
            watch.play.start(run_id, owner=owner)
        watch.play.engine.supersede(earlier.session)
        await watch.play.play(watch.daemon)

        record = watch.play.storage.get_run("orphan")
        assert (record.status, record.error) == ("Failure", ORPHANED)
        assert watch.play.status("ours") == "Started"
        assert heard(watch.reclaimed) == [RunsEnded(run_ids=("orphan",))]


async def test_runs_of_another_live_session_of_this_process_are_left_alone(stage: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        other = watch.play.engine.bound(watch.play.clock, watch.play.ids)
        watch.play.create("theirs")
        watch.play.start("theirs", owner=other.session, seconds=1)
        await watch.play.play(watch.daemon)
        await watch.play.clock.advance("1d")
        assert watch.play.status("theirs") == "Started"


async def test_runs_of_an_earlier_process_end_when_its_folder_is_opened_again(
    stage: Callable[..., Any], tmp_path: Path
) -> None:
    folder = str(tmp_path / "store")
    async with stage(Storage.embedded(folder)) as first:
        first.create("orphan")
        first.start("orphan")
    async with open_watch(stage, Storage.embedded(folder)) as watch:
        assert watch.play.status("orphan") == "Started"
        await watch.play.play(watch.daemon)
        record = watch.play.storage.get_run("orphan")
        assert (record.status, record.error) == ("Failure", ORPHANED)


async def test_a_launch_that_does_not_start_in_time_fails(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        await watch.play.play(watch.daemon)
        await watch.play.clock.advance("1h")
        await watch.admit("stale")
        await watch.play.clock.advance(START_TIMEOUT - 1)
        assert watch.play.status("stale") == "NotStarted"
        await watch.play.clock.advance(1)
        record = watch.play.storage.get_run("stale")
        assert record.status == "Failure"
        assert "did not start within 3m" in record.error
        assert heard(watch.reclaimed) == [RunsEnded(run_ids=("stale",))]


async def test_a_launch_that_starts_in_time_is_not_touched(stage: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        await watch.play.play(watch.daemon)
        await watch.admit("prompt")
        await watch.play.clock.advance(START_TIMEOUT - 1)
        watch.play.start("prompt")
        await watch.play.clock.advance("1d")
        assert watch.play.status("prompt") == "Started"


async def test_a_launch_that_waits_already_at_the_start_is_launched_again_and_has_its_whole_time(
    stage: Callable[..., Any],
) -> None:
    async with open_watch(stage) as watch:
        watch.play.create("waiting")
        await watch.play.clock.advance("1d")
        await watch.play.play(watch.daemon)
        await watch.play.clock.advance(START_TIMEOUT - 1)
        assert watch.play.status("waiting") == "NotStarted"
        await watch.play.clock.advance(1)
        assert watch.play.status("waiting") == "Failure"


async def test_held_leases_are_renewed_before_they_run_out(stage: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        await watch.play.play(watch.daemon)
        await watch.admit("long")
        watch.play.start("long", seconds=RUN_LEASE_NS / SECOND)
        for _ in range(12):
            await watch.play.clock.advance("10m")
            (until,) = watch.play.engine._engine.query("SELECT VALUE u FROM flight")[0]
            assert until > watch.play.clock.now_ns()


async def test_a_run_is_ended_only_once(stage: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        ends: list[RunFailed] = []
        watch.play.engine.subscribe(
            lambda changes: ends.extend(change for change in changes if isinstance(change, RunFailed))
        )
        await watch.play.play(watch.daemon)
        await watch.admit("stale")
        await watch.play.clock.advance("2d")
        assert [change.run_id for change in ends] == ["stale"]


async def test_slots_of_pools_whose_lease_is_over_are_collected(stage: Callable[..., Any]) -> None:
    async with open_watch(stage) as watch:
        storage = watch.play.storage
        storage.set_pool_limit("db", 2)
        for step, lease in (("gone", "1s"), ("alive", "1h")):
            assert storage._claim_concurrency_slots([("db", 1)], "dead run", step, lease_duration=lease).is_claimed
        await watch.play.clock.advance("2s")
        await watch.play.play(watch.daemon)
        assert storage._free_expired_leases() == 0
        assert [holder.step_key for holder in storage.get_pool_slot_holders("db")] == ["alive"]
