"""A guard that cannot fail is no guard: for each promise a mistake is planted, and its story's checker finds it.

The stories and their checkers are those of ``scenarios/``, told as they are told there. Each test plants one mistake in
the real system, nothing else changes, and what the checker finds is not empty. What a checker that finds nothing means
is shown by ``scenarios/`` itself.
"""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from rivers.clock import SimClock
from rivers.clock.turns import Turns
from rivers.daemons import run_queue
from rivers.daemons.evaluations import EvaluationsInFlight
from rivers.daemons.run_queue import RunQueueDaemon
from rivers.daemons.trigger_book import TriggerBook
from rivers.execution.steps.compiled_steps import StepPartition
from rivers.execution.triggers import evaluation
from rivers.graph.partition_plans import PartitionPlan
from rivers.partitions import PartitionKey
from rivers.queueing.admission import admit
from rivers.scheduling import launches
from rivers.simulation import Scenario
from rivers.storage import Storage
from rivers.storage.engine import Engine
from scenarios import (
    partitioned_story,
    test_exact_time,
    test_foreign_code,
    test_nightly_batch_across_clock_changes,
    test_one_system,
    test_partitioned_month,
    test_queue_of_one,
    test_restart_anywhere,
    test_sensor_cursor_across_restart,
    test_two_graphs_on_one_store,
)
from scenarios.checks import differences, questions_which_clock, tellings_that_differ, times_unaccounted_for
from scenarios.digest_story import tell
from tests.soak import SOAK

Plant = pytest.MonkeyPatch
TELLINGS = 8
"""How often a story is told at most until its trace differs."""


