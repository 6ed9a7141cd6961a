"""A graph that is handed an evaluator asks it, and calls no function of a trigger."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.daemons.graph import automation_graph
from rivers.execution.triggers.evaluation import Evaluated
from rivers.ids import SeededIds
from rivers.storage import Storage

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
MINUTE_NS = 60_000_000_000


@rs.Asset
def raw() -> int:
    return 1


class Table:
    """Answers from a table by trigger and moment, which is the cursor of a sensor."""

    def __init__(self) -> None:
        self.abandoned: dict[tuple[str, str], float] = {("sensor", "stuck"): 0.0}
        self.is_closed = False
        self.answers = {
            ("nightly", 1): Evaluated((rs.RunRequest(job_name="job", tags={"from": "table"}),)),
            ("nightly", 2): Evaluated(skip_reason="nothing in the table"),
            ("inbox", None): Evaluated(cursor="a"),
            ("inbox", "a"): Evaluated(error="ValueError: as recorded", traceback="as recorded"),
        }

    async def evaluate_schedule(self, schedule: rs.Schedule, scheduled_at_ns: int) -> Evaluated:
        return self.answers[schedule.name, (scheduled_at_ns - T0_NS) // MINUTE_NS]

    async def evaluate_sensor(self, sensor: rs.Sensor, cursor: str | None, last_tick_at_ns: int | None) -> Evaluated:
        return self.answers[sensor.name, cursor]

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.anyio
async def test_the_ticks_are_what_the_evaluator_that_was_handed_in_says() -> None:
    called: list[str] = []
    running = rs.SensorStatus.Running
    repo = rs.CodeRepository(
        [raw],
        jobs=[rs.Job("job", [raw])],
        schedules=[
            rs.Schedule(
                lambda: called.append("nightly"),
                name="nightly",
                cron_schedule="* * * * *",
                job_name="job",
                default_status=rs.ScheduleStatus.Running,
            )
        ],
        sensors=[
            rs.Sensor(
                lambda: called.append("sensor"),
                name=name,
                job_name="job",
                minimum_interval="90s",
                eval_mode=mode,
                default_status=running,
            )
            for name, mode in (("inbox", rs.EvalMode.Subprocess), ("stuck", rs.EvalMode.InProcess))
        ],
        default_executor=rs.Executor.in_process(),
    )
    clock, table = SimClock("2026-01-01T00:00:00Z"), Table()
    with Storage.memory() as storage:
        async with automation_graph(repo, storage, clock, SeededIds(1), evaluator=table) as graph:
            await clock.advance("2m")
            assert list(graph.health().abandoned_evaluations) == ["sensor stuck"]
        first, second = storage.get_ticks("nightly")[::-1]
        assert (first.status, second.status, second.skip_reason) == ("Success", "Skipped", "nothing in the table")
        assert [(run.run_id, dict(run.tags)) for run in storage.get_runs()] == [(first.run_ids[0], {"from": "table"})]
        assert [(tick.status, tick.cursor, tick.error) for tick in storage.get_ticks("inbox")[::-1]] == [
            ("Success", "a", None),
            ("Failed", "a", "ValueError: as recorded"),
        ]
        assert [tick.status for tick in storage.get_ticks("stuck")] == ["Failed", "Failed"]
    assert called == []
    assert table.is_closed
