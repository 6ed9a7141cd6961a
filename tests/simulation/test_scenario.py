"""A scenario is the whole system on a clock that the test moves; each of its arguments does what it says."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.channels.messages import CancelRun, SubmitRun
from rivers.clock import SimClock
from rivers.daemons.run_queue import RunQueueDaemon
from rivers.exceptions import AssetNotFoundError, NodeNotFoundError, NotQuiescent
from rivers.execution.steps.step_time import LONGEST_NAP_SECONDS
from rivers.records import NewRun
from rivers.simulation import Faults, Scenario
from rivers.storage import Storage
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
SECOND = 10**9
MINUTE = 60 * SECOND

calls: list[str] = []


@rs.Asset
def raw() -> int:
    calls.append("raw")
    return 1


@rs.Asset(retry=rs.RetryPolicy(max_retries=2, backoff=rs.Backoff.constant(10.0)))
def stubborn() -> int:
    calls.append("stubborn")
    return 1


@rs.Asset
def derived(raw: int) -> int:
    calls.append("derived")
    return raw + 1


@rs.Asset
def broken() -> int:
    raise ValueError("boom")


each = rs.Schedule(name="each", cron_schedule="* * * * *", job_name="job", default_status=rs.ScheduleStatus.Running)
off = rs.Schedule(name="off", cron_schedule="* * * * *", job_name="job")


@rs.Sensor(job_name="job", minimum_interval="30s", default_status=rs.SensorStatus.Running)
def inbox() -> rs.SkipReason:
    return rs.SkipReason("empty")


def make_repo(*schedules: rs.Schedule, **arguments: Any) -> rs.CodeRepository:
    return rs.CodeRepository(
        [raw, derived, stubborn, broken],
        jobs=[rs.Job("job", [raw])],
        schedules=list(schedules),
        default_executor=rs.Executor.in_process(),
        **arguments,
    )


REPO = make_repo(each, off, sensors=[inbox])
NAMES = [f"s{number:03}" for number in range(120)]
QUIET = make_repo()


def many() -> rs.CodeRepository:
    """So many schedules that accounting for what they missed takes three commits."""
    return make_repo(
        each,
        *(
            rs.Schedule(name=name, cron_schedule="0 * * * *", job_name="job", default_status=each.default_status)
            for name in NAMES
        ),
    )


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    calls.clear()


def lasted(run: rs.RunRecord) -> float:
    """Simulated seconds from a run's creation to its end."""
    return ((run.end_time or 0) - run.start_time) / SECOND


# -- start and storage -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", datetime(2026, 3, 1, 12, tzinfo=UTC), 1_772_366_400],
)
async def test_time_begins_at_the_start(start: Any) -> None:
    async with Scenario(QUIET, start=start) as sim:
        assert sim.clock.datetime() == datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_a_given_store_is_gone_on_with_and_not_closed() -> None:
    with Storage.memory() as storage:
        for start, expected in (("2026-01-01T00:00:00Z", 2), ("2026-01-01T00:02:00Z", 4)):
            async with Scenario(REPO, storage=storage, start=start) as sim:
                await sim.clock.advance("2m")
                assert len(sim.ticks("each")) == len(sim.runs("Success")) == expected
        assert len(storage.get_runs()) == 4


async def test_a_given_store_may_be_in_a_folder(tmp_path: Path) -> None:
    with Storage.embedded(str(tmp_path / "store")) as storage:
        async with Scenario(REPO, storage=storage) as sim:
            await sim.clock.advance("2m")
            await sim.restart()
            await sim.clock.advance("1m")
            embedded = sim.trace.digest()
    async with Scenario(REPO) as sim:
        await sim.clock.advance("2m")
        await sim.restart()
        await sim.clock.advance("1m")
        assert sim.trace.digest() == embedded
    with Storage.embedded(str(tmp_path / "store")) as storage:
        assert len(storage.get_runs()) == 3


async def test_a_store_of_its_own_is_closed_at_the_end() -> None:
    async with Scenario(QUIET) as sim:
        storage = sim.storage
    with pytest.raises(rs.exceptions.StorageError):
        storage.get_runs()


