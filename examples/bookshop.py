"""A bookshop: all that can be declared, once. Three branches send files, and a report goes out before breakfast.

Run it:        rivers materialize examples.bookshop
Observe:       python -c "from examples.bookshop import repo; print(dict(repo.observe()))"
Serve it:      rivers serve examples.bookshop

Values go to the folder ``.rivers/values``, or to the one that BOOKSHOP_VALUES names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from obstore.store import LocalStore
from pydantic import BaseModel

import rivers as rs

values = rs.PickleIOHandler(store=LocalStore(Path(os.environ.get("BOOKSHOP_VALUES", ".rivers/values")), mkdir=True))

again = rs.RetryPolicy(2, backoff=rs.Backoff.exponential(1, jitter=0.2), retry_on=[ConnectionError])
"""For what goes over the network."""


class Publisher(rs.Resource):
    """Where books come from. The address is read from PUBLISHER_URL when it is set."""

    publisher_url: str = "https://publisher.example"

    def prices(self) -> dict[str, int]:
        """Cents by title."""
        return {"Emma": 1250, "Dracula": 990, "Ulysses": 2400}


class Wanted(BaseModel):
    """What a run may ask of the report."""

    titles: int = 2


# -- what others make --------------------------------------------------------------------------------------------------


@rs.Asset.external(io_handler="values", group="publisher")
def catalogue(context: rs.AssetExecutionContext, publisher: Publisher) -> rs.Observation:
    """The publisher's list. Nobody here makes it; its version is looked at."""
    prices = publisher.prices()
    context.add_output_metadata({"titles": len(prices), "source": rs.MetadataValue.url(publisher.publisher_url)})
    return rs.Observation(data_version=f"{sum(prices.values())}")


# -- several assets from one function ----------------------------------------------------------------------------------


@rs.Asset.from_multi(
    output_defs=[rs.AssetDef("customers", kinds="table"), rs.AssetDef("orders", kinds="table")],
    group="till",
    io_handler="values",
    deps=[rs.AssetDef.dep("catalogue")],
    retry=again,
)
def till(context: rs.AssetExecutionContext) -> Iterator[rs.Output]:
    """One look into the till gives both; each is stored as soon as it is there."""
    context.log.info("asked for %s", ", ".join(context.output_selection))
    yield rs.Output(["Ann", "Bob"], output_name="customers")
    yield rs.Output(
        [("Ann", "Emma", 2), ("Bob", "Dracula", 1), ("Ann", "Ulysses", 1)],
        output_name="orders",
        metadata={"lines": 3},
    )


# -- a graph of tasks, with one step for each branch -------------------------------------------------------------------


@rs.Task
def branches() -> list[rs.DynamicOutput]:
    """Each branch becomes a step that bears its name."""
    return [rs.DynamicOutput(name, size) for name, size in (("utrecht", 120), ("delft", 80), ("gouda", 45))]


@rs.Task(retry=again)
def shelved(size: int) -> int:
    """The books on the shelves of one branch; the branches are counted beside each other."""
    return size * 10


@rs.Task
def summed(each: list[int], lent: int) -> int:
    """All of them, without those that are lent out."""
    return sum(each) - lent


check_scales = rs.BashTask("check_scales", ["sh", "-c", "echo scales are level"])


@rs.Asset.from_graph(group="stock", io_handler="values", metadata={"rivers/node/timeout": "1m"})
def books() -> rs.InvokedNodeOutput:
    """The books in all branches, once the scales have been checked."""
    return summed(branches(check_scales()).map(shelved, max_concurrency=2).collect(), lent=50)


# -- single assets -----------------------------------------------------------------------------------------------------


@rs.Asset(io_handler="values", group="reports", code_version="1")
def revenue(orders: list[tuple[str, str, int]], publisher: Publisher) -> rs.Output:
    """What the orders bring, in cents."""
    prices = publisher.prices()
    cents = sum(prices[title] * count for _, title, count in orders)
    return rs.Output(cents, metadata={"eur": cents / 100, "lines": len(orders)})


@rs.Asset(io_handler="values", group="reports", metadata={"rivers/timeout": "10m"})
def bestsellers(context: rs.AssetExecutionContext[Wanted], orders: list[tuple[str, str, int]]) -> list[str]:
    """The titles that sell best; how many is up to the run."""
    counted: dict[str, int] = {}
    for _, title, count in orders:
        counted[title] = counted.get(title, 0) + count
    return sorted(counted, key=lambda title: (-counted[title], title))[: context.config.titles]


@rs.Asset(io_handler="values", group="reports")
def mornings(self: rs.SelfDependency[int]) -> int:
    """How many reports there have been: its own last value, and one."""
    return (self.get_inner() or 0) + 1


@rs.Hook.success
def announce(context: rs.HookContext) -> None:
    """Says that the report is there."""
    print(f"{context.asset_name}: {context.output}")


@rs.Hook.failure
def apologise(context: rs.HookContext) -> None:
    """Says that there is none."""
    print(f"{context.asset_name}: no report today, for {context.error}")


@rs.Asset(group="reports", hooks=[announce, apologise])
async def report(
    context: rs.AssetExecutionContext, revenue: int, bestsellers: list[str], books: int, mornings: int
) -> str:
    """One line before breakfast."""
    context.add_output_metadata({"morning": mornings})
    return f"No. {mornings}: {revenue / 100:.2f} EUR, {books} books, ask for {' and '.join(bestsellers)}"


everything = [catalogue, till, books, revenue, bestsellers, mornings, report]

repo = rs.CodeRepository(
    assets=everything,
    jobs=[rs.Job("breakfast", [till, books, revenue, bestsellers, mornings, report], allow_incomplete_deps=True)],
    schedules=[
        rs.Schedule(
            name="early",
            cron_schedule="0 6 * * *",
            timezone="Europe/Amsterdam",
            job_name="breakfast",
            default_status=rs.ScheduleStatus.Running,
        )
    ],
    resources={"publisher": Publisher(), "values": values},
    default_executor=rs.Executor.parallel(max_workers=2),
)
