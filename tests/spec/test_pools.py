"""Concurrency pools as runs use them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.run_execution import RunExecution
from rivers.repository.run_creation import run_by_hand
from rivers.simulation import Scenario
from tests.execution import worker_functions as functions

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def polls_every_second_sharp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERS_CLAIM_POLL_JITTER", "0ms")


def types_of(storage: rs.Storage, run_id: str, *steps: str) -> list[str]:
    """Return the types of the events of these steps, or of all."""
    events = storage.get_events_for_run(run_id)
    return [event.event_type for event in events if not steps or event.asset_key in steps]


def facts(storage: rs.Storage, run_id: str, event_type: str) -> list[dict[str, str]]:
    return [dict(event.metadata) for event in storage.get_events_for_run(run_id) if event.event_type == event_type]


UNCONTENDED = ["StepSlotClaimed", "StepStart", "Materialization", "StepSuccess", "StepSlotReleased"]


def plain() -> int:
    return 1


def nothing() -> dict[str, int]:
    return {}


async def coroutine() -> int:
    return 1


# -- declaring ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("queue 2.2")
def test_resolving_sets_the_limits_and_registers_the_pools_that_are_only_claimed(storage: rs.Storage) -> None:
    multi = rs.Asset.from_multi(nothing, output_defs=[rs.AssetDef("out", pool="of_output")], name="m")
    repo = rs.CodeRepository([rs.Asset(plain, pool=["db", "api"]), multi], pool_limits={"db": 4, "unused": 0})
    storage.set_pool_limit("api", 7, "1m")
    storage.set_pool_limit("by_hand", 3, "1m")
    repo.resolve(storage)
    assert [(one.pool_key, one.slot_limit, one.lease_duration_secs) for one in storage.get_pool_limits()] == [
        ("api", -1, 300),
        ("by_hand", 3, 60),
        ("db", 4, 300),
        ("of_output", -1, 300),
        ("unused", 0, 300),
    ]


@pytest.mark.rule("queue 2.3")
def test_what_is_set_by_hand_after_resolving_stands(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([rs.Asset(plain, pool="db")], pool_limits={"db": 4})
    repo.resolve(storage)
    storage.set_pool_limit("db", 1)
    repo.resolve(storage)
    with repo.bound(storage.bound(repo.clock, repo.ids), repo.clock, repo.ids):
        assert storage.get_pool_info("db").slot_limit == 1


# -- executing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def placed(tmp_path: Path) -> Callable[..., rs.CodeRepository]:
    """Return a function that makes a repository with a step ``claims``, where the test says, and one beside it."""
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))

    def make(place: str, *, at_new_year: bool = False, **settings: Any) -> rs.CodeRepository:
        arguments = {"name": "claims", "pool": "db", "io_handler": handler, **settings}
        function = coroutine if place == "coroutine" else functions.process
        beside = rs.Asset(functions.process, name="beside", io_handler=handler)
        executor = rs.Executor.in_process() if place == "in_process" else rs.Executor.parallel(2)
        assets = [rs.Asset(function, **arguments), beside]
        return rs.CodeRepository(
            assets,
            jobs=[rs.Job("job", assets)],
            schedules=[
                rs.Schedule(
                    name="new_year",
                    cron_schedule="0 0 1 1 *",
                    job_name="job",
                    default_status=rs.ScheduleStatus.Running if at_new_year else rs.ScheduleStatus.Stopped,
                )
            ],
            default_executor=executor,
        )

    return make


PLACES = ["in_process", "worker", "coroutine"]


@pytest.mark.rule("queue 2.1", "queue 2.14")
@pytest.mark.parametrize("place", PLACES)
def test_a_step_claims_starts_succeeds_and_releases_wherever_it_executes(
    storage: rs.Storage, placed: Callable[..., rs.CodeRepository], place: str
) -> None:
    with placed(place) as repo:
        repo.resolve(storage)
        run_id = repo.materialize().run_id
    assert types_of(storage, run_id, "claims") == UNCONTENDED
    assert facts(storage, run_id, "StepSlotClaimed") == [{"pools": "db"}]
    assert storage.get_pool_slot_holders("db") == []


@pytest.mark.rule("queue 2.7", "queue 2.14")
@pytest.mark.anyio
async def test_a_contended_pool_is_waited_for_on_the_clock_while_others_go_on(
    placed: Callable[..., rs.CodeRepository],
) -> None:
    async with Scenario(placed("worker"), durations={"beside": "2s", "claims": "3s"}) as sim:
        sim.storage.set_pool_limit("db", 1)
        sim.storage._claim_concurrency_slots([("db", 1)], "other", "s", lease_duration="10s")
        start = sim.clock.now_ns()
        run_id = (await sim.materialize()).run_id
        assert types_of(sim.storage, run_id, "claims") == ["StepSlotWaiting", *UNCONTENDED]
        assert facts(sim.storage, run_id, "StepSlotWaiting") == [{"reason": "pool 'db' full (1/1)"}]
        times = {
            (event.asset_key, event.event_type): (event.timestamp - start) / SECOND
            for event in sim.storage.get_events_for_run(run_id)
        }
        assert times["beside", "StepSuccess"] == 2
        assert times["claims", "StepSlotWaiting"] == 0
        assert (times["claims", "StepStart"], times["claims", "StepSlotReleased"]) == (10, 13)


@pytest.mark.rule("queue 2.11", "queue 2.14")
@pytest.mark.anyio
async def test_the_lease_is_renewed_every_third_while_the_step_lasts(placed: Callable[..., rs.CodeRepository]) -> None:
    async with Scenario(placed("worker"), durations={"claims": "100s", "beside": "45s"}) as sim:
        sim.storage.set_pool_limit("db", 1, "90s")
        start = sim.clock.now_ns()
        run_id = (await sim.materialize()).run_id
        events = sim.storage.get_events_for_run(run_id)
        renewals = [(event.timestamp - start) / SECOND for event in events if event.event_type == "StepSlotRenewed"]
        assert renewals == [30, 60, 90]
        assert types_of(sim.storage, run_id, "claims")[-3:] == ["Materialization", "StepSuccess", "StepSlotReleased"]


def failing() -> None:
    raise ValueError("as always")


@pytest.mark.rule("execution 3.2.8", "queue 2.10")
@pytest.mark.anyio
async def test_during_a_backoff_another_step_has_the_slot() -> None:
    retry = rs.RetryPolicy(1, backoff=rs.Backoff.constant(60))
    assets = [rs.Asset(failing, pool="db", retry=retry), rs.Asset(plain, pool="db")]
    repo = rs.CodeRepository(assets, pool_limits={"db": 1}, default_executor=rs.Executor.in_process())
    async with Scenario(repo, durations={"plain": "5s"}) as sim:
        start = sim.clock.now_ns()
        run_id = (await sim.materialize(raise_on_error=False)).run_id
        seen = [
            ((event.timestamp - start) // SECOND, event.asset_key)
            for event in sim.storage.get_events_for_run(run_id)
            if event.event_type == "StepSlotClaimed"
        ]
        assert seen == [(0, "failing"), (0, "plain"), (60, "failing")]


@pytest.mark.rule("queue 2.7")
@pytest.mark.anyio
async def test_a_run_that_is_cancelled_while_it_waits_ends_soon_and_waits_for_nothing(
    placed: Callable[..., rs.CodeRepository],
) -> None:
    async with Scenario(placed("worker", at_new_year=True), start="2025-12-31T23:59:00Z") as sim:
        sim.storage.set_pool_limit("db", 0)
        await sim.clock.advance("2m")
        [run] = sim.runs()
        assert (run.status, sim.storage.get_pool_info("db").pending_count) == ("Started", 1)
        await sim.cancel(run.run_id)
        await sim.clock.advance("3s")
        assert [one.status for one in sim.runs()] == ["Canceled"]
        assert types_of(sim.storage, run.run_id, "claims") == ["StepSlotWaiting"]
        assert sim.storage.get_pool_info("db").pending_count == 0


@pytest.mark.rule("queue 2.9")
def test_several_pools_in_the_way_are_all_named(storage: rs.Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERS_CLAIM_TIMEOUT", "0s")
    asset = rs.Asset(plain, pool=["db", "api"], pool_slots={"api": 2})
    with rs.CodeRepository([asset], pool_limits={"db": 0, "api": 1}) as repo:
        repo.resolve(storage)
        run_id = repo.materialize(raise_on_error=False).run_id
    assert types_of(storage, run_id) == ["StepFailure"]
    [failure] = facts(storage, run_id, "StepFailure")
    assert failure["error"].endswith("(pool 'db' full (0/0), pool 'api' full (0/1))")


@pytest.mark.rule("queue 2.2")
def test_a_pool_without_a_limit_still_knows_who_holds_it(storage: rs.Storage) -> None:
    seen: list[tuple[str, int]] = []

    @rs.Asset(pool="open", pool_slots=7)
    def watching() -> None:
        seen.extend((holder.step_key, holder.slots_consumed) for holder in storage.get_pool_slot_holders("open"))

    with rs.CodeRepository([watching]) as repo:
        repo.resolve(storage)
        run_id = repo.materialize().run_id
    assert seen == [("watching", 7)]
    assert types_of(storage, run_id) == UNCONTENDED


@pytest.mark.rule("assets 6.32")
def test_a_multi_asset_claims_what_the_outputs_need_that_are_asked_for(storage: rs.Storage) -> None:
    held: list[dict[str, int]] = []
    outputs = [
        rs.AssetDef("a", pool=["db", "api"], pool_slots={"db": 1}),
        rs.AssetDef("b", pool="db", pool_slots=3),
        rs.AssetDef("c", pool="other"),
    ]

    @rs.Asset.from_multi(output_defs=outputs)
    def several() -> dict[str, int]:
        held.append({info.pool_key: info.claimed_count for info in storage.get_all_pool_infos() if info.claimed_count})
        return {"a": 1, "b": 2, "c": 3}

    with rs.CodeRepository([several], pool_limits={"db": 3}) as repo:
        repo.resolve(storage)
        repo.materialize()
        run_id = repo.materialize(["a", "b"]).run_id
    assert held == [{"db": 3, "api": 1, "other": 1}, {"db": 3, "api": 1}]
    assert facts(storage, run_id, "StepSlotClaimed") == [{"pools": "db,api"}] * 2
    assert types_of(storage, run_id, "a") == UNCONTENDED


@pytest.mark.rule("queue 2.10")
def test_steps_of_one_run_share_a_pool_one_after_another(storage: rs.Storage) -> None:
    running: list[str] = []
    most = 0
    pair = asyncio.Barrier(2)  # neither ends before the other has begun

    def asset(name: str) -> Any:
        async def function() -> int:
            nonlocal most
            running.append(name)
            most = max(most, len(running))
            await asyncio.wait_for(pair.wait(), 20)
            running.remove(name)
            return 1

        return rs.Asset(function, name=name, pool="db")

    with rs.CodeRepository([asset(f"a{number}") for number in range(6)], pool_limits={"db": 2}) as repo:
        repo.resolve(storage)
        result = repo.materialize()
    assert result.success
    assert most == 2
    assert storage.get_pool_info("db").claimed_count == storage.get_pool_info("db").pending_count == 0


@pytest.mark.rule("queue 2.8")
def test_a_run_on_another_thread_is_woken_when_the_slot_is_given_back(
    storage: rs.Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own interval would let it ask again only after an hour."""
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "1h")
    monkeypatch.setenv("RIVERS_CLAIM_TIMEOUT", "2h")
    first_is_in, second_waits = threading.Event(), threading.Event()

    @rs.Asset(pool="db")
    def first() -> None:
        first_is_in.set()
        assert second_waits.wait(30)

    def watch(statements: Sequence[str]) -> Sequence[str]:
        if any("INSERT INTO slot_wait" in statement for statement in statements):
            second_waits.set()
        return statements

    with rs.CodeRepository([first, rs.Asset(plain, name="second", pool="db")], pool_limits={"db": 1}) as repo:
        repo.resolve(storage)
        storage._engine.rewrite = watch
        thread = threading.Thread(target=repo.materialize, args=(["first"],))
        thread.start()
        assert first_is_in.wait(30)
        result = repo.materialize(["second"])
        thread.join(30)
    assert types_of(storage, result.run_id) == ["StepSlotWaiting", *UNCONTENDED]