async def test_a_store_with_later_records_is_refused_and_both_times_are_named() -> None:
    with Storage.memory() as storage:
        async with Scenario(REPO, storage=storage) as sim:
            await sim.clock.advance("2m")
        with pytest.raises(ValueError, match=r"up to 2026-01-01T00:02:00Z.*start 2026-01-01T00:01:59Z"):
            Scenario(REPO, storage=storage, start="2026-01-01T00:01:59Z")


async def test_two_scenarios_over_one_repository_share_nothing() -> None:
    async with Scenario(REPO) as one:
        await one.clock.advance("1m")
        async with Scenario(REPO, start="2027-01-01T00:00:00Z") as two:
            await two.clock.advance("2m")
            assert (len(one.runs()), len(two.runs())) == (1, 2)
            assert one.repo.load_node("raw") == 1
        async with Scenario(REPO) as three:
            with pytest.raises(KeyError):
                three.repo.load_node("raw")


@pytest.mark.parametrize(
    "arguments",
    [{"condition_eval_interval": "soon"}, {"durations": {"raw": "soon"}}, {"start": "soon"}, {"durations": {"x": 1}}],
)
async def test_arguments_that_cannot_be_meant_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        async with Scenario(QUIET, **arguments):
            pass


async def test_the_graph_is_there_only_while_the_block_runs() -> None:
    sim = Scenario(QUIET)
    with pytest.raises(RuntimeError, match="async with"):
        _ = sim.graph
    async with sim:
        assert sim.graph.health().daemons
    with pytest.raises(RuntimeError, match="async with"):
        _ = sim.graph


# -- what is planted ---------------------------------------------------------------------------------------------------


async def test_durations_give_steps_a_length() -> None:
    durations = {"raw": "10m", "derived": timedelta(seconds=5)}
    async with Scenario(QUIET, durations=durations) as sim:
        await sim.materialize(["raw", "derived"])
        (run,) = sim.runs()
        assert lasted(run) == 605
        assert sim.clock.monotonic() == 605


async def test_runs_with_durations_overlap() -> None:
    async with Scenario(REPO, durations={"raw": "90s"}) as sim:
        await sim.clock.advance("10m")
        assert [lasted(run) for run in sim.runs("Success")] == [90.0] * 8
        assert len(sim.runs("Started")) == 2


async def test_failures_fail_the_first_attempts() -> None:
    async with Scenario(QUIET, failures={"stubborn": 2}) as sim:
        await sim.materialize(["stubborn"])
        (run,) = sim.runs()
        assert (run.status, lasted(run) >= 20, calls) == ("Success", True, ["stubborn"])


async def test_failures_beyond_the_retries_fail_the_run_and_say_who_wanted_it() -> None:
    async with Scenario(QUIET, failures={"stubborn": 3}) as sim:
        result = await sim.materialize(["stubborn"], raise_on_error=False)
        assert not result.success
        (run,) = sim.runs("Failure")
        assert "as the scenario asked" in (run.error or "")
        assert calls == []


async def test_without_execution_materializations_are_recorded_and_no_asset_code_is_called() -> None:
    async with Scenario(REPO, execute=False, durations={"raw": "5s"}) as sim:
        await sim.clock.advance("1m 30s")
        result = await sim.materialize(["raw", "derived", "broken"])
        assert result.success
        assert calls == []
        types = [event["type"] for event in sim.trace.events("event") if event["subject"] == "broken"]
        assert "Materialization" in types
        assert lasted(sim.runs("Success")[0]) == 5


@pytest.mark.parametrize("commit", range(1, 7) if SOAK else (1, 4))
async def test_crashes_are_planted_after_the_commits_that_were_named(commit: int) -> None:
    async with Scenario(REPO, faults=Faults(crash_after_commits=(commit,))) as sim:
        first = sim.graph
        await sim.clock.advance("5m")
        # The first commit is the sensor's first poll, before the block begins.
        assert (sim.graph is first) == (commit == 1)
        assert first.storage.session not in sim.storage.live_sessions() or commit == 1
        assert len(sim.runs()) == 5


