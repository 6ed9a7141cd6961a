"""A mill that weighs grain on two scales: assets made by day, by day and scale, and by customer.

One day by hand:   rivers materialize examples.mill --select prices --partition-key 2026-03-27
                   rivers materialize examples.mill --job weighing --partition-key "day=2026-03-28|scale=north"
Serve it:          rivers serve examples.mill

Values go to the folder ``.rivers/values``, or to the one that MILL_VALUES names.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from obstore.store import LocalStore

import rivers as rs

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CUSTOMERS = ["Ann", "Bob", "Cees"]
"""Each of them came on a day of their own: Ann on the first of March, Bob on the second."""

days = rs.PartitionsDefinition.daily(start=datetime(2026, 3, 1))
scales = rs.PartitionsDefinition.static_(["north", "south"])
weighings = rs.PartitionsDefinition.multi({"day": days, "scale": scales})
customers = rs.PartitionsDefinition.dynamic("customers")


@rs.Asset(partitions_def="days", io_handler="values", group="market")
def prices(context: rs.AssetExecutionContext) -> int:
    """Cents a sack, as the exchange had them at the end of that day."""
    start, _ = context.partition_time_window
    return 2000 + 10 * start.day


@rs.Asset(partitions_def="weighings", io_handler="values", group="scales")
def sacks(context: rs.AssetExecutionContext) -> int:
    """What one scale weighed on one day. A day is open for as many hours as the mill's own clock counts in it."""
    day, scale = (context.partition.key.keys[name][0] for name in ("day", "scale"))
    midnight = datetime.fromisoformat(day)
    opened, closed = (each.replace(tzinfo=AMSTERDAM).timestamp() for each in (midnight, midnight + timedelta(days=1)))
    hours = int(closed - opened) // 3600
    return hours * (3 if scale == "north" else 2)


@rs.Asset(
    partitions_def="weighings",
    io_handler="values",
    group="office",
    deps=[
        rs.AssetDef.input(
            "prices",
            # The day of the weighing, and of that the day before: the price of the last evening holds.
            partition_mapping=rs.PartitionMapping.multi_to_single("day", rs.PartitionMapping.time_window(-1)),
        )
    ],
)
def bill(context: rs.AssetExecutionContext, sacks: int, prices: int) -> rs.Output:
    """Cents to pay for one day on one scale."""
    return rs.Output(sacks * prices, metadata={"eur": sacks * prices / 100})


@rs.Asset(group="office", deps=[rs.AssetDef.dep("bill", partition_mapping=rs.PartitionMapping.all_partitions())])
def sent() -> int:
    """How many bills there are, over all days and scales. It has no partitions itself."""
    return len(repo.storage.get_materialized_partitions("bill"))


@rs.Asset(partitions_def="customers", io_handler="values", group="office")
def welcome(context: rs.AssetExecutionContext) -> str:
    """A letter to a customer who has come for the first time."""
    return f"Dear {context.partition_key}, welcome at the mill"


@rs.Schedule(
    cron_schedule="0 18 * * *",
    timezone="Europe/Amsterdam",
    job_name="exchange",
    default_status=rs.ScheduleStatus.Running,
)
def evening(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
    """The prices of the day that ends."""
    return rs.RunRequest(partition_key=f"{local_time(context):%Y-%m-%d}")


@rs.Schedule(
    cron_schedule="30 2 * * *",
    timezone="Europe/Amsterdam",
    job_name="weighing",
    default_status=rs.ScheduleStatus.Running,
)
def night(context: rs.ScheduleEvaluationContext) -> list[rs.RunRequest]:
    """Both scales, for the day that has ended."""
    day = f"{local_time(context) - timedelta(days=1):%Y-%m-%d}"
    return [rs.RunRequest(partition_key=f"day={day}|scale={scale}") for scale in scales.keys]


@rs.Sensor(job_name="letters", minimum_interval="1h", default_status=rs.SensorStatus.Running)
def newcomers(context: rs.SensorEvaluationContext) -> list[rs.RunRequest]:
    """Registers whoever has come and writes to them, once: the run key is the customer."""
    came = CUSTOMERS[: max(0, (context.now().replace(tzinfo=None) - datetime(2026, 3, 1)).days + 1)]
    repo.storage.add_dynamic_partitions("customers", came)
    return [rs.RunRequest(run_key=name, partition_key=name) for name in came]


def local_time(context: rs.ScheduleEvaluationContext) -> datetime:
    """The scheduled time on the clock of the mill."""
    return datetime.fromisoformat(context.scheduled_execution_time).astimezone(AMSTERDAM)


repo = rs.CodeRepository(
    assets=[prices, sacks, bill, sent, welcome],
    jobs=[
        rs.Job("exchange", [prices]),
        rs.Job("weighing", [sacks, bill], allow_incomplete_deps=True),
        rs.Job("letters", [welcome]),
    ],
    schedules=[evening, night],
    sensors=[newcomers],
    resources={
        "values": rs.PickleIOHandler(
            store=LocalStore(Path(os.environ.get("MILL_VALUES", ".rivers/values")), mkdir=True)
        )
    },
    partition_defs={"days": days, "weighings": weighings, "customers": customers},
    default_executor=rs.Executor.in_process(),
)