@pytest.mark.rule("queue 2.12")
def test_instances_of_a_map_claim_one_by_one_each_under_its_own_key(build_levels: Callable[..., Any]) -> None:
    """No task can name a pool, so this build of definitions gives their instances none: here the compiled step does."""
    storage, levels, execute = build_levels()
    for level in levels:
        for number, step in enumerate(level):
            if step.instance is not None:
                level[number] = replace(step, instance=replace(step.instance, pools=(("db", 1),)))
    run_id = execute(levels)
    events = [event for event in storage.get_events_for_run(run_id) if event.event_type.startswith("StepSlot")]
    assert [(event.event_type, event.asset_key) for event in events] == [
        (event_type, f"fanned/double[{key}]")
        for key in range(3)
        for event_type in ("StepSlotClaimed", "StepSlotReleased")
    ]


@pytest.fixture
def build_levels(storage: rs.Storage) -> Generator[Callable[..., Any]]:
    """The compiled levels of a graph asset that maps over three elements, and what executes them."""

    @rs.Task
    def numbers() -> list[int]:
        return [1, 2, 3]

    @rs.Task
    def double(number: int) -> int:
        return number * 2

    @rs.Task
    def total(doubled: list[int]) -> int:
        return sum(doubled)

    @rs.Asset.from_graph
    def fanned() -> Any:
        return total(numbers().map(double).collect())

    repo = rs.CodeRepository([fanned], pool_limits={"db": 1})
    repo.resolve(storage)

    def execute(levels: Any) -> str:
        bound = repo._bound
        assert bound is not None
        run = run_by_hand("r", ["fanned"], "Started", storage.clock.now_ns())
        storage.create_run(run, owner=storage.session)
        assert RunExecution(bound.environment, "r", levels).execute().success
        return "r"

    def build() -> tuple[rs.Storage, Any, Callable[[Any], str]]:
        bound = repo._bound
        assert bound is not None
        return storage, bound._levels(bound.nodes_of(None, None), bound.resources, {}), execute

    yield build
    repo.shutdown()


