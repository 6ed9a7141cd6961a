"""The same scenario for plain synchronous tests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import anyio
import pytest

import rivers as rs
from rivers.exceptions import AssetNotFoundError, NodeNotFoundError
from rivers.simulation import Scenario


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def broken() -> int:
    raise ValueError("boom")


REPO = rs.CodeRepository(
    [raw, broken],
    jobs=[rs.Job("job", [raw])],
    schedules=[
        rs.Schedule(name="each", cron_schedule="* * * * *", job_name="job", default_status=rs.ScheduleStatus.Running)
    ],
    default_executor=rs.Executor.in_process(),
)


def test_time_passes_in_the_calling_thread() -> None:
    with Scenario(REPO).blocking() as sim:
        assert sim.now() == datetime(2026, 1, 1, tzinfo=UTC)
        sim.advance("3m")
        assert [tick.status for tick in sim.ticks("each")] == ["Success"] * 3
        sim.advance_to("2026-01-01T00:05:00Z")
        assert len(sim.runs(status="Success")) == 5
        assert sim.now() == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
        assert len(sim.storage.get_runs()) == 5


def test_the_trace_is_that_of_the_asynchronous_scenario() -> None:
    async def told() -> str:
        async with Scenario(REPO, durations={"raw": "20s"}) as sim:
            await sim.clock.advance("10m")
            return sim.trace.digest()

    with Scenario(REPO, durations={"raw": "20s"}).blocking() as sim:
        sim.advance("10m")
        assert sim.trace.digest() == anyio.run(told, backend="trio")


def test_a_run_by_hand_returns_or_raises_here() -> None:
    with Scenario(REPO, durations={"raw": "90s"}).blocking() as sim:
        assert sim.materialize(["raw"], tags=[("why", "test")]).success
        assert sim.now() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)
        with pytest.raises(ValueError, match="boom"):
            sim.materialize(["broken"])
        with pytest.raises(AssetNotFoundError):
            sim.materialize(["nope"])


def test_choices_can_be_made_and_hold_across_a_restart() -> None:
    with Scenario(REPO).blocking() as sim:
        assert sim.pause("each").choice == "stopped"
        sim.restart()
        sim.advance("2m")
        assert sim.ticks("each") == []
        assert sim.resume("each", kind="schedule").choice == "running"
        assert sim.reset("each").choice is None
        sim.advance("2m")
        assert len(sim.ticks("each")) == 2
        with pytest.raises(NodeNotFoundError):
            sim.pause("nope")


def test_what_the_test_raises_comes_out_as_it_is() -> None:
    def script() -> None:
        with Scenario(REPO).blocking() as sim:
            sim.advance("1m")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        script()


def test_what_keeps_it_from_starting_comes_out_as_it_is() -> None:
    class Broken(rs.Resource):
        def setup(self) -> None:
            raise ConnectionError("no database there")

    repo = rs.CodeRepository([raw], resources={"database": Broken()})
    with pytest.raises(ConnectionError, match="no database there"):
        Scenario(repo).blocking().__enter__()


def test_its_loop_ends_with_the_block() -> None:
    def loops() -> list[str]:
        return [thread.name for thread in threading.enumerate() if "portal" in thread.name.lower()]

    with Scenario(REPO).blocking() as sim:
        sim.advance("1m")
        assert loops()
    assert loops() == []
