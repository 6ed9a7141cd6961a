"""Schedules and sensors come, change and go while the graph runs, and the others do not notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import ChooseTrigger
from rivers.clock import SimClock
from rivers.daemons.graph import automation_graph
from rivers.daemons.trigger_book import TriggerBook
from rivers.exceptions import NodeNotFoundError, RiversError, StorageError
from rivers.ids import SeededIds
from rivers.simulation import Scenario
from rivers.storage import Storage

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
SECOND = 10**9
MINUTE = 60 * SECOND

NAMES = ("steady", "added", "edited", "renamed", "new name", "removed")


@rs.Asset
def raw() -> int:
    return 1


def schedule(name: str, function: Any = None, *, cron: str = "* * * * *", **settings: Any) -> rs.Schedule:
    """A schedule that runs, by default every minute."""
    given = {"job_name": "job", "default_status": rs.ScheduleStatus.Running, **settings}
    return rs.Schedule(function, name=name, cron_schedule=cron, **given)


def counting(context: rs.SensorEvaluationContext) -> rs.SensorResult:
    return rs.SensorResult(skip_reason="counted", cursor=str(int(context.cursor or 0) + 1))


def sensor(name: str, function: Any = counting, *, interval: str = "10s", **settings: Any) -> rs.Sensor:
    """A sensor that runs and counts its polls, by default one every ten seconds."""
    given = {"job_name": "job", "default_status": rs.SensorStatus.Running, **settings}
    return rs.Sensor(function, name=name, minimum_interval=interval, **given)


def playing(*triggers: rs.Schedule | rs.Sensor) -> Scenario:
    """A scenario of a repository that declares these."""
    return Scenario(
        rs.CodeRepository(
            [raw],
            jobs=[rs.Job("job", [raw])],
            schedules=[each for each in triggers if isinstance(each, rs.Schedule)],
            sensors=[each for each in triggers if isinstance(each, rs.Sensor)],
            default_executor=rs.Executor.in_process(),
        )
    )


async def do(clock: SimClock, call: Callable[..., Awaitable[None]], *args: Any) -> None:
    """Await one call on the graph while the instant comes to rest; raise what it raises."""
    errors: list[Exception] = []

    async def carry_out() -> None:
        try:
            await call(*args)
        except Exception as error:
            errors.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(carry_out)
        await clock.settle()
    if errors:
        raise errors[0]


async def rename(sim: Scenario, old: str, new: rs.Schedule | rs.Sensor) -> None:
    kind = "schedule" if isinstance(new, rs.Schedule) else "sensor"
    await do(sim.clock, sim.graph.remove_trigger, kind, old)
    await do(sim.clock, sim.graph.add_trigger, new)


def minutes(sim: Scenario, name: str) -> list[float]:
    """When the ticks of a trigger were, in minutes since midnight."""
    return [(tick.timestamp - T0_NS) / MINUTE for tick in sim.ticks(name)]


def seconds(sim: Scenario, name: str) -> list[float]:
    return [(tick.timestamp - T0_NS) / SECOND for tick in sim.ticks(name)]


# -- coming, changing, going -------------------------------------------------------------------------------------------


async def test_schedules_are_added_edited_renamed_and_removed_between_two_ticks() -> None:
    async with playing(*map(schedule, ("steady", "edited", "renamed", "removed"))) as sim:
        await sim.clock.advance("90s")
        before = sim.storage.trigger_state("schedule", "steady")
        await do(sim.clock, sim.graph.add_trigger, schedule("added"))
        await do(sim.clock, sim.graph.change_trigger, schedule("edited", cron="*/3 * * * *"))
        await rename(sim, "renamed", schedule("new name"))
        await do(sim.clock, sim.graph.remove_trigger, "schedule", "removed")
        assert sim.storage.trigger_state("schedule", "steady") == before
        await sim.clock.advance("150s")

        assert {
            name: minutes(sim, name) for name in ("steady", "added", "edited", "renamed", "new name", "removed")
        } == {
            "steady": [1, 2, 3, 4],
            "added": [2, 3, 4],
            "edited": [1, 3],
            "renamed": [1],
            "new name": [2, 3, 4],
            "removed": [1],
        }
        assert len(sim.runs("Success")) == 4 + 3 + 2 + 1 + 3 + 1


async def test_sensors_are_added_edited_renamed_and_removed_between_two_polls() -> None:
    async with playing(*map(sensor, ("steady", "edited", "renamed", "removed"))) as sim:
        await sim.clock.advance("15s")
        before = sim.storage.trigger_state("sensor", "steady")
        await do(sim.clock, sim.graph.add_trigger, sensor("added"))
        await do(sim.clock, sim.graph.change_trigger, sensor("edited", interval="20s"))
        await rename(sim, "renamed", sensor("new name"))
        await do(sim.clock, sim.graph.remove_trigger, "sensor", "removed")
        assert sim.storage.trigger_state("sensor", "steady") == before
        await sim.clock.advance("25s")

        assert {
            name: seconds(sim, name) for name in ("steady", "added", "edited", "renamed", "new name", "removed")
        } == {
            "steady": [0, 10, 20, 30, 40],
            "added": [15, 25, 35],
            "edited": [0, 10, 15, 35],
            "renamed": [0, 10],
            "new name": [15, 25, 35],
            "removed": [0, 10],
        }
        assert [tick.cursor for tick in sim.ticks("edited")] == ["1", "2", "3", "4"]
        assert [tick.cursor for tick in sim.ticks("new name")] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "edited",
    [
        schedule("each", cron="*/10 * * * *"),
        schedule("each", cron="10,20,40,50 * * * *"),
        schedule("each", cron="*/10 * * * *", timezone="Asia/Kolkata"),
    ],
    ids=["more often", "at other minutes", "in another zone"],
)
async def test_other_times_count_from_now(edited: rs.Schedule) -> None:
    async with playing(schedule("each", cron="0 * * * *")) as sim:
        await sim.clock.advance("65m")
        await do(sim.clock, sim.graph.change_trigger, edited)
        state = sim.storage.trigger_state("schedule", "each")
        assert state is not None
        assert state.checkpoint == sim.clock.now_ns()
        await sim.clock.advance("16m")
        ticks = sim.ticks("each")
        assert [tick.missed_count for tick in ticks] == [0] * len(ticks)
        assert minutes(sim, "each") == [60, 70, 80]


async def test_an_edit_that_leaves_the_times_as_they_are_moves_nothing() -> None:
    async with playing(schedule("each")) as sim:
        await sim.clock.advance("90s")
        before = sim.storage.trigger_state("schedule", "each")
        await do(sim.clock, sim.graph.change_trigger, schedule("each", tags={"team": "blue"}, timezone="UTC"))
        assert sim.storage.trigger_state("schedule", "each") == before
        await sim.clock.advance("30s")
        assert [dict(run.tags) for run in sim.runs()] == [{}, {"team": "blue"}]


async def test_an_edited_schedule_that_has_no_more_times_rests() -> None:
    async with playing(schedule("each")) as sim:
        await sim.clock.advance("90s")
        await do(sim.clock, sim.graph.change_trigger, schedule("each", cron="0 0 0 2 1 * 2025"))
        await sim.clock.advance("1h")
        assert minutes(sim, "each") == [1]


async def test_a_function_that_is_edited_gets_the_arguments_that_it_asks_for() -> None:
    def with_context(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        return rs.RunRequest(tags={"by": context.schedule_name})

    async with playing(schedule("each", lambda: rs.RunRequest())) as sim:
        await sim.clock.advance("90s")
        await do(sim.clock, sim.graph.change_trigger, schedule("each", with_context))
        await sim.clock.advance("30s")
        assert [dict(run.tags) for run in sim.runs("Success")] == [{}, {"by": "each"}]


async def test_what_is_stopped_by_an_edit_stops_and_what_is_started_has_missed_nothing() -> None:
    stopped = rs.ScheduleStatus.Stopped
    async with playing(schedule("on"), schedule("off", default_status=stopped)) as sim:
        await sim.clock.advance("150s")
        await do(sim.clock, sim.graph.change_trigger, schedule("on", default_status=stopped))
        await do(sim.clock, sim.graph.change_trigger, schedule("off"))
        await sim.clock.advance("90s")
        assert (minutes(sim, "on"), minutes(sim, "off")) == ([1, 2], [3, 4])


# -- coming back -------------------------------------------------------------------------------------------------------


async def test_a_schedule_that_comes_back_has_missed_nothing() -> None:
    async with playing(schedule("each"), schedule("paused")) as sim:
        await sim.clock.advance("90s")
        await sim.pause("paused")
        for name in ("each", "paused"):
            await do(sim.clock, sim.graph.remove_trigger, "schedule", name)
        await sim.clock.advance("10m")
        for name in ("each", "paused"):
            await do(sim.clock, sim.graph.add_trigger, schedule(name))
        await sim.clock.advance("1m")
        assert [(tick.status, tick.missed_count) for tick in sim.ticks("each")] == [("Success", 0)] * 2
        assert (minutes(sim, "each"), minutes(sim, "paused")) == ([1, 12], [1])
        await sim.resume("paused")
        await sim.clock.advance("1m")
        assert minutes(sim, "paused") == [1, 13]


async def test_a_sensor_that_comes_back_goes_on_with_its_cursor() -> None:
    async with playing(sensor("inbox")) as sim:
        await sim.clock.advance("15s")
        await do(sim.clock, sim.graph.remove_trigger, "sensor", "inbox")
        await sim.clock.advance("1m")
        await do(sim.clock, sim.graph.add_trigger, sensor("inbox"))
        assert [(tick.cursor, tick.seq) for tick in sim.ticks("inbox")] == [("1", 1), ("2", 2), ("3", 3)]
        assert seconds(sim, "inbox") == [0, 10, 75]


async def test_a_declared_schedule_that_was_removed_has_missed_nothing_at_the_next_start() -> None:
    async with playing(schedule("each")) as sim:
        await sim.clock.advance("90s")
        await do(sim.clock, sim.graph.remove_trigger, "schedule", "each")
        await sim.clock.advance("10m")
        await sim.restart()
        await sim.clock.advance("1m")
        assert minutes(sim, "each") == [1, 12]


async def test_the_set_outlives_a_failure_of_its_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    original, failures = TriggerBook.commit, [StorageError("once")]

    async def fail_once(self: TriggerBook, decisions: Any) -> None:
        if decisions and failures:
            raise failures.pop()
        await original(self, decisions)

    clock = SimClock("2026-01-01T00:00:00Z", patience=10)
    repo = rs.CodeRepository([raw], jobs=[rs.Job("job", [raw])], default_executor=rs.Executor.in_process())
    with Storage.memory() as storage:
        async with automation_graph(repo, storage, clock, SeededIds(1)) as graph:
            await do(clock, graph.add_trigger, schedule("added"))
            monkeypatch.setattr(TriggerBook, "commit", fail_once)
            await clock.advance("3m")
            assert graph.health().daemons["ScheduleDaemon"].restart_count == 1
            missed, *others = reversed(storage.get_ticks("added"))
            assert (missed.status, missed.missed_count) == ("Skipped", 1), "the time at which the daemon failed"
            assert [tick.status for tick in others] == ["Success", "Success"]


# -- an evaluation in flight -------------------------------------------------------------------------------------------


class Slow:
    """A function that takes 90 s on the clock of its scenario, and may return nothing."""

    def __init__(self) -> None:
        self.sim: Scenario | None = None
        self.returned = 0

    def __call__(self) -> rs.RunRequest:
        assert self.sim is not None
        self.sim.clock.sleep_blocking(90)
        self.returned += 1
        return rs.RunRequest()


@pytest.mark.parametrize("kind", ["schedule", "sensor"])
async def test_the_evaluation_of_a_removed_trigger_makes_no_tick(kind: Any) -> None:
    slow = Slow()
    trigger = schedule("slow", slow) if kind == "schedule" else sensor("slow", slow)
    slow.sim = sim = playing(trigger, schedule("steady"))
    async with sim:
        await sim.clock.advance("80s")
        await do(sim.clock, sim.graph.remove_trigger, kind, "slow")
        assert sim.graph.health().abandoned_evaluations.keys() == {f"{kind} slow"}
        await sim.clock.advance("5m")
        assert slow.returned == 1
        assert sim.ticks("slow") == []
        assert len(sim.runs()) == len(sim.ticks("steady")) == 6
        assert sim.graph.health().abandoned_evaluations == {}


async def test_an_evaluation_that_outlives_its_trigger_keeps_the_next_of_that_name_waiting() -> None:
    slow = Slow()
    slow.sim = sim = playing(schedule("slow", slow))
    async with sim:
        await sim.clock.advance("70s")
        await do(sim.clock, sim.graph.remove_trigger, "schedule", "slow")
        await do(sim.clock, sim.graph.add_trigger, schedule("slow", lambda: rs.RunRequest()))
        await sim.clock.advance("110s")
        assert [(tick.status, tick.scheduled_at) for tick in sim.ticks("slow")] == [
            ("Failed", T0_NS + 2 * MINUTE),
            ("Success", T0_NS + 3 * MINUTE),
        ]


async def test_an_evaluation_that_was_begun_before_an_edit_is_stored_as_it_was_begun() -> None:
    slow = Slow()
    slow.sim = sim = playing(schedule("slow", slow, tags={"rule": "old"}))
    async with sim:
        await sim.clock.advance("80s")
        await do(sim.clock, sim.graph.change_trigger, schedule("slow", cron="*/5 * * * *", tags={"rule": "new"}))
        await sim.clock.advance("5m")
        assert [(tick.scheduled_at or 0) - T0_NS for tick in sim.ticks("slow")] == [MINUTE, 5 * MINUTE]
        assert [dict(run.tags) for run in sim.runs()] == [{"rule": "old"}, {"rule": "new"}]


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    async with playing(schedule("nightly"), sensor("inbox")) as sim:
        graph = sim.graph
        with pytest.raises(RiversError, match="Schedule 'nightly' exists already"):
            await do(sim.clock, graph.add_trigger, schedule("nightly", cron="@daily"))
        with pytest.raises(NodeNotFoundError, match="Schedule 'inbox' not found"):
            await do(sim.clock, graph.change_trigger, schedule("inbox"))
        with pytest.raises(NodeNotFoundError, match="Sensor 'nightly' not found"):
            await do(sim.clock, graph.remove_trigger, "sensor", "nightly")
        with pytest.raises(NodeNotFoundError, match="Schedule 'nope' not found"):
            await sim.control(ChooseTrigger(kind="schedule", name="nope", choice="stopped"))
        assert sim.storage.trigger_state("schedule", "nope") is None
        await sim.clock.advance("1m")
        assert minutes(sim, "nightly") == [1]
