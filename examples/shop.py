"""A small shop: three assets, a nightly job, a sensor that watches for new orders, and a pulse that can be switched on.

Run it:        rivers serve examples.shop
Materialize:   rivers materialize examples.shop
"""

from __future__ import annotations

import rivers as rs


@rs.Asset(kinds="table", group="raw")
def orders(context: rs.AssetExecutionContext) -> list[dict]:
    """The orders that the till has recorded so far today: one every five minutes."""
    minutes_open = context.now().hour * 60 + context.now().minute
    lines = [{"order": number, "cents": 250 + 35 * (number % 7)} for number in range(minutes_open // 5 + 1)]
    context.add_output_metadata({"orders": len(lines)})
    return lines


@rs.Asset(kinds="table", group="reports")
def revenue(orders: list[dict]) -> int:
    """What was taken today, in cents."""
    return sum(order["cents"] for order in orders)


@rs.Asset(group="reports")
def report(context: rs.AssetExecutionContext, orders: list[dict], revenue: int) -> str:
    """One line for the owner."""
    return f"{context.now():%Y-%m-%d}: {len(orders)} orders, {revenue / 100:.2f} EUR"


@rs.Asset
def pulse(context: rs.AssetExecutionContext) -> str:
    """Shows that the system is alive."""
    return context.now().isoformat()


nightly_report = rs.Job("nightly_report", [orders, revenue, report])
beat = rs.Job("beat", [pulse])

nightly = rs.Schedule(
    name="nightly",
    cron_schedule="30 2 * * *",
    timezone="Europe/Amsterdam",
    job_name="nightly_report",
    default_status=rs.ScheduleStatus.Running,
)

every_second = rs.Schedule(name="every_second", cron_schedule="* * * * * *", job_name="beat")


@rs.Sensor(job_name="nightly_report", minimum_interval="2h", default_status=rs.SensorStatus.Running)
def lunch_rush(context: rs.SensorEvaluationContext):
    """Asks for one extra report a day, once the clock has passed noon (UTC)."""
    now = context.now()
    if now.hour < 12:
        return rs.SkipReason("lunch is not over yet")
    return rs.RunRequest(run_key=f"lunch-{now:%Y-%m-%d}", tags={"reason": "lunch"})


repo = rs.CodeRepository(
    assets=[orders, revenue, report, pulse],
    jobs=[nightly_report, beat],
    schedules=[nightly, every_second],
    sensors=[lunch_rush],
    default_executor=rs.Executor.in_process(),
)
