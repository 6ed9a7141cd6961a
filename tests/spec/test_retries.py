"""Which failures are retried, when, and what is recorded of it."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.simulation import Scenario
from tests.spec import worker_steps
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, subjects_of, types_of


class Flaky:
    """A function that raises ``errors`` one by one, an attempt each, and counts the attempts."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> int:
        self.tries += 1
        if self.tries <= len(self.errors):
            raise self.errors[self.tries - 1]
        return self.tries

    def asset(self, name: str = "flaky", **settings: Any) -> rs.SingleAsset:
        """Return an asset that calls this function."""
        return rs.Asset(lambda: self(), name=name, **settings)


@pytest.mark.rule("execution 3.2.3", "execution 3.2.5")
def test_a_backoff_is_announced_and_passes_on_the_clock() -> None:
    policy = rs.RetryPolicy(3, backoff=rs.Backoff.exponential(2, factor=3, max_delay=10))
    repo = rs.CodeRepository([Flaky(*[ValueError()] * 3).asset(retry=policy)])
    with Scenario(repo, start="2026-01-01T00:00:00Z").blocking() as sim:
        events = sim.storage.get_events_for_run(sim.materialize(["flaky"]).run_id)
    starts = [event.timestamp for event in events if event.event_type == "StepStart"]
    told = [dict(event.metadata)["rivers/next_delay_ms"] for event in events if event.event_type == "StepRetry"]
    assert told == ["2000", "6000", "10000"]
    assert [(later - earlier) / 1e9 for earlier, later in pairwise(starts)] == [2, 6, 10]


def tries_of(storage: rs.Storage, run_id: str, step: str) -> int:
    """Return how many attempts of a step were recorded."""
    return types_of(storage, run_id, step).count("StepStart")


def fails() -> int:
    raise ValueError


@pytest.mark.rule("execution 3.1.7", "repository 3.3.3")
def test_the_nearest_policy_counts_and_nothing_is_merged(build: Build, storage: rs.Storage) -> None:
    own, none = rs.Asset(fails, name="own", retry=rs.RetryPolicy(3)), rs.Asset(fails, name="none")
    never = rs.Asset(fails, name="never", retry=rs.RetryPolicy(0))
    members = [own, none, never]
    repo = build(
        *members,
        jobs=[rs.Job("with", members, retry=rs.RetryPolicy(2)), rs.Job("without", members)],
        default_retry_policy=rs.RetryPolicy(1),
    )
    with_, without = (repo.get_job(name).execute(raise_on_error=False).run_id for name in ("with", "without"))
    given = repo.materialize(retry=rs.RetryPolicy(2, retry_on=[]), raise_on_error=False).run_id
    for run_id, of_none in ((with_, 3), (without, 2), (given, 1)):
        assert [tries_of(storage, run_id, name) for name in ("own", "none", "never")] == [4, of_none, 1]


@pytest.mark.rule("assets 6.29", "execution 3.1.7")
def test_every_kind_of_step_has_its_own_policy(build: Build, storage: rs.Storage) -> None:
    policy = rs.RetryPolicy(1)
    task = rs.Task(fails, name="task", retry=policy)
    shell = rs.BashTask("shell", "exit 3", retry=policy)
    multi = rs.Asset.from_multi(fails, [rs.AssetDef("one")], name="m", retry=policy)
    run_id = build(multi, tasks=[task, shell]).materialize(raise_on_error=False).run_id
    assert [tries_of(storage, run_id, name) for name in ("task", "shell")] == [2, 2]
    assert len([None for kind in subjects_of(storage, run_id, "StepRetry") if kind not in ("task", "shell")]) == 1