@pytest.mark.parametrize("rate", [0.3, 1.0])
async def test_crashes_may_come_while_the_daemons_recover(rate: float) -> None:
    with Storage.memory() as storage:
        async with Scenario(many(), storage=storage) as sim:
            await sim.clock.advance("2m")
        faults = Faults(crash_rate=rate)
        async with Scenario(many(), storage=storage, start="2026-01-01T01:00:30Z", faults=faults, seed=3) as sim:
            # With a crash after every commit each instant still gets one commit further.
            await sim.clock.advance("10s")
            ticks = [tick for name in NAMES for tick in sim.ticks(name)]
            assert [(tick.status, tick.missed_count) for tick in ticks] == [("Skipped", 1)] * len(NAMES)
            assert [tick.missed_count for tick in sim.ticks("each")] == [0, 0, 58]
            assert sum(event["kind"] == "tick" for event in sim.trace.events()) == len(NAMES) + 1


async def test_a_crash_that_is_due_when_the_test_itself_restarts_happens_once() -> None:
    async with Scenario(QUIET, faults=Faults(crash_after_commits=(1,))) as sim:
        first = sim.graph
        sim.storage.create_run(NewRun("r1", None, ("raw",), "Queued", sim.clock.now_ns()))
        await sim.restart()
        assert sim.graph is not first
        await sim.clock.advance("1h")
        assert [run.status for run in sim.runs()] == ["Success"]


async def test_the_seed_draws_ids_and_faults() -> None:
    async def told(seed: int) -> tuple[str, str]:
        async with Scenario(REPO, seed=seed, faults=Faults(lost_messages=0.5)) as sim:
            await sim.materialize(["raw"])
            await sim.clock.advance("30m")
            return sim.runs()[0].run_id, sim.trace.digest()

    assert await told(1) == await told(1)
    first, second = await told(1), await told(2)
    assert first[0] != second[0]
    assert first[1] != second[1]


async def test_only_so_many_ticks_are_retained() -> None:
    async with Scenario(REPO, max_ticks_retained=3) as sim:
        await sim.clock.advance("10m")
        assert [tick.seq for tick in sim.ticks("each")] == [8, 9, 10]
    async with Scenario(REPO) as sim:
        await sim.clock.advance("3h")
        assert len(sim.ticks("each")) == 180


# -- patch_time --------------------------------------------------------------------------------------------------------


