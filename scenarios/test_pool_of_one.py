"""Two runs contend every hour, for a day, for a pool of one slot; once both are killed while one holds it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import anyio
import pytest

import rivers as rs
from rivers.records import StoredEvent
from rivers.simulation import Scenario
from tests.soak import SOAK

MINUTE = 60 * 1_000_000_000
START = 1_767_225_600 * 1_000_000_000  # 2026-01-01T00:00:00Z


@rs.Asset(pool="warehouse")
def orders() -> int:
    """Takes eight minutes in this story."""
    return 1


@rs.Asset(pool="warehouse")
def clients() -> int:
    """So does this."""
    return 2


@rs.Asset
def weather() -> int:
    """Takes a minute, and needs no slot."""
    return 3


def make_repo() -> rs.CodeRepository:
    return rs.CodeRepository(
        assets=[orders, clients, weather],
        jobs=[rs.Job("shop", [orders, weather]), rs.Job("people", [clients])],
        schedules=[
            rs.Schedule(name=job, cron_schedule="0 * * * *", job_name=job, default_status=rs.ScheduleStatus.Running)
            for job in ("shop", "people")
        ],
        pool_limits={"warehouse": 1},
        default_executor=rs.Executor.in_process(),
    )


class Story:
    """A day of it, killed at ten past three: what was recorded, and who held slots just after the kill."""

    def __init__(self) -> None:
        self.runs: list[rs.RunRecord] = []
        self.events: dict[str, list[StoredEvent]] = {}
        self.held_after_kill: Sequence[object] = ()
        self.statuses_while_waiting: list[str] = []
        self.digest = ""

    async def tell(self, storage: rs.Storage | None = None) -> Story:
        lengths = {"orders": "8m", "clients": "8m", "weather": "1m"}
        async with Scenario(make_repo(), storage=storage, durations=lengths) as sim:
            await sim.clock.advance("3h 5m")
            self.statuses_while_waiting = [run.status for run in sim.runs()[-2:]]
            await sim.restart()
            self.held_after_kill = sim.storage.get_pool_slot_holders("warehouse")
            await sim.clock.advance("20h 54m")
            self.runs = sim.runs()
            self.events = {run.run_id: sim.storage.get_events_for_run(run.run_id) for run in self.runs}
            self.digest = sim.trace.digest()
        return self

    def holdings(self) -> list[tuple[int, int]]:
        """From when to when each step held the slot, in minutes of the story; those that were killed are not told."""
        times: list[tuple[int, int]] = []
        for events in self.events.values():
            moments = {event.event_type: (event.timestamp - START) for event in events if event.asset_key != "weather"}
            if "StepSlotReleased" in moments:
                times.append((moments["StepSlotClaimed"], moments["StepSlotReleased"]))
        return sorted(times)


TELLINGS = ["asyncio memory", "trio memory", *(["asyncio embedded", "trio embedded"] if SOAK else [])]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """The story on every backend and store; whoever waits asks every 20 seconds."""
    told: dict[str, Story] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "20s")
        for telling in TELLINGS:
            backend, kind = telling.split()
            folder = tmp_path_factory.mktemp("pool")
            with rs.Storage.memory() if kind == "memory" else rs.Storage.embedded(str(folder / "store")) as storage:
                told[telling] = anyio.run(Story().tell, storage, backend=backend)
    return told


@pytest.fixture(params=TELLINGS)
def story(stories: dict[str, Story], request: pytest.FixtureRequest) -> Story:
    return stories[request.param]


def test_one_slot_is_held_by_one_step_at_a_time_and_both_runs_get_it(story: Story) -> None:
    assert story.statuses_while_waiting == ["Started", "Started"]
    assert [run.status for run in story.runs].count("Failure") == 2, "those that were killed at five past three"
    holdings = story.holdings()
    assert len(holdings) == 2 * 22
    assert [(a, b) for a, b in pairwise(holdings) if a[1] > b[0]] == []
    assert {(until - since) / MINUTE for since, until in holdings} == {8}
    late = [since / MINUTE % 60 for since, _ in holdings]
    assert set(late) == {0, 8}, "whoever waits has it the moment it is given back, though it asks every 20 seconds"


def test_killed_runs_hold_nothing_and_those_that_wait_say_so_once(story: Story) -> None:
    assert story.held_after_kill == []
    killed = [run for run in story.runs if run.status == "Failure"]
    assert {run.error for run in killed} == {
        "the process that executed this run has died or was killed; the run did not finish"
    }
    for run in story.runs:
        if run.status == "Failure":
            continue
        types = [event.event_type for event in story.events[run.run_id] if event.asset_key != "weather"]
        waited = types[0] == "StepSlotWaiting"
        assert types[waited:] == [
            "StepSlotClaimed",
            "StepStart",
            *["StepSlotRenewed"] * 4,
            "Materialization",
            "StepSuccess",
            "StepSlotReleased",
        ]


def test_the_story_has_one_trace_on_every_backend(stories: dict[str, Story]) -> None:
    assert stories["asyncio memory"].digest == stories["trio memory"].digest
