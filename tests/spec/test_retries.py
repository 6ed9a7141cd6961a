"""Which failures are tried again, when, and what is told of it."""

from __future__ import annotations

import json
import math
import random
import threading
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import ConfigurationError
from rivers.simulation import Scenario
from tests.spec import worker_steps
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, subjects_of, types_of

Reason = rs.FailureReason


class Flaky:
    """Makes functions that raise what they are told to, attempt by attempt, and counts the attempts."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> int:
        self.tries += 1
        if self.tries <= len(self.errors):
            raise self.errors[self.tries - 1]
        return self.tries

    def asset(self, name: str = "flaky", **settings: Any) -> rs.SingleAsset:
        """An asset that calls this."""
        return rs.Asset(lambda: self(), name=name, **settings)


def attempts(build: Build, policy: rs.RetryPolicy | None, error: BaseException, times: int = 9) -> int:
    """How often a step that always fails so is tried."""
    flaky = Flaky(*[error] * times)
    build(flaky.asset(retry=policy)).materialize(raise_on_error=False)
    return flaky.tries


@pytest.mark.rule("execution 3.1.1")
@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (3, 4)])
def test_max_retries_counts_the_attempts_after_the_first(build: Build, retries: int, tries: int) -> None:
    policy = rs.RetryPolicy(retries)
    assert policy.max_retries == retries
    assert attempts(build, policy, ValueError()) == tries
    assert rs.RetryPolicy().max_retries == 1


@pytest.mark.rule("execution 3.1.1")
def test_a_malformed_policy_is_refused() -> None:
    for error in (OverflowError, ValueError):
        with pytest.raises(error):
            rs.RetryPolicy(-1)
    with pytest.raises(TypeError):
        rs.RetryPolicy(1.0)
    with pytest.raises(TypeError):
        rs.RetryPolicy(1, rs.Backoff.constant(1))


ERRORS: dict[str, BaseException] = {
    "error": ValueError(),
    "os": OSError(),
    "connection": ConnectionError(),
    "exit": SystemExit(1),
    "memory": MemoryError(),
    "timeout": TimeoutError(),
    "interrupt": KeyboardInterrupt(),
}


@pytest.mark.rule("execution 3.1.2")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("retry_on", [None, rs.RetryOn.ALL])
def test_everything_but_a_cancellation_is_tried_again_by_default(build: Build, error: str, retry_on: Any) -> None:
    expected = 1 if error == "interrupt" else 2
    assert attempts(build, rs.RetryPolicy(1, retry_on=retry_on), ERRORS[error]) == expected


@pytest.mark.rule("execution 3.1.3")
@pytest.mark.parametrize("error", ERRORS)
def test_transient_means_memory_timeout_and_infrastructure(build: Build, error: str) -> None:
    policy = rs.RetryPolicy(1, retry_on=rs.RetryOn.TRANSIENT)
    assert attempts(build, policy, ERRORS[error]) == (2 if error in ("memory", "timeout") else 1)


@pytest.mark.rule("execution 3.1.3")
def test_the_death_of_a_worker_is_transient(build: Build, storage: rs.Storage, tmp_path: Any) -> None:
    folder = worker_steps.Folder(root=str(tmp_path))
    settings = {"io_handler": folder, "retry": rs.RetryPolicy(1, retry_on=rs.RetryOn.TRANSIENT)}
    repo = build(
        rs.Asset(worker_steps.dies, **settings),
        rs.Asset(worker_steps.fails, **settings),
        default_executor=rs.Executor.parallel(2),
    )
    run_id = repo.materialize(raise_on_error=False).run_id
    assert subjects_of(storage, run_id, "StepRetry") == ["dies"]
    assert dict(event_of(storage, run_id, "StepRetry", "dies").metadata)["rivers/failure_reason"] == "infrastructure"


@pytest.mark.rule("execution 3.1.4")
@pytest.mark.parametrize(
    ("retry_on", "error", "tries"),
    [
        ([OSError], ConnectionResetError(), 2),
        ([ConnectionError], OSError(), 1),
        ([ValueError, Reason.TIMEOUT], TimeoutError(), 2),
        ([ValueError, Reason.TIMEOUT], ValueError(), 2),
        ([Reason.ERROR], OSError(), 2),
        ([Reason.OUT_OF_MEMORY], MemoryError(), 2),
        ([Reason.OUT_OF_MEMORY], ValueError(), 1),
        ([Exception], SystemExit(), 1),
        ([BaseException, Reason.CANCELLED], KeyboardInterrupt(), 1),
        ([], ValueError(), 1),
    ],
)
def test_a_list_is_matched_by_type_or_by_reason(build: Build, retry_on: Any, error: Any, tries: int) -> None:
    assert attempts(build, rs.RetryPolicy(1, retry_on=retry_on), error) == tries


@pytest.mark.rule("execution 3.1.5")
@pytest.mark.parametrize("wrong", [ValueError, "error", 3, (ValueError,), Reason.TIMEOUT, {ValueError}])
def test_a_retry_on_that_is_no_list_is_a_configuration_error(wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        rs.RetryPolicy(1, retry_on=wrong)


@pytest.mark.rule("execution 3.1.5")
@pytest.mark.parametrize("wrong", ["error", 3, int, object, ValueError(), None])
def test_a_bad_element_of_retry_on_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError):
        rs.RetryPolicy(1, retry_on=[ValueError, wrong])


@pytest.mark.rule("execution 3.1.6")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out_of_memory"),
        (TimeoutError(), "timeout"),
        (KeyboardInterrupt(), "cancelled"),
        (OSError(), "error"),
        (ConnectionError(), "error"),
        (SystemExit(), "error"),
        (ValueError(), "error"),
    ],
)
def test_every_failure_is_recorded_with_its_reason(
    build: Build, storage: rs.Storage, error: BaseException, reason: str
) -> None:
    run_id = build(Flaky(error).asset()).materialize(raise_on_error=False).run_id
    assert dict(event_of(storage, run_id, "StepFailure", "flaky").metadata)["rivers/failure_reason"] == reason


@pytest.mark.rule("execution 3.1.6")
def test_the_reasons_are_spelt_as_documented() -> None:
    assert [str(reason.value) for reason in Reason] == [
        *("error", "out_of_memory", "timeout", "infrastructure", "cancelled")
    ]


def waits(build: Build, storage: rs.Storage, backoff: rs.Backoff, count: int) -> list[float]:
    """The waits, in seconds, that were announced before each further attempt. Nobody waits: the first failure is
    that of a run on a simulated clock."""
    flaky = Flaky(*[ValueError()] * count)
    repo = rs.CodeRepository([flaky.asset(retry=rs.RetryPolicy(count, backoff=backoff))])
    with Scenario(repo, start="2026-01-01T00:00:00Z").blocking() as sim:
        sim.materialize(["flaky"])
        [run] = sim.runs()
        events = sim.storage.get_events_for_run(run.run_id)
    starts = [event.timestamp for event in events if event.event_type == "StepStart"]
    told = [int(dict(e.metadata)["rivers/next_delay_ms"]) / 1000 for e in events if e.event_type == "StepRetry"]
    passed = [(later - earlier) / 1e9 for earlier, later in pairwise(starts)]
    assert passed == pytest.approx(told, abs=0.001)
    return told


@pytest.mark.rule(
    "execution 3.2.1", "execution 3.2.2", "execution 3.2.3", "execution 3.2.4", "execution 3.2.5", "execution 3.2.6"
)
@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (rs.Backoff.constant(2), [2, 2, 2, 2]),
        (rs.Backoff.linear(2), [2, 4, 6, 8]),
        (rs.Backoff.linear(2, initial=1), [3, 5, 7, 9]),
        (rs.Backoff.exponential(1), [1, 2, 4, 8]),
        (rs.Backoff.exponential(2, factor=3, max_delay=10), [2, 6, 10, 10]),
        (rs.Backoff.exponential(8, factor=0.5), [8, 4, 2, 1]),
        (rs.Backoff.fixed([1, 5]), [1, 5, 5, 5]),
        (rs.Backoff.constant(9, max_delay=4), [4, 4, 4, 4]),
        (rs.Backoff.linear(5, max_delay=7), [5, 7, 7, 7]),
        (rs.Backoff.constant(-3), [0, 0, 0, 0]),
        (rs.Backoff.constant(math.nan), [0, 0, 0, 0]),
    ],
)
def test_each_backoff_waits_by_its_formula_on_the_clock(
    build: Build, storage: rs.Storage, backoff: rs.Backoff, expected: list[float]
) -> None:
    assert waits(build, storage, backoff, 4) == expected


@pytest.mark.rule("execution 3.2.5")
def test_jitter_spreads_the_wait_after_the_longest_delay(build: Build, storage: rs.Storage) -> None:
    told = waits(build, storage, rs.Backoff.constant(100, jitter=0.5, max_delay=10), 8)
    assert all(5 <= wait <= 15 for wait in told)
    assert len(set(told)) > 1
    exact = rs.Backoff.constant(10, jitter=0.5)
    assert {5 <= exact.wait_seconds(1, random.Random(seed)) <= 15 for seed in range(50)} == {True}


@pytest.mark.rule("execution 3.2.7")
@pytest.mark.parametrize(
    "make",
    [
        lambda: rs.Backoff.constant(1, jitter=1.1),
        lambda: rs.Backoff.constant(1, jitter=-0.1),
        lambda: rs.Backoff.linear(1, jitter=2),
        lambda: rs.Backoff.fixed([1], jitter=2),
        lambda: rs.Backoff.exponential(1, factor=0),
        lambda: rs.Backoff.exponential(1, factor=-2),
        lambda: rs.Backoff.fixed([]),
        lambda: rs.Backoff.constant(math.inf),
        lambda: rs.Backoff.linear(math.inf),
        lambda: rs.Backoff.exponential(math.inf),
        lambda: rs.Backoff.fixed([1, math.inf]),
        lambda: rs.Backoff.constant(1, max_delay=math.inf),
    ],
)
def test_a_backoff_that_makes_no_sense_is_a_configuration_error(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


@pytest.mark.rule("execution 3.2.7")
def test_a_backoff_is_made_by_its_factories_only() -> None:
    with pytest.raises(TypeError):
        rs.Backoff()


@pytest.mark.rule("execution 3.3.5")
def test_escalation_and_compute_are_keyword_only_values() -> None:
    escalation = rs.ComputeEscalation(max_memory="lots")
    assert (escalation.max_memory, escalation.factor) == ("lots", 2.0)
    assert (
        rs.ComputeEscalation(max_memory="8Gi", factor=3, cpu_factor=1.5, max_cpu="4", on=[Reason.TIMEOUT]).factor == 3
    )
    for wrong in (lambda: rs.ComputeEscalation("8Gi"), lambda: rs.Compute("1"), lambda: rs.ComputeEscalation()):
        with pytest.raises(TypeError):
            wrong()
    compute = rs.Compute(cpu="1", memory="2Gi", gpu="1")
    assert (compute.cpu, compute.memory, compute.gpu) == ("1", "2Gi", "1")


@pytest.mark.rule("execution 3.3.6")
def test_the_reasons_of_an_escalation_are_tried_again_though_nothing_else_is(build: Build) -> None:
    policy = rs.RetryPolicy(1, retry_on=[], escalate=rs.ComputeEscalation(max_memory="8Gi"))
    assert attempts(build, policy, MemoryError()) == 2
    assert attempts(build, policy, ValueError()) == 1
    other = rs.RetryPolicy(1, retry_on=[], escalate=rs.ComputeEscalation(max_memory="8Gi", on=[Reason.TIMEOUT]))
    assert attempts(build, other, TimeoutError()) == 2
    assert attempts(build, other, MemoryError()) == 1


def tries_of(storage: rs.Storage, run_id: str, step: str) -> int:
    """How many attempts at a step were recorded."""
    return types_of(storage, run_id, step).count("StepStart")


def fails() -> int:
    raise ValueError


@pytest.mark.rule("execution 3.1.7")
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


@pytest.mark.rule("execution 3.1.7")
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


@pytest.mark.rule("execution 3.3.1")
def test_a_value_of_the_wrong_type_is_tried_again(build: Build, storage: rs.Storage) -> None:
    values: list[Any] = ["text", 3]

    @rs.Asset(retry=rs.RetryPolicy(1))
    def checked() -> int:
        return values.pop(0)

    repo = build(checked)
    assert tries_of(storage, repo.materialize().run_id, "checked") == 2
    assert repo.load_node("checked") == 3


@pytest.mark.rule("execution 3.3.2")
def test_a_failure_to_store_is_not_tried_again(build: Build, storage: rs.Storage) -> None:
    class Full(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            raise OSError("disk full")

        def load_input(self, context: rs.InputContext) -> Any: ...

    repo = build(rs.Asset(lambda: 1, name="big", io_handler=Full(), retry=rs.RetryPolicy(3)))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [("big", "OSError: disk full")]
    assert types_of(storage, result.run_id, "big") == ["StepStart", "StepFailure"]


@pytest.mark.rule("execution 3.3.3")
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


@pytest.mark.rule("execution 3.3.6")
def test_an_escalating_retry_tells_what_would_be_asked_for_next(build: Build, storage: rs.Storage) -> None:
    policy = rs.RetryPolicy(2, escalate=rs.ComputeEscalation(max_memory="5Gi"))
    flaky = Flaky(MemoryError(), ValueError())
    repo = build(flaky.asset(retry=policy, compute=rs.Compute(memory="2Gi")))
    run_id = repo.materialize().run_id
    first, second = (dict(e.metadata) for e in storage.get_events_for_run(run_id) if e.event_type == "StepRetry")
    assert "4Gi" in first["rivers/next_compute"]
    assert "rivers/next_compute" not in second
    assert types_of(storage, run_id, "flaky")[-1] == "StepSuccess"


told_hooks: list[str] = []


@rs.Hook.success
def succeeded(context: rs.HookContext[Any]) -> None:
    told_hooks.append(f"{context.asset_name} succeeded")


@rs.Hook.failure
def failed(context: rs.HookContext[Any]) -> None:
    told_hooks.append(f"{context.asset_name} failed: {context.error}")


@pytest.mark.rule("execution 3.3.4")
def test_hooks_fire_once_after_the_last_attempt(build: Build) -> None:
    told_hooks.clear()
    settings: dict[str, Any] = {"retry": rs.RetryPolicy(2), "hooks": [succeeded, failed]}
    good = Flaky(ValueError("1"), ValueError("2")).asset("good", **settings)
    bad = Flaky(ValueError("1"), ValueError("2"), ValueError("3")).asset("bad", **settings)
    build(good, bad).materialize(raise_on_error=False)
    assert told_hooks == ["good succeeded", "bad failed: ValueError: 3"]


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


@pytest.mark.rule("execution 3.1.8", "repository 1.5")
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


@pytest.mark.rule("resources 2.5")
def test_a_config_that_cannot_be_built_fails_the_step(build: Build) -> None:
    def needy(context: rs.AssetExecutionContext[Limits]) -> int:
        return context.config.rows

    result = build(rs.Asset(needy)).materialize(raise_on_error=False)
    assert result.failed_assets[0][1].startswith("ValidationError: ")
