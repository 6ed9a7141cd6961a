"""The wired system: it starts whole or says why not, hears of what happens beside it, and stops without losing work."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
import pytest

import rivers as rs
from rivers.channels.messages import SubmitRun
from rivers.clock import SimClock
from rivers.daemons.automation import AutomationGraph
from rivers.daemons.control import ControlDaemon
from rivers.daemons.graph import automation_graph
from rivers.daemons.leases import LeaseDaemon
from rivers.daemons.run_queue import RunQueueDaemon
from rivers.exceptions import RiversError
from rivers.ids import SeededIds
from rivers.simulation.step_behaviour import SimulatedSteps
from rivers.storage import Storage
from rivers.storage.changes import RunSucceeded

pytestmark = pytest.mark.anyio

DAEMONS = ["LeaseDaemon", "ScheduleDaemon", "SensorDaemon", "RunQueueDaemon", "LauncherDaemon", "ControlDaemon"]
QUEUE_OF_ONE = rs.RunQueueConfig(max_concurrent_runs=1, dequeue_interval="1h")


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def other() -> int:
    return 2


def repo_of(*schedules: rs.Schedule, **arguments: Any) -> rs.CodeRepository:
    return rs.CodeRepository(
        [raw, other],
        jobs=[rs.Job("job", [raw])],
        schedules=list(schedules),
        default_executor=rs.Executor.in_process(),
        **arguments,
    )


def each_minute() -> rs.Schedule:
    return rs.Schedule(
        name="each",
        cron_schedule="* * * * *",
        job_name="job",
        default_status=rs.ScheduleStatus.Running,
    )


@pytest.fixture
def storage() -> Generator[Storage]:
    with Storage.memory() as made:
        yield made


@asynccontextmanager
async def simulated(
    repo: rs.CodeRepository, storage: Storage, clock: SimClock | None = None, **durations: str
) -> AsyncGenerator[tuple[AutomationGraph, SimClock]]:
    """The graph as production has it, on a simulated clock."""
    clock = clock or SimClock(patience=10)
    steps = SimulatedSteps(durations=durations, failures={}, execute=True, patch_time=False)
    async with automation_graph(repo, storage, clock, SeededIds(1), interceptor=steps) as graph:
        yield graph, clock
    clock.kill_blocked_threads()  # time will not move again: a step that sleeps on this clock would sleep for ever
    await clock.settle()


async def beside(clock: SimClock, fn: Callable[[], Any]) -> Any:
    """Let somebody outside the graph do something in a thread, then bring the instant to rest."""
    with clock.busy("somebody outside"):
        result = await anyio.to_thread.run_sync(fn)
    await clock.settle()
    return result


def statuses(storage: Storage) -> list[str]:
    return [run.status for run in reversed(storage.get_runs())]


# -- start -------------------------------------------------------------------------------------------------------------


async def test_every_daemon_is_running_when_the_block_begins(storage: Storage) -> None:
    async with automation_graph(repo_of(), storage) as graph:
        health = graph.health()
        assert list(health.daemons) == DAEMONS
        assert {daemon.state for daemon in health.daemons.values()} == {"running"}
        assert (health.abandoned_evaluations, health.running_runs) == ({}, 0)


async def test_without_a_storage_it_is_the_repositorys(storage: Storage) -> None:
    repo = repo_of()
    repo.resolve(storage)
    async with automation_graph(repo) as graph:
        graph.storage.kv_set("here", b"yes")
    assert storage.kv_get("here") == b"yes"
    repo.shutdown()


@pytest.mark.parametrize("daemon", [LeaseDaemon, RunQueueDaemon, ControlDaemon])
async def test_a_daemon_that_cannot_start_is_named_and_its_error_is_the_cause(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, daemon: type[Any]
) -> None:
    async def fail(self: Any) -> None:
        raise OSError("the disk is on fire")

    monkeypatch.setattr(daemon, "recover", fail)
    with anyio.fail_after(30), pytest.raises(RiversError, match=f"'{daemon.__name__}' could not start: the disk") as e:
        async with automation_graph(repo_of(), storage, SimClock()):
            pass
    assert isinstance(e.value.__cause__, OSError)


async def test_a_bad_interval_is_refused(storage: Storage) -> None:
    with pytest.raises(ValueError, match="condition_eval_interval"):
        async with automation_graph(repo_of(), storage, condition_eval_interval="soon"):
            pass


async def test_an_error_of_the_block_is_raised_as_it_is(storage: Storage) -> None:
    async def script() -> None:
        async with simulated(repo_of(each_minute()), storage) as (_, clock):
            await clock.advance("5m")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await script()


async def test_a_daemon_that_fails_while_running_is_started_again(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = RunQueueDaemon._pass_on
    failures = [OSError("once"), OSError("twice")]

    def fail_at_first(self: RunQueueDaemon, messages: Any) -> None:
        if failures:
            raise failures.pop()
        original(self, messages)

    async with simulated(repo_of(each_minute()), storage) as (graph, clock):
        monkeypatch.setattr(RunQueueDaemon, "_pass_on", fail_at_first)
        await clock.advance("5m")
        assert graph.health().daemons["RunQueueDaemon"].restart_count == 2
        assert statuses(storage) == ["Success"] * 5


# -- what happens beside it --------------------------------------------------------------------------------------------


async def test_a_run_by_hand_that_ends_lets_the_queue_go_on_without_a_poll(storage: Storage) -> None:
    repo = repo_of(run_queue=QUEUE_OF_ONE)
    repo.resolve(storage)
    entered, release = threading.Event(), threading.Event()

    @rs.Asset
    def held() -> int:
        entered.set()
        release.wait(10)
        return 1

    by_hand = rs.CodeRepository([held], default_executor=rs.Executor.in_process())
    by_hand.resolve(storage)
    async with simulated(repo, storage) as (_, clock):
        person = threading.Thread(target=by_hand.materialize)
        person.start()
        with clock.busy("until it runs"):
            await anyio.to_thread.run_sync(entered.wait)
        handle = await beside(clock, lambda: repo._submit_run(["raw"]))
        assert handle.status == "Queued"
        release.set()
        await beside(clock, person.join)
        assert handle.status == "Success"
        assert clock.monotonic() == 0
    for each in (repo, by_hand):
        each.shutdown()


async def test_a_run_that_is_cancelled_lets_the_queue_go_on_without_a_poll(storage: Storage) -> None:
    blocking = rs.TagConcurrencyLimit("exclusive", 1)
    config = rs.RunQueueConfig(max_concurrent_runs=5, tag_concurrency_limits=[blocking], dequeue_interval="1h")
    repo = repo_of(run_queue=config)
    repo.resolve(storage)
    async with simulated(repo, storage, raw="10h") as (_, clock):
        first = await beside(clock, lambda: repo._submit_run(["raw"], tags=[("exclusive", "yes")]))
        second = await beside(clock, lambda: repo._submit_run(["other"], tags=[("exclusive", "yes")]))
        assert (first.status, second.status) == ("Started", "Queued")
        await beside(clock, lambda: storage.cancel_run(first.run_id, clock.now_ns()))
        assert (first.status, second.status) == ("Canceled", "Success")
        third = await beside(clock, lambda: repo._submit_run(["raw"], tags=[("exclusive", "yes")]))
        fourth = await beside(clock, lambda: repo._submit_run(["other"]))
        waiting = await beside(clock, lambda: repo._submit_run(["other"], tags=[("exclusive", "yes")]))
        assert (third.status, fourth.status, waiting.status) == ("Started", "Success", "Queued")
        assert await beside(clock, lambda: storage.cancel_queued_run(waiting.run_id))
        assert waiting.status == "Canceled"
        assert clock.monotonic() == 0
    repo.shutdown()


async def test_a_submitted_run_can_be_waited_for_in_a_thread(storage: Storage) -> None:
    repo = repo_of(run_queue=rs.RunQueueConfig())
    repo.resolve(storage)
    async with automation_graph(repo, storage):
        handle = repo._submit_run(["raw", "other"], tags=[("why", "test")])
        with anyio.fail_after(30):
            result = await anyio.to_thread.run_sync(handle.wait, 20.0)
        assert (result.success, result.run_id) == (True, handle.run_id)
        assert sorted(result.materialized_assets) == ["other", "raw"]
    repo.shutdown()


async def test_a_graph_on_a_simulated_clock_is_its_own_submitter_too(storage: Storage) -> None:
    repo = repo_of(run_queue=QUEUE_OF_ONE)
    async with simulated(repo, storage, raw="90s") as (graph, clock):
        handles = [graph.repo._submit_run(["raw"]) for _ in range(2)]
        await clock.advance("3m")
        records = [storage.get_run(handle.run_id) for handle in handles]
        assert [handle.wait(0).success for handle in handles] == [True, True]
        assert [(record.end_time or 0) - record.start_time for record in records if record] == [90e9, 180e9]


# -- stop --------------------------------------------------------------------------------------------------------------


async def test_a_run_that_has_started_ends_by_itself_when_the_graph_is_gone(storage: Storage) -> None:
    entered, release, ended = threading.Event(), threading.Event(), threading.Event()

    @rs.Asset
    def held() -> int:
        entered.set()
        release.wait(10)
        return 1

    def watch(changes: Any) -> None:
        if any(isinstance(change, RunSucceeded) for change in changes):
            ended.set()

    repo = rs.CodeRepository([held], default_executor=rs.Executor.in_process())
    storage.subscribe(watch)
    async with automation_graph(repo, storage) as graph:
        run_id = await graph.control(SubmitRun())
        await anyio.to_thread.run_sync(entered.wait)
    assert statuses(storage) == ["Started"]
    release.set()
    assert await anyio.to_thread.run_sync(ended.wait, 10)
    record = storage.get_run(run_id)
    assert record is not None
    assert record.status == "Success"


async def test_one_graph_after_another_on_the_same_storage_goes_on(storage: Storage) -> None:
    clock = SimClock(patience=10)
    repo = repo_of(each_minute())
    for expected in (2, 4, 6):
        async with simulated(repo, storage, clock) as (_, _clock):
            await clock.advance("2m")
        assert statuses(storage) == ["Success"] * expected
