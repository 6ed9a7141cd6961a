"""Repositories bound to a storage and a clock: siblings share nothing, and calls find the one around them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Generator
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.clock import SimClock, WallClock
from rivers.ids import SeededIds
from tests.execution.opened import Db, calls


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


@rs.Asset
def raw() -> int:
    return 1


def sibling_of(repo: rs.CodeRepository, storage: rs.Storage, clock: Any, **options: Any) -> rs.CodeRepository:
    ids = SeededIds(1)
    return repo.bound(storage.bound(clock, ids), clock, ids, **options)


def test_siblings_share_no_value_no_resource_and_no_clock(storage: rs.Storage) -> None:
    @rs.Asset(io_handler=rs.InMemoryIOHandler())
    def kept(db: Db) -> Db:
        return db

    repo = rs.CodeRepository([kept, raw], resources={"db": Db()})
    one = sibling_of(repo, storage, WallClock())
    two = sibling_of(repo, storage, WallClock())
    assert calls == ["setup mine", "setup mine"]
    one.materialize()
    assert one.load_node("raw") == 1
    for name in ("raw", "kept"):
        with pytest.raises(KeyError):
            two.load_node(name)
    two.materialize()
    assert one.load_node("kept") is not two.load_node("kept")
    assert one.clock is not two.clock
    assert not repo.is_resolved
    one.shutdown()
    one.shutdown()
    assert calls == ["setup mine", "setup mine", "teardown mine"]
    two.shutdown()


def test_the_same_seed_at_the_same_moment_gives_the_same_ids_and_data_versions(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw])
    versions: list[tuple[str, str | None]] = []
    for _ in range(2):
        with rs.Storage.memory() as own, sibling_of(repo, own, SimClock()) as sibling:
            run_id = sibling.materialize().run_id
            event = own.get_latest_materialization("raw")
            assert event is not None
            versions.append((run_id, event.data_version))
    assert versions[0] == versions[1]


def test_materialize_inside_a_step_reaches_the_sibling_that_runs_it(storage: rs.Storage) -> None:
    @rs.Asset
    def outer() -> str:
        print("outer")
        return repo.materialize(["raw"]).run_id

    repo = rs.CodeRepository([outer, raw])
    with sibling_of(repo, storage, WallClock()) as sibling:
        result = sibling.materialize(["outer"])
        inner = sibling.load_node("outer")
        assert sibling.load_node("raw") == 1
    assert not repo.is_resolved
    assert [run.status for run in map(storage.get_run, (result.run_id, inner)) if run is not None] == ["Success"] * 2
    assert [log.stdout for log in storage.get_run_logs(result.run_id)] == ["outer\n"]


def test_materialize_works_inside_an_asynchronous_step(storage: rs.Storage) -> None:
    @rs.Asset
    async def inner() -> int:
        await asyncio.sleep(0)
        return 5

    @rs.Asset
    async def outer() -> int:
        repo.materialize(["inner"])
        return repo.load_node("inner") + 1

    repo = rs.CodeRepository([outer, inner])
    repo.resolve(storage)
    repo.materialize(["outer"])
    assert repo.load_node("outer") == 6
    repo.shutdown()


def test_another_repository_inside_a_step_runs_on_that_steps_clock(storage: rs.Storage) -> None:
    with rs.Storage.memory() as elsewhere:
        other = rs.CodeRepository([raw])
        other.resolve(elsewhere)

        @rs.Asset
        def outer() -> str:
            return other.materialize().run_id

        clock = SimClock("2020-05-05T00:00:00Z")
        with sibling_of(rs.CodeRepository([outer]), storage, clock) as sibling:
            sibling.materialize()
            record = elsewhere.get_run(sibling.load_node("outer"))
        assert record is not None
        assert record.start_time == clock.now_ns()


@pytest.mark.anyio
async def test_on_the_loop_of_a_simulated_clock_materialize_names_the_way_out(storage: rs.Storage) -> None:
    clock = SimClock("2026-01-01T00:00:00Z")

    @rs.Asset
    def slow(context: rs.AssetExecutionContext) -> str:
        before = context.now()
        context.sleep(3600)
        return str(context.now() - before)

    with sibling_of(rs.CodeRepository([slow]), storage, clock) as sibling:
        with pytest.raises(RuntimeError, match=r"await sim\.materialize"):
            sibling.materialize()
        results: list[Any] = []

        async def ask() -> None:
            results.append(await clock.offload(("run", "x"), sibling.materialize))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await clock.advance("1h")
        assert results[0].success
        assert sibling.load_node("slow") == "1:00:00"


@pytest.mark.rule("execution 2.12")
@pytest.mark.anyio
async def test_materialize_works_on_the_thread_of_a_running_loop_in_real_time(storage: rs.Storage) -> None:
    @rs.Asset
    async def one() -> int:
        await asyncio.sleep(0)
        return 1

    with rs.CodeRepository([one]) as repo:
        repo.resolve(storage)
        assert repo.materialize().success


async def in_simulated_time(sibling: rs.CodeRepository, clock: SimClock, length: str) -> rs.RunResult:
    """Run everything on a thread of the clock while ``length`` passes."""
    results: list[rs.RunResult] = []

    async def ask() -> None:
        run = functools.partial(sibling.materialize, raise_on_error=False)
        results.append(await clock.offload(("run", "x"), run))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await clock.advance(length)
    return results[0]


@pytest.mark.anyio
async def test_the_wait_between_attempts_passes_on_the_clock(storage: rs.Storage) -> None:
    clock = SimClock("2026-01-01T00:00:00Z")
    moments: list[str] = []

    @rs.Asset(retry=rs.RetryPolicy(2, backoff=rs.Backoff.exponential(600)))
    def shaky(context: rs.AssetExecutionContext) -> int:
        moments.append(f"{context.now():%H:%M}")
        raise ConnectionError("away")

    with sibling_of(rs.CodeRepository([shaky]), storage, clock) as sibling:
        result = await in_simulated_time(sibling, clock, "1h")
    assert moments == ["00:00", "00:10", "00:30"]
    assert result.failed_assets == [("shaky", "ConnectionError: away")]
    delays = [dict(e.metadata)["rivers/next_delay_ms"] for e in storage.get_events_for_run(result.run_id)[1:4:2]]
    assert delays == ["600000", "1200000"]


@pytest.mark.anyio
async def test_a_cancel_ends_the_wait_between_attempts(storage: rs.Storage) -> None:
    clock = SimClock("2026-01-01T00:00:00Z")
    tries: list[int] = []

    @rs.Asset(retry=rs.RetryPolicy(1, backoff=rs.Backoff.constant(3600)))
    def shaky(context: rs.AssetExecutionContext) -> int:
        tries.append(1)
        raise ConnectionError("away")

    with sibling_of(rs.CodeRepository([shaky]), storage, clock) as sibling:
        async with anyio.create_task_group() as group:
            group.start_soon(functools.partial(in_simulated_time, sibling, clock, "20s"))
            await clock.sleep(10)
            [run] = storage.get_runs()
            storage.cancel_run(run.run_id, clock.now_ns())
        record = storage.get_run(run.run_id)
    assert tries == [1]
    assert record is not None
    assert record.status == "Canceled"


@pytest.mark.anyio
async def test_a_coroutine_that_blocks_its_loop_on_the_clock_lets_time_pass_though_another_goes_on(
    storage: rs.Storage,
) -> None:
    clock = SimClock("2026-01-01T00:00:00Z", patience=10)
    is_over = asyncio.Event()

    @rs.Asset
    async def patient() -> bool:
        return await is_over.wait()

    @rs.Asset
    async def sleeper(context: rs.AssetExecutionContext) -> str:
        context.sleep(600)
        is_over.set()
        return f"{context.now():%H:%M}"

    with sibling_of(rs.CodeRepository([patient, sleeper]), storage, clock) as sibling:
        assert (await in_simulated_time(sibling, clock, "1h")).success
        assert sibling.load_node("sleeper") == "00:10"


@pytest.mark.anyio
async def test_waiting_for_a_queued_run_inside_a_step_lets_simulated_time_pass(storage: rs.Storage) -> None:
    clock = SimClock("2026-01-01T00:00:00Z")

    @rs.Asset
    def patient(context: rs.AssetExecutionContext) -> float:
        before = context.now()
        with pytest.raises(TimeoutError):
            repo._submit_run(["patient"]).wait(timeout=5)
        return (context.now() - before).total_seconds()

    repo = rs.CodeRepository([patient], run_queue=rs.RunQueueConfig())
    with sibling_of(repo, storage, clock) as sibling:
        assert (await in_simulated_time(sibling, clock, "1m")).success
        assert sibling.load_node("patient") == 5.0


def test_resources_are_torn_down_when_the_storage_does_not_take_the_definitions() -> None:
    with rs.Storage.memory() as closed:
        pass
    with pytest.raises(rs.exceptions.StorageError):
        rs.CodeRepository([raw], resources={"db": Db()}).resolve(closed)
    assert calls == ["setup mine", "teardown mine"]