@pytest.mark.rule("queue 2.4")
@pytest.mark.anyio
async def test_a_limit_that_is_raised_lets_those_in_that_wait_at_that_moment(
    placed: Callable[..., rs.CodeRepository], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVERS_CLAIM_POLL_INTERVAL", "9m")
    async with Scenario(placed("in_process", at_new_year=True), start="2025-12-31T23:59:00Z") as sim:
        sim.storage.set_pool_limit("db", 0)
        await sim.clock.advance("2m 17s")
        sim.storage.set_pool_limit("db", 1)
        await sim.clock.advance("1ms")
        [run] = sim.runs()
        assert run.status == "Success"
        assert (run.end_time or 0) - run.start_time == 77 * SECOND


@pytest.mark.rule("queue 2.4")
@pytest.mark.anyio
async def test_a_limit_that_is_raised_by_hand_holds_in_a_scenario() -> None:
    repo = rs.CodeRepository([rs.Asset(plain, pool="db")], pool_limits={"db": 1})
    async with Scenario(repo) as sim:
        sim.storage._claim_concurrency_slots([("db", 1)], "other", "s", lease_duration="1h")
        sim.storage.set_pool_limit("db", 2)
        run_id = (await sim.materialize()).run_id
        assert types_of(sim.storage, run_id) == UNCONTENDED