@pytest.fixture(params=["asyncio", "trio"] if SOAK else ["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """One backend is enough for a checker to see a mistake; that nothing is to be seen is shown on both elsewhere."""
    return request.param


Rewrite = Callable[[Sequence[str]], Sequence[str]]


def in_every_transaction(plant: Plant, rewrite: Rewrite) -> None:
    """Change the statements of each transaction of each store that is opened from here on."""
    original = Engine.__init__

    def init(self: Engine, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.rewrite = rewrite

    plant.setattr(Engine, "__init__", init)


def quiet(*args: Any) -> None:
    """Does nothing."""


async def first_of(findings: AsyncGenerator[str]) -> str | None:
    """What a checker that goes on searching finds first."""
    async with aclosing(findings):
        return await anext(findings, None)


async def findings_or_failure(story: Callable[[], Any]) -> list[str]:
    """What the checker finds; a story that cannot be told to its end is a finding as well."""
    try:
        return await story()
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


# -- 1. one system, two clocks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mistake",
    ["if isinstance(self.clock, SimClock): pass", "fast = type(clock).__name__ == 'SimClock'"],
)
def test_a_daemon_that_asks_for_its_clock_is_found(mistake: str) -> None:
    sources = test_one_system.daemon_sources()
    path = "rivers/daemons/leases.py"
    assert questions_which_clock({**sources, path: f"{sources[path]}\n{mistake}\n"}) != []


@pytest.mark.anyio
async def test_a_system_that_behaves_otherwise_in_simulation_is_found(monkeypatch: Plant) -> None:
    real, _ = await test_one_system.tell(test_one_system.WallClock())
    original = RunQueueDaemon._page_size

    def generous(self: RunQueueDaemon, in_flight_count: int) -> int:
        return 5 if isinstance(self.clock, SimClock) else original(self, in_flight_count)

    monkeypatch.setattr(RunQueueDaemon, "_page_size", generous)
    monkeypatch.setattr(run_queue, "admit", _admit_without_limits)
    simulated, _ = await test_one_system.tell(SimClock())
    assert differences(real, simulated) != []


# -- 2. simulated time is exact ----------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_time_that_moves_while_a_thread_is_out_is_found(monkeypatch: Plant) -> None:
    # The driver looks at the holder of the turn to see whether anybody is out; it never sees one.
    monkeypatch.setattr(Turns, "holder", property(quiet, quiet), raising=False)
    assert await findings_or_failure(test_exact_time.inexact) != []


@pytest.mark.anyio
async def test_a_duration_that_is_not_waited_for_is_found(monkeypatch: Plant) -> None:
    monkeypatch.setattr(SimClock, "sleep_blocking", lambda self, seconds: None)
    assert await test_exact_time.inexact("30s") != []


# -- 3. same input, same trace -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected() -> str:
    """The story without a mistake in the system."""
    return anyio.run(tell, backend="asyncio")


def test_a_fan_in_that_does_not_wait_for_the_instant_to_rest_is_found(expected: str, monkeypatch: Plant) -> None:
    async def at_once(self: SimClock, rank: int | None = None) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(SimClock, "idle", at_once)
    assert any(tellings_that_differ(expected, [anyio.run(tell, backend="trio")]) for _ in range(TELLINGS))


def test_work_off_the_loop_in_order_of_arrival_is_found(expected: str, monkeypatch: Plant) -> None:
    arrivals = itertools.count()

    def as_they_come(self: Turns, work: Any) -> None:
        work.order = next(arrivals)
        original(self, work)

    original = Turns.ask
    monkeypatch.setattr(Turns, "ask", as_they_come)
    assert any(tellings_that_differ(expected, [anyio.run(tell, backend="trio")]) for _ in range(TELLINGS))


def test_ids_of_chance_are_found(expected: str, monkeypatch: Plant) -> None:
    monkeypatch.setattr(launches, "run_id_for_position", lambda tick, position: str(uuid.uuid4()))
    assert tellings_that_differ(expected, [anyio.run(tell, backend="asyncio")]) != []


# -- 4. decide, persist, then tell -------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_kill_that_does_not_stop_the_old_graph_from_writing_is_found(monkeypatch: Plant) -> None:
    monkeypatch.setattr(Storage, "supersede", quiet)
    assert await findings_or_failure(test_restart_anywhere.changed_by_a_kill_in_a_step) != []


@pytest.mark.anyio
async def test_a_start_that_does_not_look_for_orphans_is_found(monkeypatch: Plant) -> None:
    monkeypatch.setattr(Storage, "fail_orphans", lambda self, at, reason: [])
    assert await test_restart_anywhere.changed_by_a_kill_in_a_step() != []
    assert await first_of(test_restart_anywhere.changed_by_kills())


@pytest.mark.anyio
async def test_a_start_that_does_not_launch_what_was_admitted_is_found(monkeypatch: Plant) -> None:
    monkeypatch.setattr(Storage, "unstarted_runs", lambda self: [])
    monkeypatch.setattr(Storage, "in_flight", _in_flight_but_unstarted(Storage.in_flight))
    assert await first_of(test_restart_anywhere.changed_by_kills())


@pytest.mark.anyio
async def test_runs_that_are_told_of_and_not_stored_with_their_tick_are_found(monkeypatch: Plant) -> None:
    """Persist in two steps: the tick in one transaction, its runs in another one after it."""
    original = TriggerBook._commit_group

    async def in_two_steps(self: TriggerBook, group: Sequence[Any]) -> None:
        await original(self, [replace(decision, runs=()) for decision in group])
        for decision in group:
            for run in decision.runs:
                await self._store.run(Storage.create_run, run)
                self._runs_queued.send_nowait(run_queue.RunsQueued(run_ids=(run.run_id,)))

    monkeypatch.setattr(TriggerBook, "_commit_group", in_two_steps)
    assert await first_of(test_restart_anywhere.changed_by_kills())


@pytest.mark.anyio
async def test_a_queue_that_trusts_its_messages_alone_is_found(monkeypatch: Plant) -> None:
    """Nothing is read from storage but what a message names."""

    async def wait_for_messages(self: RunQueueDaemon) -> None:
        self._look_at = math.inf

    monkeypatch.setattr(RunQueueDaemon, "recover", wait_for_messages)
    assert await first_of(test_restart_anywhere.changed_by_kills())


# -- 5. nothing twice, nothing lost ------------------------------------------------------------------------------------


def _without_keys(statements: Sequence[str]) -> Sequence[str]:
    return [statement for statement in statements if "INSERT INTO run_key" not in statement]


@pytest.mark.anyio
@pytest.mark.parametrize("by_chance", [False, True], ids=["ids by content", "ids by chance"])
async def test_a_run_key_that_nobody_remembers_is_found(monkeypatch: Plant, by_chance: bool) -> None:
    monkeypatch.setattr(Storage, "used_run_keys", lambda self, kind, name, keys: {})
    in_every_transaction(monkeypatch, _without_keys)
    if by_chance:
        numbers = itertools.count()
        monkeypatch.setattr(launches, "run_id_for_key", lambda kind, name, key: f"run-{next(numbers)}")
    found = await test_sensor_cursor_across_restart.lost_or_repeated()
    assert any("has 3 runs" in text for text in found) == by_chance
    assert found != [], "with ids by content a repeated key loses its tick instead"


def _without_compare_and_set(statements: Sequence[str]) -> Sequence[str]:
    """The state row is overwritten whatever is in it, and a tick or run that exists already is no obstacle."""
    return [
        statement.replace("INSERT INTO tick ", "INSERT IGNORE INTO tick ")
        .replace("INSERT INTO run ", "INSERT IGNORE INTO run ")
        .replace("INSERT INTO run_key ", "INSERT IGNORE INTO run_key ")
        .replace("INSERT INTO flight ", "INSERT IGNORE INTO flight ")
        for statement in statements
        if not ("THROW" in statement and ("$known" in statement or "$new" in statement))
    ]


@pytest.mark.anyio
async def test_ticks_without_the_compare_and_set_are_found(monkeypatch: Plant) -> None:
    in_every_transaction(monkeypatch, _without_compare_and_set)
    found = await findings_or_failure(test_two_graphs_on_one_store.broken_truths)
    assert any("was replaced by" in text for text in found), found


@pytest.mark.anyio
async def test_a_schedule_that_fires_from_now_instead_of_its_checkpoint_is_found(monkeypatch: Plant) -> None:
    """What passed while nobody watched is forgotten at each start."""
    original = TriggerBook.open

    async def forgetful(self: TriggerBook, running_by_default: Any, now: int) -> None:
        await original(self, running_by_default, now)
        await self._move_checkpoints(dict.fromkeys(running_by_default, now))

    monkeypatch.setattr(TriggerBook, "open", forgetful)
    ticks, _ = await test_nightly_batch_across_clock_changes.around_a_downtime()
    assert times_unaccounted_for(ticks, 11) == ["2 of 11 times are accounted for"]


@pytest.mark.anyio
async def test_a_schedule_whose_checkpoint_does_not_move_is_found(monkeypatch: Plant) -> None:
    """Each start finds again what an earlier one has dealt with already."""
    in_every_transaction(
        monkeypatch, lambda statements: [each.replace(", cp = $input.cp ?? cp", "") for each in statements]
    )
    ticks, _ = await test_nightly_batch_across_clock_changes.around_a_downtime()
    assert times_unaccounted_for(ticks, 11) != []


@pytest.mark.anyio
async def test_a_report_from_another_day_before_its_own_is_there_is_found(monkeypatch: Plant, tmp_path: Path) -> None:
    """The store says of every delivery that it is there, and the mapping leads two days back to one that is."""
    load, materialized = PartitionPlan.load, Storage.get_materialized_partitions

    def a_day_off(self: PartitionPlan, name: str, upstream: str) -> Any:
        plan = self
        if upstream == "delivery" and str(self.keys[0]) > "2026-03-01":
            plan = replace(self, keys=(PartitionKey.single(partitioned_story.day_before(str(self.keys[0]))),))
        return load(plan, name, upstream)

    def all_there(self: Storage, asset_key: str) -> list[PartitionKey]:
        if asset_key == "delivery":
            return list(map(PartitionKey.single, partitioned_story.DELIVERED))
        return materialized(self, asset_key)

    monkeypatch.setattr(PartitionPlan, "load", a_day_off)
    monkeypatch.setattr(Storage, "get_materialized_partitions", all_there)
    found = test_partitioned_month.broken(
        await partitioned_story.tell("memory", tmp_path, until="2026-03-22T00:00:00Z")
    )
    assert "report of 2026-03-08 was made without delivery of 2026-03-07" in found
    assert "there is no report '2026-03-20: 24 hours, delivery of 2026-03-19'" in found


@pytest.mark.anyio
async def test_a_partition_that_is_recorded_twice_is_found(monkeypatch: Plant, tmp_path: Path) -> None:
    keys = StepPartition.keys.fget
    monkeypatch.setattr(StepPartition, "keys", property(lambda self: keys(self) * 2))
    found = test_partitioned_month.broken(
        await partitioned_story.tell("memory", tmp_path, until="2026-03-22T00:00:00Z")
    )
    assert "sales of 2026-03-20 was made 2 times" in found


def _admit_without_limits(queued: Any, in_flight: Any, limits: Any) -> Any:
    return admit(queued, (), limits)


@pytest.mark.anyio
async def test_an_admission_that_forgets_what_runs_already_is_found(monkeypatch: Plant) -> None:
    monkeypatch.setattr(run_queue, "admit", _admit_without_limits)
    assert await test_queue_of_one.moments_too_full() != []


# -- 6. a user's code is foreign ---------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_user_code_that_takes_a_daemon_along_is_found(monkeypatch: Plant) -> None:
    def careless(repo: Any, evaluate: Callable[[], Any]) -> evaluation.Evaluated:
        try:
            return evaluation.Evaluated.of_result(evaluate())
        except SystemExit as error:
            return evaluation.Evaluated.of_error(error)

    monkeypatch.setattr(evaluation, "_evaluated", careless)
    assert await findings_or_failure(partial(test_foreign_code.disturbances, minutes=1)) != []


@pytest.mark.anyio
async def test_evaluations_that_wait_for_each_other_are_found(monkeypatch: Plant) -> None:
    """One slot for all: whoever hangs holds up everybody behind."""
    original = EvaluationsInFlight.start
    queue: list[anyio.Event] = []

    def start_after_the_last(
        self: EvaluationsInFlight, name: str, started_at: int, seq: int, evaluate: Any, timeout: int | None
    ) -> None:
        before, done = queue[-1:], anyio.Event()
        queue.append(done)

        async def in_turn() -> Any:
            try:
                for event in before:
                    await event.wait()
                return await evaluate()
            finally:
                done.set()

        original(self, name, started_at, seq, in_turn, timeout)

    monkeypatch.setattr(EvaluationsInFlight, "start", start_after_the_last)
    found = await findings_or_failure(partial(test_foreign_code.disturbances, minutes=1))
    assert any("line" in text for text in found), found


@pytest.mark.anyio
async def test_a_timeout_that_nobody_keeps_is_found(monkeypatch: Plant) -> None:
    original = EvaluationsInFlight._within

    async def without_end(self: EvaluationsInFlight, timeout: int | None, evaluate: Any) -> Any:
        return await original(self, None, evaluate)

    monkeypatch.setattr(EvaluationsInFlight, "_within", without_end)
    found = await findings_or_failure(partial(test_foreign_code.disturbances, minutes=1))
    assert "hanging has no failed tick" in found


# -- and the planting itself -------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_rewriting_of_transactions_reaches_the_store_of_a_scenario(monkeypatch: Plant) -> None:
    """The plants above would show nothing if the statements went by them."""
    seen: list[str] = []

    def listen(statements: Sequence[str]) -> Sequence[str]:
        seen.extend(statements)
        return statements

    in_every_transaction(monkeypatch, listen)
    async with Scenario(test_sensor_cursor_across_restart.repo) as sim:
        await sim.clock.advance("20s")
    assert any("$known" in text and "THROW" in text for text in seen)
    assert any("$new" in text and "THROW" in text for text in seen)
    for table in ("tick", "run", "run_key", "flight"):
        assert any(f"INSERT INTO {table} $" in text for text in seen), table


def _in_flight_but_unstarted(original: Any) -> Any:
    def started_only(self: Storage) -> Any:
        return [run for run in original(self) if run.status == "Started"]

    return started_only
