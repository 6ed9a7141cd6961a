"""Schedules fire at their times, once; what their functions do becomes ticks and runs, and harms nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.daemons.trigger_book import TriggerBook
from rivers.records import StoredTick, TickDecision
from rivers.simulation import Faults, Scenario
from rivers.storage import Storage
from rivers.storage.changes import Change, TickCommitted
from rivers.storage.engine import Engine
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
SECOND = 10**9
MINUTE = 60 * SECOND

RUNNING = rs.ScheduleStatus.Running


@rs.Asset
def raw() -> int:
    return 1


def scheduled(function: Any = None, **settings: Any) -> rs.Schedule:
    """A schedule of every minute that runs."""
    given = {"cron_schedule": "* * * * *", "job_name": "job", "default_status": RUNNING}
    return rs.Schedule(function, **{**given, **settings})


def repo_of(*schedules: rs.Schedule, **arguments: Any) -> rs.CodeRepository:
    return rs.CodeRepository(
        [raw],
        jobs=[rs.Job("job", [raw]), rs.Job("other", [raw])],
        schedules=list(schedules),
        default_executor=rs.Executor.in_process(),
        **arguments,
    )


def minutes(ticks: Sequence[StoredTick]) -> list[int]:
    """The scheduled times, in minutes since midnight."""
    return [((tick.scheduled_at or 0) - T0_NS) // MINUTE for tick in ticks]


def statuses(ticks: Sequence[StoredTick]) -> list[str]:
    return [tick.status for tick in ticks]


# -- times -------------------------------------------------------------------------------------------------------------


async def test_every_time_has_its_tick_and_its_run() -> None:
    async with Scenario(repo_of(scheduled(name="each"))) as sim:
        await sim.clock.advance("3m")
        ticks = sim.ticks("each")
        assert minutes(ticks) == [1, 2, 3]
        assert [tick.timestamp for tick in ticks] == [tick.scheduled_at for tick in ticks]
        assert [tick.seq for tick in ticks] == [1, 2, 3]
        assert {(tick.status, tick.automation_type) for tick in ticks} == {("Success", "Schedule")}
        assert [run.run_id for run in sim.runs("Success")] == [run_id for tick in ticks for run_id in tick.run_ids]
        assert {run.launched_by for run in sim.runs()} == {rs.LaunchedBy.schedule("each")}


async def test_a_time_that_is_the_start_is_not_due() -> None:
    async with Scenario(repo_of(scheduled(name="each")), start="2026-01-01T00:01:00Z") as sim:
        await sim.clock.settle()
        assert sim.ticks("each") == []
        await sim.clock.advance("1m")
        assert minutes(sim.ticks("each")) == [2]


async def test_the_function_is_told_the_time_it_is_for_in_utc() -> None:
    seen: list[str] = []

    def note(context: rs.ScheduleEvaluationContext) -> rs.SkipReason:
        seen.append(f"{context.schedule_name} {context.scheduled_execution_time}")
        return rs.SkipReason("noted")

    schedule = scheduled(note, name="local", cron_schedule="30 2 * * *", timezone="Europe/Amsterdam")
    async with Scenario(repo_of(schedule)) as sim:
        await sim.clock.advance("1d")
    assert seen == ["local 2026-01-01T01:30:00Z"]


async def test_a_stopped_schedule_has_no_ticks() -> None:
    stopped = scheduled(name="off", default_status=rs.ScheduleStatus.Stopped)
    async with Scenario(repo_of(stopped)) as sim:
        await sim.clock.advance("1h")
        assert sim.ticks("off") == sim.runs() == []


async def test_a_schedule_whose_times_are_exhausted_rests() -> None:
    async with Scenario(repo_of(scheduled(name="once", cron_schedule="0 0 0 2 1 * 2026"))) as sim:
        await sim.clock.advance("5d")
        assert len(sim.ticks("once")) == 1


async def test_a_pause_holds_and_what_passed_meanwhile_was_not_missed() -> None:
    async with Scenario(repo_of(scheduled(name="each"))) as sim:
        await sim.clock.advance("2m")
        assert (await sim.pause("each")).checkpoint is None
        await sim.clock.advance("10m")
        assert (await sim.resume("each")).checkpoint == sim.clock.now_ns()
        await sim.clock.advance("2m")
        assert minutes(sim.ticks("each")) == [1, 2, 13, 14]
        assert set(statuses(sim.ticks("each"))) == {"Success"}


@pytest.mark.parametrize("function", [None, lambda: rs.RunRequest()], ids=["without a function", "with a function"])
async def test_a_tick_with_a_run_is_three_transactions_and_no_commit_of_nothing(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[str] = []
    commits: list[int] = []
    transact, commit = Engine.transact, TriggerBook.commit

    def note_transaction(self: Engine, session: str, statements: Sequence[str], variables: Any) -> list[Any]:
        transactions.append(" ".join(statements))
        return transact(self, session, statements, variables)

    def note_commit(self: TriggerBook, decisions: Sequence[TickDecision]) -> Any:
        commits.append(len(decisions))
        return commit(self, decisions)

    async with Scenario(repo_of(scheduled(function, name="each"))) as sim:
        await sim.clock.advance("90s")
        monkeypatch.setattr(Engine, "transact", note_transaction)
        monkeypatch.setattr(TriggerBook, "commit", note_commit)
        await sim.clock.advance("1m")
        assert len(sim.runs("Success")) == 2
    tick, start, end = transactions
    assert "INSERT INTO tick" in tick
    assert "'Started'" in start
    assert "'Success'" in end
    assert commits == [1]


# -- what functions return ---------------------------------------------------------------------------------------------


async def one_tick(function: Any, **settings: Any) -> tuple[StoredTick, list[rs.RunRecord]]:
    """The first tick of a schedule with this function, and the runs it asked for."""
    async with Scenario(repo_of(scheduled(function, name="nightly", **settings))) as sim:
        await sim.clock.advance("2m")
        first, second = sim.ticks("nightly")
        assert (first.status, first.error) == (second.status, second.error), "the loop goes on"
        by_id = {run.run_id: run for run in sim.runs()}
        return first, [by_id[run_id] for run_id in first.run_ids]


async def test_requests_become_runs_with_the_tags_of_both() -> None:
    requests = [rs.RunRequest(tags={"team": "blue", "rivers/priority": "3"}), rs.RunRequest(job_name="other")]
    tick, runs = await one_tick(lambda: requests, tags={"team": "red", "kind": "nightly"})
    assert tick.status == "Success"
    assert [(run.job_name, dict(run.tags), run.priority) for run in runs] == [
        ("job", {"team": "blue", "kind": "nightly", "rivers/priority": "3"}, 3),
        ("other", {"team": "red", "kind": "nightly"}, 0),
    ]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: rs.SkipReason("nothing new"), "nothing new"),
        (lambda: None, "returned nothing"),
    ],
    ids=["SkipReason", "None"],
)
async def test_a_skip_is_a_tick_with_its_reason(function: Any, reason: str) -> None:
    tick, runs = await one_tick(function)
    assert (tick.status, runs) == ("Skipped", [])
    assert reason in (tick.skip_reason or "")


async def test_an_empty_list_is_a_success_without_runs() -> None:
    tick, runs = await one_tick(list)
    assert (tick.status, tick.skip_reason, runs) == ("Success", None, [])


async def test_a_function_that_raises_is_a_failed_tick_and_the_loop_goes_on() -> None:
    def raises() -> None:
        raise ValueError("boom")

    tick, runs = await one_tick(raises)
    assert (tick.status, tick.error, runs) == ("Failed", "ValueError: boom", [])
    assert "in raises" in (tick.traceback or "")


async def test_a_request_that_cannot_be_launched_leaves_the_others_standing() -> None:
    requests = [rs.RunRequest(), rs.RunRequest(job_name="nope"), rs.RunRequest()]
    tick, runs = await one_tick(lambda: requests)
    assert (tick.status, len(runs)) == ("Failed", 2)
    assert "Job 'nope' not found" in (tick.error or "")


# -- a key is used once ------------------------------------------------------------------------------------------------


def prune_runs(storage: Storage) -> None:
    """Delete every run, as whoever runs out of room would."""
    tables = ("run", "run_order", "run_outcome")
    storage._engine.transact(storage.session, [f"DELETE {table} RETURN NONE" for table in tables], {})


async def test_a_run_key_is_used_once_also_across_restarts_and_pruning() -> None:
    keyed = scheduled(lambda: [rs.RunRequest(run_key="a"), rs.RunRequest(run_key="a")], name="keyed")
    async with Scenario(repo_of(keyed), max_ticks_retained=3) as sim:
        await sim.clock.advance("2m")
        await sim.restart()
        await sim.clock.advance("10m")
        assert len(sim.ticks("keyed")) == 3
        assert [run.run_key for run in sim.runs()] == ["a"]
        prune_runs(sim.storage)
        await sim.restart()
        await sim.clock.advance("10m")
        assert sim.runs() == [], "the key outlives its run"
        assert {tick.status for tick in sim.ticks("keyed")} == {"Success"}


async def test_a_run_that_fails_has_used_its_key() -> None:
    keyed = scheduled(lambda: rs.RunRequest(run_key="a"), name="keyed")
    async with Scenario(repo_of(keyed), failures={"raw": 1}) as sim:
        await sim.clock.advance("5m")
        assert [run.status for run in sim.runs()] == ["Failure"]


async def test_at_most_three_ticks_are_kept_after_any_write() -> None:
    counts: list[int] = []
    async with Scenario(repo_of(scheduled(name="each")), max_ticks_retained=3) as sim:

        def count(changes: Sequence[Change]) -> None:
            counts.append(len(sim.storage.get_ticks("each")))

        sim.storage.subscribe(count)
        await sim.clock.advance("10m")
        assert minutes(sim.ticks("each")) == [8, 9, 10]
    assert max(counts) == 3


# -- times that have no evaluation -------------------------------------------------------------------------------------


async def test_times_without_a_daemon_are_one_skipped_tick() -> None:
    with Storage.memory() as storage:
        async with Scenario(repo_of(scheduled(name="each")), storage=storage) as sim:
            await sim.clock.advance("2m")
        async with Scenario(repo_of(scheduled(name="each")), storage=storage, start="2026-01-01T01:00:30Z") as sim:
            await sim.clock.advance("1m")
            first, second, missed, after = sim.ticks("each")
            assert statuses([first, second, missed, after]) == ["Success", "Success", "Skipped", "Success"]
            assert (missed.missed_first, missed.missed_last) == (T0_NS + 3 * MINUTE, T0_NS + 60 * MINUTE)
            assert missed.missed_count == 58
            assert missed.skip_reason == (
                "missed 58 scheduled times from 2026-01-01T00:03:00Z to 2026-01-01T01:00:00Z: "
                "the daemon was not running"
            )
            assert minutes([after]) == [61]
            assert len(sim.runs()) == 3


class Slow:
    """A schedule function that waits on the clock of its scenario, so many seconds at its n-th call."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.clock: SimClock | None = None
        self.calls: list[str] = []
        self.__name__ = "slow"

    def __call__(self, context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        assert self.clock is not None
        self.calls.append(context.scheduled_execution_time)
        if self.seconds:
            self.clock.sleep_blocking(self.seconds.pop(0))
        return rs.RunRequest()


async def test_times_under_a_slow_evaluation_are_one_skipped_tick() -> None:
    slow = Slow(150)
    async with Scenario(repo_of(scheduled(slow, name="slow"), scheduled(name="other"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("5m")
        evaluated, missed, *later = sim.ticks("slow")
        assert (minutes([evaluated]), evaluated.timestamp) == ([1], T0_NS + 210 * SECOND)
        assert (missed.status, missed.missed_count) == ("Skipped", 2)
        assert "the previous evaluation was still running" in (missed.skip_reason or "")
        assert minutes(later) == [4, 5]
        assert minutes(sim.ticks("other")) == [1, 2, 3, 4, 5], "other triggers are unaffected"


async def test_an_evaluation_that_ends_on_a_scheduled_time_fires_it() -> None:
    slow = Slow(60)
    async with Scenario(repo_of(scheduled(slow, name="slow"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("3m")
        assert minutes(sim.ticks("slow")) == [1, 2, 3]
        assert statuses(sim.ticks("slow")) == ["Success"] * 3


async def test_an_evaluation_that_a_kill_interrupted_is_among_the_missed_times() -> None:
    slow = Slow(150)
    async with Scenario(repo_of(scheduled(slow, name="slow"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("2m 30s")
        await sim.restart()
        await sim.clock.advance("1m")
        missed, after = sim.ticks("slow")
        assert (missed.status, missed.missed_count, minutes([missed])) == ("Skipped", 2, [2])
        assert (after.status, minutes([after])) == ("Success", [3])


async def test_an_evaluation_over_its_time_fails_and_blocks_its_own_schedule_until_it_returns() -> None:
    slow = Slow(250)
    hung = scheduled(slow, name="hung", eval_timeout="30s")
    async with Scenario(repo_of(hung, scheduled(lambda: rs.RunRequest(), name="other"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("1m 30s")
        (timed_out,) = sim.ticks("hung")
        assert timed_out.status == "Failed"
        assert timed_out.timestamp == T0_NS + 90 * SECOND
        assert timed_out.error == "EvaluationTimeout: schedule 'hung' timed out after 30s"

        await sim.clock.advance("2m 30s")
        assert sim.graph.health().abandoned_evaluations == {"schedule hung": pytest.approx(150)}
        assert minutes(sim.ticks("other")) == [1, 2, 3, 4], "the slot was given back"
        blocked = sim.ticks("hung")[1:]
        assert minutes(blocked) == [2, 3, 4]
        assert statuses(blocked) == ["Failed"] * 3
        assert {"previous evaluation timed out and is still running" in (tick.error or "") for tick in blocked} == {
            True
        }

        await sim.clock.advance("2m")  # it returns at 00:05:10
        assert sim.graph.health().abandoned_evaluations == {}
        assert [(tick.status, tick.scheduled_at) for tick in sim.ticks("hung")[4:]] == [
            ("Failed", T0_NS + 5 * MINUTE),
            ("Success", T0_NS + 6 * MINUTE),
        ]
        assert slow.calls == ["2026-01-01T00:01:00Z", "2026-01-01T00:06:00Z"]
        assert len(sim.runs()) == 7, "the late result is discarded"


async def test_a_pause_under_an_evaluation_keeps_its_tick_and_no_other() -> None:
    slow = Slow(90)
    async with Scenario(repo_of(scheduled(slow, name="slow"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("1m 30s")
        await sim.pause("slow")
        await sim.clock.advance("1h")
        assert [(tick.status, tick.missed_count) for tick in sim.ticks("slow")] == [("Success", 0)]


async def test_a_schedule_that_is_paused_and_resumed_under_an_evaluation_goes_on_after_it() -> None:
    slow = Slow(90)
    async with Scenario(repo_of(scheduled(slow, name="slow"))) as sim:
        slow.clock = sim.clock
        await sim.clock.advance("1m 30s")
        await sim.pause("slow")
        await sim.resume("slow")
        await sim.clock.advance("3m")
        fired = [tick for tick in sim.ticks("slow") if tick.status == "Success"]
        assert minutes(fired) == [1, 3, 4]


# -- many at once, and names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [None, lambda: rs.RunRequest()], ids=["without functions", "with functions"])
async def test_many_schedules_of_one_instant_commit_in_groups_of_at_most_fifty(
    function: Any,
) -> None:
    groups: list[int] = []
    schedules = [scheduled(function, name=f"s{number:03}") for number in range(120)]
    async with Scenario(repo_of(*schedules), execute=False) as sim:

        def count(changes: Sequence[Change]) -> None:
            ticks = sum(isinstance(change, TickCommitted) for change in changes)
            if ticks:
                groups.append(ticks)

        sim.storage.subscribe(count)
        await sim.clock.advance("1m")
        assert len(sim.runs("Success")) == 120
    assert groups == [50, 50, 20]


async def test_a_schedule_and_a_sensor_may_share_a_name() -> None:
    @rs.Sensor(name="twin", job_name="other", minimum_interval="1m", default_status=rs.SensorStatus.Running)
    def sensing(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        count = int(context.cursor or 0) + 1
        return rs.SensorResult(run_requests=[rs.RunRequest(run_key=str(count))], cursor=str(count))

    @rs.Schedule(name="twin", cron_schedule="* * * * *", job_name="job", default_status=RUNNING)
    def timing(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        return rs.RunRequest(run_key=context.scheduled_execution_time[14:16].lstrip("0"))

    async with Scenario(repo_of(timing, sensors=[sensing])) as sim:
        await sim.clock.advance("3m")
        await sim.restart()
        await sim.clock.advance("2m")
        kinds = [(tick.automation_type, tick.seq) for tick in sim.ticks("twin")]
        assert [seq for kind, seq in kinds if kind == "Schedule"] == [1, 2, 3, 4, 5]
        assert [seq for kind, seq in kinds if kind == "Sensor"] == list(range(1, 8))
        assert len(sim.runs("Success")) == 12, "equal keys of the two do not meet"
        await sim.pause("twin", kind="sensor")
        await sim.clock.advance("5m")
        assert len([tick for tick in sim.ticks("twin") if tick.automation_type == "Schedule"]) == 10
        with pytest.raises(ValueError, match="kind="):
            await sim.pause("twin")


QUEUE_OF_ONE = rs.RunQueueConfig(max_concurrent_runs=1)


@pytest.mark.parametrize("queue", [None, QUEUE_OF_ONE], ids=["without a queue", "with a queue"])
async def test_without_a_single_hint_everything_ends_all_the_same(queue: rs.RunQueueConfig | None) -> None:
    repo = repo_of(scheduled(name="each"), run_queue=queue)
    async with Scenario(repo, faults=Faults(lost_messages=1.0), durations={"raw": "10s"}) as sim:
        await sim.clock.advance("3m")
        await sim.pause("each")
        await sim.clock.advance("2h")
        assert [run.status for run in sim.runs()] == ["Success"] * 3


@pytest.mark.parametrize("queue", [None, QUEUE_OF_ONE], ids=["without a queue", "with a queue"])
@pytest.mark.parametrize("share", [0.3, 0.9] if SOAK else [0.9])
async def test_hints_that_arrive_do_not_put_off_the_look_for_those_that_do_not(
    queue: rs.RunQueueConfig | None, share: float
) -> None:
    repo = repo_of(scheduled(name="each"), run_queue=queue)
    async with Scenario(repo, faults=Faults(lost_messages=share), durations={"raw": "10s"}) as sim:
        await sim.clock.advance("1h")
        await sim.pause("each")
        await sim.clock.advance("12h")
        assert {run.status for run in sim.runs()} == {"Success"}
        assert len(sim.runs()) == 60