async def test_user_code_is_told_simulated_time_when_that_was_asked_for() -> None:
    told: list[tuple[str, float]] = []

    @rs.Asset
    def clocked() -> int:
        told.append((f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", time.time()))
        return 1

    repo = rs.CodeRepository([clocked], default_executor=rs.Executor.in_process())
    async with Scenario(repo, patch_time=True, durations={"clocked": "90s"}) as sim:
        await sim.materialize()
    assert told == [("2026-01-01T00:01:30", T0_NS / SECOND + 90)]

    told.clear()
    real = time.time()
    async with Scenario(repo) as sim:
        await sim.materialize()
    assert told[0][1] >= real


async def test_so_are_the_functions_of_schedules_and_sensors() -> None:
    told: list[str] = []

    @rs.Sensor(job_name="job", minimum_interval="1m", default_status=rs.SensorStatus.Running)
    def clocked() -> None:
        told.append(f"{datetime.now(UTC):%H:%M:%S}")

    async with Scenario(make_repo(sensors=[clocked]), patch_time=True) as sim:
        await sim.clock.advance("1m")
    assert told == ["00:00:00", "00:01:00"]


# -- patience ----------------------------------------------------------------------------------------------------------


async def test_what_never_comes_to_rest_is_named() -> None:
    release = threading.Event()

    @rs.Asset
    def hanging() -> int:
        release.wait()
        return 1

    hangs = rs.Schedule(name="hangs", cron_schedule="* * * * *", job_name="stuck", default_status=each.default_status)
    repo = rs.CodeRepository(
        [hanging],
        jobs=[rs.Job("stuck", [hanging])],
        schedules=[hangs],
        default_executor=rs.Executor.in_process(),
    )
    seen: list[str] = []
    try:
        with pytest.raises(NotQuiescent) as caught:
            async with Scenario(repo, patience=0.2) as sim:
                await sim.clock.advance("1m")
        seen.append(str(caught.value))
    finally:
        release.set()
    assert "2026-01-01T00:01:00Z" in seen[0]
    assert "runs off the loop: ('run'," in seen[0]
    assert "in hanging" in seen[0]


# -- by hand -----------------------------------------------------------------------------------------------------------


async def test_a_run_by_hand_is_one_of_the_runs() -> None:
    async with Scenario(QUIET) as sim:
        result = await sim.materialize(["raw", "derived"], tags=[("why", "test")])
        assert result.success
        (run,) = sim.runs("Success")
        assert (run.run_id, run.tags, run.launched_by.kind) == (result.run_id, [("why", "test")], "manual")
        assert run.node_names == ["raw", "derived"]
        assert sim.clock.monotonic() == 0


async def test_what_the_step_raised_is_raised() -> None:
    async with Scenario(QUIET) as sim:
        with pytest.raises(ValueError, match="boom"):
            await sim.materialize(["broken"])
        result = await sim.materialize(["broken"], raise_on_error=False)
        assert not result.success
        with pytest.raises(AssetNotFoundError):
            await sim.materialize(["nope"])
        assert [run.status for run in sim.runs()] == ["Failure"] * 2


async def test_other_things_go_on_while_a_run_by_hand_waits() -> None:
    async with Scenario(REPO, durations={"stubborn": "150s"}) as sim:
        await sim.materialize(["stubborn"])
        assert sim.clock.monotonic() == 150
        assert len(sim.ticks("each")) == 2


async def test_a_run_can_be_submitted_and_cancelled() -> None:
    async with Scenario(QUIET, durations={"raw": "10m"}) as sim:
        run_id = await sim.control(SubmitRun(selection=("raw", "derived")))
        assert [run.status for run in sim.runs()] == ["Started"]
        await sim.clock.advance("1m")
        assert await sim.control(CancelRun(run_id=run_id)) == "Canceled"
        await sim.clock.advance("1h")
        assert ([run.status for run in sim.runs()], calls) == (["Canceled"], [])  # it would have been called at 00:10
        (begun, ended) = sim.storage.get_events_for_run(run_id)
        assert [(event.event_type, event.asset_key) for event in (begun, ended)] == [
            ("StepStart", "raw"),
            ("StepFailure", "raw"),
        ]
        assert dict(ended.metadata)["error"] == "RunCanceled: the run was cancelled"
        assert 60 <= (ended.timestamp - begun.timestamp) / SECOND <= 60 + LONGEST_NAP_SECONDS


# -- pause, resume, reset ----------------------------------------------------------------------------------------------


async def test_a_choice_wins_over_the_default_until_it_is_reset_also_across_restarts() -> None:
    async with Scenario(REPO) as sim:

        async def minutes_of(name: str) -> list[int]:
            before = len(sim.ticks(name))
            await sim.clock.advance("2m")
            return [((tick.scheduled_at or 0) - T0_NS) // MINUTE for tick in sim.ticks(name)[before:]]

        await sim.pause("each")
        await sim.resume("off")
        for _ in range(2):
            assert await minutes_of("each") == []
            await sim.restart()
        assert len(sim.ticks("off")) == 4

        assert (await sim.reset("each")).choice is None
        assert (await sim.reset("off")).choice is None
        await sim.restart()
        assert await minutes_of("each") == [5, 6]
        assert await minutes_of("off") == []
        assert {tick.status for tick in sim.ticks("each")} == {"Success"}, "a pause misses nothing"


async def test_a_choice_outlives_the_process() -> None:
    with Storage.memory() as storage:
        async with Scenario(REPO, storage=storage) as sim:
            await sim.pause("each")
        async with Scenario(REPO, storage=storage, start="2026-01-01T01:00:00Z") as sim:
            await sim.clock.advance("5m")
            assert sim.ticks("each") == []


async def test_the_kind_is_found_by_the_name() -> None:
    async with Scenario(REPO) as sim:
        assert (await sim.pause("inbox")).kind == "sensor"
        assert (await sim.pause("each")).kind == "schedule"
        with pytest.raises(NodeNotFoundError, match="nope"):
            await sim.pause("nope")
        with pytest.raises(NodeNotFoundError):
            await sim.pause("inbox", kind="schedule")


# -- restart -----------------------------------------------------------------------------------------------------------


async def test_a_restart_takes_no_time_and_ends_what_it_interrupted() -> None:
    async with Scenario(REPO, durations={"raw": "90s"}) as sim:
        await sim.clock.advance("2m")
        old = sim.graph
        await sim.restart()
        assert sim.clock.monotonic() == 120
        assert sim.graph is not old
        assert [run.status for run in sim.runs()] == ["Failure", "Failure"]
        await sim.clock.advance("3m")
        assert [run.status for run in sim.runs()] == ["Failure", "Failure", "Success", "Started", "Started"]


async def test_the_old_graph_can_write_no_more() -> None:
    async with Scenario(REPO) as sim:
        old = sim.graph.storage
        await sim.restart()
        with pytest.raises(rs.exceptions.Superseded):
            old.kv_set("late", b"write")


async def test_threads_that_sleep_on_the_clock_are_killed() -> None:
    ends: list[str] = []

    @rs.Asset
    def sleeping(context: rs.AssetExecutionContext) -> int:
        try:
            clocks[0].sleep_blocking(3600)
        except BaseException as error:
            ends.append(type(error).__name__)
            raise
        return 1

    repo = rs.CodeRepository(
        [sleeping],
        jobs=[rs.Job("job", [sleeping])],
        schedules=[each],
        default_executor=rs.Executor.in_process(),
    )
    clocks: list[SimClock] = []
    async with Scenario(repo) as sim:
        clocks.append(sim.clock)
        await sim.clock.advance("1m")
        await sim.restart()
        assert ends == ["Killed"]


async def test_many_restarts_in_one_instant_change_nothing() -> None:
    async def told(restarts: int) -> list[str]:
        async with Scenario(REPO) as sim:
            await sim.clock.advance("2m")
            for _ in range(restarts):
                await sim.restart()
            await sim.clock.advance("2m")
            return [f"{run.run_id} {run.status}" for run in sim.runs()]

    assert await told(0) == await told(5)


# -- failures of the system itself -------------------------------------------------------------------------------------


def failing_at(monkeypatch: pytest.MonkeyPatch, method: str, times: int = 1) -> None:
    """Let the run queue's daemon fail at its next calls of a method."""
    original: Callable[..., Any] = getattr(RunQueueDaemon, method)
    left = [times]

    def fail(self: RunQueueDaemon, *args: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError("the planted failure")
        return original(self, *args)

    monkeypatch.setattr(RunQueueDaemon, method, fail)


async def test_a_daemon_that_fails_is_raised_by_the_next_advance(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Scenario(REPO) as sim:
        failing_at(monkeypatch, "_pass_on")
        with pytest.raises(OSError, match="the planted failure"):
            await sim.clock.advance("10m")
        assert sim.clock.monotonic() == 60, "no time passes after it"


async def test_a_daemon_that_cannot_start_is_raised_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_at(monkeypatch, "recover")
    with pytest.raises(OSError, match="the planted failure"):
        await Scenario(REPO).__aenter__()


async def test_a_resource_that_cannot_be_set_up_is_raised_as_it_is() -> None:
    class Broken(rs.Resource):
        def setup(self) -> None:
            raise ConnectionError("no database there")

    async def script() -> None:
        async with Scenario(make_repo(resources={"database": Broken()})):
            pass

    with pytest.raises(ConnectionError, match="no database there"):
        await script()


async def test_an_assertion_of_the_test_is_raised_as_it_is() -> None:
    async def script() -> None:
        async with Scenario(REPO, durations={"raw": "1h"}) as sim:
            await sim.clock.advance("2m")
            raise KeyError("from the test")

    with pytest.raises(KeyError, match="from the test"):
        await script()


async def test_nothing_of_a_scenario_outlives_its_block() -> None:
    before = threading.active_count()

    async def end(script: Callable[[Scenario], Awaitable[None]]) -> None:
        async with Scenario(REPO, durations={"raw": "1h"}) as sim:
            await script(sim)

    async def middle(sim: Scenario) -> None:
        await sim.clock.advance("3m")
        await sim.restart()
        await sim.clock.advance("3m")

    await end(middle)
    await end(middle)
    # Idle threads of the cache may be left, but they do not pile up.
    assert threading.active_count() <= before + 8
    assert "rivers.simulation" in sys.modules
