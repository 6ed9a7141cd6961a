"""Two graphs over one store: a slow evaluation of the one never undoes what the other has decided meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import ChooseTrigger
from rivers.clock import SimClock
from rivers.daemons.graph import automation_graph
from rivers.storage import Storage
from rivers.storage.changes import Change, TickCommitted
from scenarios.checks import cursors_set_back, gaps_between, keys_that_ran_twice, runs_without_a_tick


@rs.Asset
def loaded() -> str:
    """What the run loads."""
    return "loaded"


def make_repo(clock: SimClock, seconds: float) -> rs.CodeRepository:
    """One new file at every poll; a poll takes so many seconds."""

    @rs.Sensor(job_name="load", minimum_interval="10s", default_status=rs.SensorStatus.Running)
    def inbox(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        position = int(context.cursor or 0) + 1
        clock.sleep_blocking(seconds)
        return rs.SensorResult(run_requests=[rs.RunRequest(run_key=f"file-{position}")], cursor=str(position))

    return rs.CodeRepository(
        [loaded], jobs=[rs.Job("load", [loaded])], sensors=[inbox], default_executor=rs.Executor.in_process()
    )


async def broken_truths() -> list[str]:
    """A slow graph and a quick one poll the same sensor for five minutes."""
    clock = SimClock()
    cursors: list[str | None] = []
    with Storage.memory() as storage:

        def watch(changes: Sequence[Change]) -> None:
            if any(isinstance(change, TickCommitted) for change in changes):
                state = storage.trigger_state("sensor", "inbox")
                cursors.append(None if state is None else state.cursor)

        storage.subscribe(watch)
        async with automation_graph(make_repo(clock, 35), storage, clock, max_ticks_retained=None):
            await clock.advance("1s")
            async with automation_graph(make_repo(clock, 1), storage, clock, max_ticks_retained=None) as quick:
                await clock.advance("5m")
                await quick.stop()
            await clock.advance("51s")  # between two polls of the slow one, so that its end has nothing to wait for
            ticks, runs = storage.get_ticks("inbox", 10_000)[::-1], storage.get_runs(10_000)
            return [
                *([] if len(ticks) > 20 else [f"only {len(ticks)} polls are on record"]),
                *cursors_set_back(cursors),
                *gaps_between(ticks),
                *keys_that_ran_twice(runs),
                *runs_without_a_tick(runs, ticks),
            ]


@pytest.mark.anyio
async def test_a_slow_evaluation_never_sets_the_cursor_back() -> None:
    assert await broken_truths() == []


def make_hourly(clock: SimClock, seconds: float) -> rs.CodeRepository:
    """A schedule whose function takes so many seconds and then skips."""

    @rs.Schedule(cron_schedule="0 * * * *", job_name="load", default_status=rs.ScheduleStatus.Running)
    def hourly(context: rs.ScheduleEvaluationContext) -> rs.SkipReason:
        clock.sleep_blocking(seconds)
        return rs.SkipReason("nothing to load")

    return rs.CodeRepository(
        [loaded], jobs=[rs.Job("load", [loaded])], schedules=[hourly], default_executor=rs.Executor.in_process()
    )


@pytest.mark.anyio
async def test_a_time_is_not_ticked_again_by_a_slow_graph_that_has_read_the_row_again() -> None:
    clock = SimClock()
    with Storage.memory() as storage:
        async with automation_graph(make_hourly(clock, 60), storage, clock) as slow:
            async with automation_graph(make_hourly(clock, 1), storage, clock) as quick:
                await clock.advance("1h 10s")
                resumed = anyio.Event()

                async def resume() -> None:
                    await slow.control(ChooseTrigger(kind="schedule", name="hourly", choice="running"))
                    resumed.set()

                async with anyio.create_task_group() as group:
                    group.start_soon(resume)
                    await clock.advance_until(resumed)
                await clock.advance("5m")
                await quick.stop()
        scheduled = [tick.scheduled_at for tick in storage.get_ticks("hourly")]
    assert len(scheduled) == 1
