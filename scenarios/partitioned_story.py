"""A month of partitions in Amsterdam, some of them late, told by ``test_partitioned_month.py``.

Every night a schedule makes the sales of the day before. A supplier's delivery of a day is there the next morning, but
on some days it is hours later than the report that needs it. The report of a day is made from that day's sales and from
the delivery of the day before, as soon as both are there. The clocks change on the 29th, and in the night to the 16th
everything is killed while the sales are being made. Run as a program it prints the digest of its trace:
``python -m scenarios.partitioned_story trio embedded``.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
from obstore.store import LocalStore

import rivers as rs
from rivers.simulation import Scenario
from rivers.storage import Storage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)
MONTH = [f"{date(2026, 3, 1) + DAY * number}" for number in range(31)]
DELIVERED = [f"{date(2026, 2, 28) + DAY * number}" for number in range(31)]
"""The report of a day needs the delivery of the day before."""
LATE = {"2026-03-07": 30, "2026-03-14": 28, "2026-03-15": 49, "2026-03-28": 26}
"""By how many hours. The next night is 20 hours after a delivery that is on time."""
POLL = "2h"
KILLED = "2026-03-15"
"""Its sales are being made when everything is killed."""


def arrival(day: str) -> datetime:
    """When the supplier's file of a day is there: at six (UTC) on the next morning, or late."""
    return datetime.fromisoformat(f"{day}T06:00Z") + DAY + timedelta(hours=LATE.get(day, 0))


def day_before(day: str) -> str:
    """The key of the day before."""
    return f"{date.fromisoformat(day) - DAY}"


def make_repo(folder: Path) -> rs.CodeRepository:
    """A repository that keeps its values in a folder."""
    values = rs.PickleIOHandler(store=LocalStore(folder, mkdir=True))
    month = rs.PartitionsDefinition.daily(datetime(2026, 3, 1), end=datetime(2026, 4, 1))
    delivered = rs.PartitionsDefinition.daily(datetime(2026, 2, 28), end=datetime(2026, 3, 31))

    def made(asset: str) -> list[str]:
        return [str(each) for each in repo.storage.get_materialized_partitions(asset)]

    @rs.Asset(partitions_def=delivered, io_handler=values)
    def delivery(context: rs.AssetExecutionContext) -> str:
        if context.now() < arrival(context.partition_key):
            raise FileNotFoundError(f"{context.partition_key}.csv")
        return f"delivery of {context.partition_key}"

    @rs.Asset(partitions_def=month, io_handler=values)
    def sales(context: rs.AssetExecutionContext) -> int:
        """The hours that the shop's clock counted that day: a window is naive, and this is what makes it local."""
        start, end = (each.replace(tzinfo=AMSTERDAM) for each in context.partition_time_window)
        return int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 3600)

    @rs.Asset(
        partitions_def=month,
        io_handler=values,
        deps=[rs.AssetDef.input("delivery", partition_mapping=rs.PartitionMapping.time_window(-1))],
    )
    def report(context: rs.AssetExecutionContext, sales: int, delivery: str) -> str:
        return f"{context.partition_key}: {sales} hours, {delivery}"

    @rs.Schedule(
        cron_schedule="30 2 * * *",
        timezone="Europe/Amsterdam",
        job_name="night",
        default_status=rs.ScheduleStatus.Running,
    )
    def nightly(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        fired = datetime.fromisoformat(context.scheduled_execution_time).astimezone(AMSTERDAM)
        yesterday = day_before(f"{fired.date()}")
        return rs.RunRequest(run_key=yesterday, partition_key=yesterday)

    @rs.Sensor(job_name="deliveries", minimum_interval=POLL, default_status=rs.SensorStatus.Running)
    def supplier(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        """Takes in what has arrived since the last look, which the cursor remembers."""
        now, looked = context.now(), datetime.fromisoformat(context.cursor or "2026-03-01T00:00:00+00:00")
        there = [day for day in DELIVERED if looked < arrival(day) <= now]
        requests = [rs.RunRequest(run_key=day, partition_key=day) for day in there]
        return rs.SensorResult(run_requests=requests, cursor=now.isoformat())

    @rs.Sensor(job_name="reports", minimum_interval=POLL, default_status=rs.SensorStatus.Running)
    def ready(context: rs.SensorEvaluationContext) -> list[rs.RunRequest] | rs.SkipReason:
        """Reports the days of which everything is there. A run that is on its way has a run key, and no double."""
        deliveries, reported = made("delivery"), made("report")
        waiting = [day for day in made("sales") if day not in reported]
        there = [day for day in waiting if day_before(day) in deliveries]
        if waiting and not there:
            return rs.SkipReason(f"no delivery yet for the report of {', '.join(waiting)}")
        return [rs.RunRequest(run_key=day, partition_key=day) for day in there]

    repo = rs.CodeRepository(
        assets=[delivery, sales, report],
        jobs=[
            rs.Job("night", [sales]),
            rs.Job("deliveries", [delivery]),
            rs.Job("reports", [report], allow_incomplete_deps=True),
        ],
        schedules=[nightly],
        sensors=[supplier, ready],
        default_executor=rs.Executor.in_process(),
    )
    return repo


@dataclass(frozen=True)
class Telling:
    """What came of the month.

    ``made`` are all materializations, as ``((asset, key), epoch nanoseconds)``; ``stored`` those that the store lists;
    ``waits`` is why reports waited, ``failures`` which runs failed.
    """

    digest: str
    made: list[tuple[tuple[str, str], int]]
    stored: list[tuple[str, str]]
    reports: list[str]
    waits: list[str]
    failures: list[str]


async def tell(place: str, folder: Path, until: str = "2026-04-03T00:00:00Z") -> Telling:
    """The month and, unless it ends before, the days after it in which the last things arrive.

    ``place`` is ``memory`` or ``embedded``; values, and an embedded store, go to the folder.
    """
    with Storage.memory() if place == "memory" else Storage.embedded(str(folder / "store")) as storage:
        return await _told(storage, make_repo(folder / "values"), until)


async def _told(storage: Storage, repo: rs.CodeRepository, until: str) -> Telling:
    durations = {"sales": "20m", "report": "5m"}
    async with Scenario(repo, start="2026-03-01T00:00:00Z", storage=storage, durations=durations) as sim:
        await sim.clock.advance_to("2026-03-16T01:40:00Z")
        await sim.restart()
        await sim.clock.advance_to("2026-03-16T08:00:00Z")
        await sim.materialize(["sales"], partition_key=rs.PartitionKey.single(KILLED))  # a person has seen the gap
        await sim.clock.advance_to(until)

        runs = sim.runs()
        events = [event for run in runs for event in sim.storage.get_events_for_run(run.run_id)]
        stored = {asset: sim.storage.get_materialized_partitions(asset) for asset in ("delivery", "sales", "report")}
        return Telling(
            digest=sim.trace.digest(),
            made=[
                ((event.asset_key or "", str(event.partition_key)), event.timestamp)
                for event in events
                if event.event_type == "Materialization"
            ],
            stored=[(asset, str(each)) for asset, keys in stored.items() for each in keys],
            reports=[sim.repo.load_node("report", partition_key=each) for each in stored["report"]],
            waits=[tick.skip_reason for tick in sim.ticks("ready") if tick.skip_reason is not None],
            failures=[f"{run.partition_key}: {run.error}" for run in runs if run.status != "Success"],
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_here:
        print(anyio.run(lambda: tell(sys.argv[2], Path(made_here)), backend=sys.argv[1]).digest)