@pytest.mark.rule("execution 3.3.1")
def test_loading_inputs_is_tried_again(build: Build, storage: rs.Storage) -> None:
    loads = Flaky(OSError("away"), OSError("away"))

    class Unsteady(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

        def load_input(self, context: rs.InputContext) -> Any:
            return loads()

    up = rs.Asset(name="up", io_handler=Unsteady())(lambda: 1)
    down = rs.Asset(name="down", retry=rs.RetryPolicy(2))(lambda up: up)
    repo = build(up, down)
    result = repo.materialize()
    assert repo.load_node("down") == 3
    assert tries_of(storage, result.run_id, "down") == 3


@pytest.mark.rule("assets 5.11", "execution 3.3.1")
def test_a_value_of_the_wrong_type_is_tried_again(build: Build, storage: rs.Storage) -> None:
    values: list[Any] = ["text", 3]

    @rs.Asset(retry=rs.RetryPolicy(1))
    def checked() -> int:
        return values.pop(0)

    repo = build(checked)
    assert tries_of(storage, repo.materialize().run_id, "checked") == 2
    assert repo.load_node("checked") == 3


@pytest.mark.rule("execution 3.3.3", "metadata 4.5")
def test_every_attempt_and_every_retry_is_recorded_with_its_facts(build: Build, storage: rs.Storage) -> None:
    flaky = Flaky(ConnectionError("1"), MemoryError("2"), LookupError("3"))
    repo = build(flaky.asset(retry=rs.RetryPolicy(2)))
    run_id = repo.materialize(raise_on_error=False).run_id
    assert types_of(storage, run_id, "flaky") == [*["StepStart", "StepRetry"] * 2, "StepStart", "StepFailure"]
    retries = [dict(e.metadata) for e in storage.get_events_for_run(run_id) if e.event_type == "StepRetry"]
    assert [(one["rivers/attempt"], one["rivers/failure_reason"], one["rivers/next_delay_ms"]) for one in retries] == [
        ("1", "error", "0"),
        ("2", "out_of_memory", "0"),
    ]
    assert "rivers/next_compute" not in retries[0]
    failure = dict(event_of(storage, run_id, "StepFailure", "flaky").metadata)
    assert (failure["error"], failure["rivers/failure_reason"]) == ("LookupError: 3", "error")
    classes = json.loads(failure["rivers/exc_type"])
    assert [name.rsplit(".", 1)[-1] for name in classes][:2] == ["LookupError", "Exception"]


told_hooks: list[str] = []


@rs.Hook.success
def succeeded(context: rs.HookContext[Any]) -> None:
    told_hooks.append(f"{context.asset_name} succeeded")


@rs.Hook.failure
def failed(context: rs.HookContext[Any]) -> None:
    told_hooks.append(f"{context.asset_name} failed: {context.error}")


@pytest.mark.rule("execution 3.2.8", "execution 3.2.9")
@pytest.mark.anyio
async def test_a_cancel_ends_a_backoff_within_a_second_of_the_clock() -> None:
    flaky = Flaky(*[ValueError("boom")] * 3)
    repo = rs.CodeRepository(
        [flaky.asset(retry=rs.RetryPolicy(3, backoff=rs.Backoff.constant(3600)))],
        jobs=[],
        run_queue=rs.RunQueueConfig(),
    )
    async with Scenario(repo, start="2026-01-01T00:00:00Z") as sim:
        handle = sim.repo._submit_run(["flaky"])
        await sim.clock.advance("10s")
        assert (flaky.tries, handle.status) == (1, "Started")
        handle.cancel()
        await sim.clock.advance("1s")
        [run] = sim.runs()
        assert (run.status, flaky.tries) == ("Canceled", 1)
        assert "StepFailure" in [event.event_type for event in sim.storage.get_events_for_run(run.run_id)]


@pytest.mark.rule("execution 3.2.8")
def test_a_step_that_waits_for_its_next_attempt_holds_up_no_other(build: Build, tmp_path: Any) -> None:
    folder = worker_steps.Folder(root=str(tmp_path))
    others_done = threading.Event()
    tries: list[bool] = []

    def first() -> int:
        tries.append(others_done.is_set())
        if len(tries) == 1:
            raise ValueError
        return 1

    def other() -> int:
        others_done.set()
        return 1

    settings = {"metadata": {"rivers/executor": "parallel"}}
    waits_ = rs.Asset(first, retry=rs.RetryPolicy(1, backoff=rs.Backoff.constant(0.05)), **settings)
    repo = build(
        waits_,
        rs.Asset(other, **settings),
        rs.Asset(worker_steps.process, io_handler=folder, **settings),
        default_executor=rs.Executor.parallel(1),
    )
    assert repo.materialize().success
    assert tries == [False, True]


@pytest.mark.rule("assets 1.21", "execution 3.1.8", "repository 1.5")
def test_every_place_of_a_policy_takes_a_name(build: Build, storage: rs.Storage) -> None:
    one = rs.Asset(fails, name="one", retry="thrice")
    other = rs.Asset(fails, name="other")
    repo = build(
        one,
        other,
        tasks=[rs.Task(fails, name="task", retry="thrice"), rs.BashTask("shell", "exit 1", retry="thrice")],
        jobs=[rs.Job("j", [other], retry="twice")],
        retries={"twice": rs.RetryPolicy(1), "thrice": rs.RetryPolicy(2)},
        default_retry_policy="twice",
    )
    default = repo.materialize(raise_on_error=False).run_id
    assert [tries_of(storage, default, name) for name in ("one", "other", "task", "shell")] == [3, 2, 3, 3]
    given = repo.materialize(["other"], retry="thrice", raise_on_error=False).run_id
    assert tries_of(storage, given, "other") == 3
    assert tries_of(storage, repo.get_job("j").execute(raise_on_error=False).run_id, "other") == 2


@pytest.mark.rule("graph-assets 3.2.9")
def test_the_policy_of_a_graph_is_for_its_own_step_and_its_inside_uses_its_own(
    build: Build, storage: rs.Storage
) -> None:
    class Full(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

        def load_input(self, context: rs.InputContext) -> Any: ...

    inner = Flaky(ValueError("1"), ValueError("2"))
    patient = rs.Task(lambda: inner(), name="patient", retry=rs.RetryPolicy(2))
    hasty = rs.Task(fails, name="hasty")
    good = rs.Asset.from_graph(lambda: patient(), name="good", retry=rs.RetryPolicy(0))
    bad = rs.Asset.from_graph(lambda: hasty(), name="bad", retry=rs.RetryPolicy(5))
    result = build(good, bad, tasks=[patient, hasty]).materialize(raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["bad/hasty", "bad"]
    assert [tries_of(storage, result.run_id, name) for name in ("good/patient", "bad/hasty", "good")] == [3, 1, 1]


class Limits(BaseModel):
    rows: int


@pytest.mark.rule("resources 2.1.5")
def test_a_config_that_cannot_be_built_fails_the_step(build: Build) -> None:
    def needy(context: rs.AssetExecutionContext[Limits]) -> int:
        return context.config.rows

    result = build(rs.Asset(needy)).materialize(raise_on_error=False)
    assert result.failed_assets[0][1].startswith("ValidationError: ")
