"""Sensors are polled one interval after the last poll, with the cursor and the time of their newest tick."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.exceptions import NotQuiescent
from rivers.records import StoredTick
from rivers.simulation import Scenario
from rivers.storage import Storage

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
SECOND = 10**9

RUNNING = rs.SensorStatus.Running


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def derived(raw: int) -> int:
    return raw


def polled(function: Any = None, **settings: Any) -> rs.Sensor:
    """A sensor that runs and is polled every ten seconds."""
    given = {"job_name": "job", "minimum_interval": "10s", "default_status": RUNNING}
    return rs.Sensor(function, **{**given, **settings})


def repo_of(*sensors: rs.Sensor, **arguments: Any) -> rs.CodeRepository:
    return rs.CodeRepository(
        [raw, derived],
        jobs=[rs.Job("job", [raw])],
        sensors=list(sensors),
        default_executor=rs.Executor.in_process(),
        **arguments,
    )


def seconds(ticks: Sequence[StoredTick]) -> list[float]:
    return [(tick.timestamp - T0_NS) / SECOND for tick in ticks]


def counting(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """One run a poll, and the number of the poll as cursor."""
    number = int(context.cursor or 0) + 1
    return rs.SensorResult(run_requests=[rs.RunRequest(run_key=str(number))], cursor=str(number))


class Waiting:
    """A sensor function that waits on the clock of its scenario, so many seconds at its n-th call, then counts."""

    __name__ = "waiting"

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.clock: SimClock | None = None
        self.calls: list[float] = []

    def __call__(self, context: rs.SensorEvaluationContext) -> rs.SensorResult:
        assert self.clock is not None
        self.calls.append(self.clock.monotonic())
        if self.seconds:
            self.clock.sleep_blocking(self.seconds.pop(0))
        return counting(context)


def with_clock_of(slow: Waiting, sim: Scenario) -> Scenario:
    """Let the function wait on the clock of this scenario, from its very first poll on."""
    slow.clock = sim.clock
    return sim


# -- when --------------------------------------------------------------------------------------------------------------


async def test_the_first_poll_is_at_the_start_and_the_next_an_interval_later() -> None:
    async with Scenario(repo_of(polled(counting, name="inbox"))) as sim:
        await sim.clock.settle()
        assert seconds(sim.ticks("inbox")) == [0]
        await sim.clock.advance("25s")
        assert seconds(sim.ticks("inbox")) == [0, 10, 20]


async def test_an_interval_is_counted_from_the_end_of_the_last_poll() -> None:
    slow = Waiting(3, 3, 3)
    async with with_clock_of(slow, Scenario(repo_of(polled(slow, name="inbox")))) as sim:
        await sim.clock.advance("40s")
        assert slow.calls == [0, 13, 26, 39]
        assert seconds(sim.ticks("inbox")) == [3, 16, 29, 39]


async def test_intervals_below_a_second_are_honoured() -> None:
    async with Scenario(repo_of(polled(counting, name="inbox", minimum_interval="250ms"))) as sim:
        await sim.clock.advance("1s")
        assert seconds(sim.ticks("inbox")) == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("interval", [None, "no duration"])
async def test_without_an_interval_polls_are_half_a_minute_apart(interval: str | None) -> None:
    async with Scenario(repo_of(polled(counting, name="inbox", minimum_interval=interval))) as sim:
        await sim.clock.advance("1m")
        assert seconds(sim.ticks("inbox")) == [0, 30, 60]


async def test_a_stopped_sensor_is_not_polled() -> None:
    async with Scenario(repo_of(polled(counting, name="off", default_status=rs.SensorStatus.Stopped))) as sim:
        await sim.clock.advance("1h")
        assert sim.ticks("off") == sim.runs() == []


async def test_pause_and_resume() -> None:
    async with Scenario(repo_of(polled(counting, name="inbox"))) as sim:
        await sim.clock.advance("15s")
        await sim.pause("inbox")
        await sim.clock.advance("1h")
        assert seconds(sim.ticks("inbox")) == [0, 10]
        await sim.resume("inbox")
        await sim.clock.advance("10s")
        assert seconds(sim.ticks("inbox")) == [0, 10, 3615, 3625]
        assert [tick.cursor for tick in sim.ticks("inbox")] == ["1", "2", "3", "4"]


async def test_a_pause_under_an_evaluation_keeps_its_tick_and_no_other() -> None:
    slow = Waiting(3)
    async with with_clock_of(slow, Scenario(repo_of(polled(slow, name="inbox")))) as sim:
        await sim.clock.advance("1s")
        await sim.pause("inbox")
        await sim.clock.advance("1h")
        assert seconds(sim.ticks("inbox")) == [3]


async def test_a_resume_under_an_evaluation_does_not_start_a_second_one() -> None:
    slow = Waiting(30)
    async with with_clock_of(slow, Scenario(repo_of(polled(slow, name="inbox")))) as sim:
        await sim.clock.advance("1s")
        await sim.pause("inbox")
        await sim.resume("inbox")
        await sim.clock.advance("40s")
        assert slow.calls == [0, 40]


# -- what functions get and return ----------------------------------------------------------------------------------


async def test_a_poll_is_told_what_the_newest_tick_left_also_after_a_restart() -> None:
    seen: list[tuple[str | None, float | None]] = []

    def note(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        seen.append((context.cursor, context.last_tick_time))
        return rs.SensorResult(cursor=f"{context.now():%S}")

    async with Scenario(repo_of(polled(note, name="inbox"))) as sim:
        await sim.clock.advance("10s")
        await sim.restart()
        await sim.clock.settle()
    start = T0_NS / SECOND
    assert seen == [(None, None), ("00", start), ("10", start + 10)]


async def test_only_a_new_cursor_replaces_the_old_one() -> None:
    answers: list[Any] = [
        rs.SensorResult(cursor="x"),
        rs.SkipReason("nothing"),
        None,
        ValueError("boom"),
        rs.RunRequest(job_name="nope"),
        [],
        rs.SensorResult(run_requests=[rs.RunRequest(job_name="nope")], cursor="y"),
        rs.SensorResult(skip_reason="waiting", cursor="z"),
    ]
    seen: list[str | None] = []

    def answer(context: rs.SensorEvaluationContext) -> Any:
        seen.append(context.cursor)
        value = answers[len(seen) - 1]
        if isinstance(value, Exception):
            raise value
        return value

    async with Scenario(repo_of(polled(answer, name="inbox"))) as sim:
        await sim.clock.advance("70s")
        ticks = sim.ticks("inbox")
    assert seen == [None, "x", "x", "x", "x", "x", "x", "y"]
    assert [tick.cursor for tick in ticks] == ["x", "x", "x", "x", "x", "x", "y", "z"]
    assert [tick.status for tick in ticks] == [
        "Success",
        "Skipped",
        "Skipped",
        "Failed",
        "Failed",
        "Success",
        "Failed",
        "Skipped",
    ]
    assert ticks[3].error == "ValueError: boom"
    assert ticks[7].skip_reason == "waiting"


async def test_a_sensor_without_a_job_runs_its_selection() -> None:
    selecting = polled(
        lambda: rs.RunRequest(), name="inbox", job_name=None, asset_selection=["raw", "derived"], tags={"by": "sensor"}
    )
    async with Scenario(repo_of(selecting)) as sim:
        await sim.clock.settle()
        (run,) = sim.runs("Success")
        assert (run.job_name, run.node_names, run.tags) == (None, ["raw", "derived"], [("by", "sensor")])
        assert run.launched_by == rs.LaunchedBy.sensor("inbox")


async def test_requests_that_fail_leave_the_others_standing_and_the_cursor_moves_on() -> None:
    @rs.Sensor(job_name="job", minimum_interval="1s", default_status=RUNNING)
    def partial(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        requests = [rs.RunRequest(), rs.RunRequest(job_name="nope"), rs.RunRequest()]
        return rs.SensorResult(run_requests=requests, cursor="x")

    async with Scenario(repo_of(partial)) as sim:
        await sim.clock.settle()
        (tick,) = sim.ticks("partial")
        assert (tick.status, len(tick.run_ids), tick.cursor) == ("Failed", 2, "x")
        assert "'nope'" in (tick.error or "")
        assert [run.run_id for run in sim.runs("Success")] == tick.run_ids


async def test_a_sensor_counts_with_its_cursor() -> None:
    @rs.Sensor(job_name="job", minimum_interval="1s", default_status=RUNNING)
    def counter(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        n = int(context.cursor or 0) + 1
        return rs.SensorResult(run_requests=[rs.RunRequest()] if n <= 2 else None, cursor=str(n))

    async with Scenario(repo_of(counter)) as sim:
        await sim.clock.advance("4s")
        ticks = sim.ticks("counter")
        assert [tick.cursor for tick in ticks] == ["1", "2", "3", "4", "5"]
        assert [run.launched_by.kind for run in sim.runs()] == ["sensor", "sensor"]
        assert [(tick.status, tick.run_ids) for tick in ticks[2:]] == [("Success", [])] * 3


async def in_a_worker(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    """Async, in a process of its own."""
    return rs.SensorResult(run_requests=[rs.RunRequest(tags={"pid": str(os.getpid())})], cursor="w")


async def test_a_worker_is_told_the_cursor_and_stays_for_the_next_poll() -> None:
    sensor = polled(in_a_worker, name="inbox", eval_mode=rs.EvalMode.Subprocess)
    async with Scenario(repo_of(sensor)) as sim:
        await sim.clock.advance("10s")
        pids = {dict(run.tags)["pid"] for run in sim.runs("Success")}
        assert len(sim.ticks("inbox")) == 2
        assert len(pids) == 1
        assert str(os.getpid()) not in pids


async def test_a_function_that_asks_for_a_run_of_its_own_gets_it_on_the_simulated_clock() -> None:
    holder: list[rs.CodeRepository] = []

    def materializing(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        result = holder[0].materialize(["raw"])
        return rs.SensorResult(cursor=str(result.success))

    repo = repo_of(polled(materializing, name="inbox"))
    holder.append(repo)
    async with Scenario(repo, durations={"raw": "4s"}) as sim:
        await sim.clock.advance("10s")
        assert seconds(sim.ticks("inbox")) == [4]
        assert sim.ticks("inbox")[0].cursor == "True"
        (run,) = sim.runs("Success")
        assert (run.launched_by.kind, (run.end_time or 0) - run.start_time) == ("manual", 4 * SECOND)


# -- too long ----------------------------------------------------------------------------------------------------------


async def test_a_poll_over_its_time_fails_and_blocks_its_own_sensor_until_it_returns() -> None:
    slow = Waiting(45)
    hung = polled(slow, name="hung", eval_timeout="5s")
    async with with_clock_of(slow, Scenario(repo_of(hung, polled(counting, name="other")))) as sim:
        await sim.clock.advance("40s")
        assert sim.graph.health().abandoned_evaluations == {"sensor hung": pytest.approx(35)}
        assert seconds(sim.ticks("other")) == [0, 10, 20, 30, 40]
        await sim.clock.advance("10s")
        assert sim.graph.health().abandoned_evaluations == {}
        first, *blocked, last = sim.ticks("hung")
        assert first.error == "EvaluationTimeout: sensor 'hung' timed out after 5s"
        assert seconds(blocked) == [15, 25, 35]
        assert {(tick.status, tick.error) for tick in blocked} == {
            ("Failed", "previous evaluation timed out and is still running")
        }
        assert (seconds([last]), last.status, last.cursor) == ([45], "Success", "1"), "the late result is discarded"


async def test_a_restart_gives_up_waiting_for_an_abandoned_evaluation() -> None:
    slow = Waiting(3600)
    async with with_clock_of(slow, Scenario(repo_of(polled(slow, name="hung", eval_timeout="5s")))) as sim:
        await sim.clock.advance("10s")
        await sim.restart()
        await sim.clock.settle()
        assert sim.graph.health().abandoned_evaluations == {}
        assert [tick.status for tick in sim.ticks("hung")] == ["Failed", "Success"]


async def test_a_poll_that_hangs_in_real_time_is_named() -> None:
    release = threading.Event()

    def hanging() -> None:
        release.wait()

    sim = Scenario(repo_of(polled(hanging, name="inbox")), patience=0.2)
    try:
        with pytest.raises(NotQuiescent, match="'inbox'"):
            await sim.__aenter__()
    finally:
        release.set()


# -- restarts ----------------------------------------------------------------------------------------------------------


async def test_a_cursor_outlives_the_process() -> None:
    with Storage.memory() as storage:
        for start, expected in (("2026-01-01T00:00:00Z", ["1", "2"]), ("2026-01-01T00:00:15Z", ["1", "2", "3", "4"])):
            async with Scenario(repo_of(polled(counting, name="inbox")), start=start, storage=storage) as sim:
                await sim.clock.advance("10s")
                assert [tick.cursor for tick in sim.ticks("inbox")] == expected
                assert [run.run_key for run in sim.runs("Success")] == expected


async def test_a_poll_that_a_kill_interrupted_is_polled_again_with_the_same_cursor() -> None:
    slow = Waiting(0, 5)
    async with with_clock_of(slow, Scenario(repo_of(polled(slow, name="inbox")))) as sim:
        await sim.clock.advance("12s")
        await sim.restart()
        await sim.clock.settle()
        assert [tick.cursor for tick in sim.ticks("inbox")] == ["1", "2"]
        assert slow.calls == [0, 10, 12]


DAY = rs.PartitionsDefinition.daily(datetime(2025, 12, 30))


@rs.Asset(partitions_def=DAY)
def by_day() -> int:
    return 1


@rs.Asset(partitions_def=rs.PartitionsDefinition.multi({"d": DAY, "user": rs.PartitionsDefinition.dynamic("users")}))
def by_user() -> int:
    return 1


@pytest.mark.rule("partitions 5.1.15")
async def test_each_request_runs_for_its_partition_and_one_bad_key_fails_alone() -> None:
    """The windows are those of the simulated moment: the second day begins under the eyes of the sensor."""

    @polled(minimum_interval="1d", job_name="days")
    def watch(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        texts = ["2026-01-02", "2026-01-01"] if context.cursor is None else ["2026-01-02"]
        return rs.SensorResult([rs.RunRequest(partition_key=text) for text in texts], cursor="1")

    repo = rs.CodeRepository([by_day], jobs=[rs.Job("days", [by_day])], sensors=[watch])
    async with Scenario(repo, execute=False) as sim:
        await sim.clock.advance("1d")
        runs = sim.storage.get_runs()
        assert [run.partition_key for run in runs] == [rs.PartitionKey.single(f"2026-01-0{day}") for day in (2, 1)]
        second, first = sim.storage.get_ticks("watch")
        assert (first.status, first.run_ids) == ("Failed", [runs[1].run_id])
        for word in ("Job 'days'", "'2026-01-02' for asset 'by_day'", "nearest valid keys: '2026-01-01'", "1 of 2"):
            assert word in (first.error or "")
        assert (second.status, second.error) == ("Success", None)


@pytest.mark.rule("partitions 3.4.3", "partitions 5.1.14")
async def test_a_key_of_several_dimensions_is_read_and_its_dynamic_values_must_be_registered() -> None:
    requests = [rs.RunRequest(partition_key=f"user={user}|d=2026-01-01") for user in ("ann", "bob")]

    @polled(minimum_interval="1d", job_name="users")
    def watch() -> list[rs.RunRequest]:
        return requests

    repo = rs.CodeRepository([by_user], jobs=[rs.Job("users", [by_user])], sensors=[watch])
    with Storage.memory() as storage:
        storage.add_dynamic_partitions("users", ["ann"])
        async with Scenario(repo, storage=storage, execute=False) as sim:
            await sim.clock.advance("1h")
            (run,) = sim.storage.get_runs()
            assert run.partition_key == rs.PartitionKey.multi({"d": "2026-01-01", "user": "ann"})
            (tick,) = sim.storage.get_ticks("watch")
            assert "'d=2026-01-01|user=bob'" in (tick.error or "")
            assert "add_dynamic_partitions" in (tick.error or "")


@pytest.mark.rule("partitions 5.1.15")
async def test_a_partitioned_job_without_a_key_is_a_failed_tick() -> None:
    @polled(minimum_interval="1d", job_name="days")
    def watch() -> rs.RunRequest:
        return rs.RunRequest()

    repo = rs.CodeRepository([by_day], jobs=[rs.Job("days", [by_day])], sensors=[watch])
    async with Scenario(repo, execute=False) as sim:
        await sim.clock.advance("1h")
        (tick,) = sim.storage.get_ticks("watch")
        assert (tick.status, sim.storage.get_runs()) == ("Failed", [])
        assert "without partition_key: partitioned are by_day" in (tick.error or "")
