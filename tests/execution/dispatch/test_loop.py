"""Steps beside each other: in worker processes, as coroutines, on threads, with their failures, waits and ends."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore, MemoryStore

import rivers as rs
from rivers.execution.attempts.failure_records import RemoteTraceback
from rivers.execution.run_execution import RunExecution
from rivers.execution.steps.command import ShellCommand
from rivers.execution.steps.compiled_steps import Step
from rivers.records import NewRun, StoredEvent
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage
from tests.execution import worker_functions as functions

Build = Callable[..., CodeRepository]


@pytest.fixture
def build(build: Build) -> Build:
    """Makes repositories with one worker, if a test does not ask for more: each takes a while to start."""

    def make(*assets: Any, **arguments: Any) -> CodeRepository:
        return build(*assets, **{"default_executor": rs.Executor.parallel(1)} | arguments)

    return make


@pytest.fixture
def handler(tmp_path: Path) -> rs.PickleIOHandler:
    return rs.PickleIOHandler(store=LocalStore(str(tmp_path)))


def asset(function: Any, handler: Any, name: str | None = None, **settings: Any) -> Any:
    return rs.Asset(function, name=name or function.__name__, io_handler=handler, **settings)


def two(handler: Any, *others: Any) -> list[Any]:
    """A step that would run here if it were alone, and others."""
    return [asset(functions.process, handler, "beside"), *others]


def events(storage: Storage, run_id: str, step: str) -> list[StoredEvent]:
    return [event for event in storage.get_events_for_run(run_id) if event.asset_key == step]


def fact(storage: Storage, run_id: str, step: str, key: str) -> str:
    return dict(events(storage, run_id, step)[-1].metadata)[key]


def test_workers_stay_warm_from_run_to_run_and_end_with_the_repository(build: Build, handler: Any) -> None:
    steps = [asset(functions.slow_process, handler, name) for name in ("one", "two")]
    repo = build(*steps, default_executor=rs.Executor.parallel(2))
    repo.materialize()
    first = {repo.load_node("one"), repo.load_node("two")}
    repo.materialize()
    assert {repo.load_node("one"), repo.load_node("two")} == first
    repo.shutdown()
    for worker in sorted(first):
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


@pytest.mark.rule("execution 2.9")
def test_what_a_step_says_in_a_worker_is_recorded_as_if_it_were_here(
    build: Build, handler: Any, storage: Storage
) -> None:
    repo = build(*two(handler, asset(functions.talkative, handler)))
    run_id = repo.materialize().run_id
    assert repo.load_node("talkative") == run_id
    _, made, _ = events(storage, run_id, "talkative")
    assert (made.event_type, made.data_version) == ("Materialization", "v7")
    metadata = {key: json.loads(value) for key, value in made.metadata}
    assert metadata["who"] == {"Text": {"value": "context"}}
    assert metadata["rows"] == {"Int": {"value": 3}}
    assert metadata["serializer"] == {"Text": {"value": "pickle"}}
    [log] = [log for log in storage.get_run_logs(run_id) if log.step_key == "talkative"]
    assert (log.stdout, log.stderr, log.logs) == ("to stdout\n", "to stderr\n", "WARNING to the log\n")


@pytest.mark.rule("execution 2.8")
def test_an_exception_comes_back_with_its_type_and_the_text_of_its_traceback(
    build: Build, handler: Any, storage: Storage
) -> None:
    repo = build(*two(handler, asset(functions.fails, handler)))
    with pytest.raises(KeyError, match="no such thing") as caught:
        repo.materialize(run_id_override="r")
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "in fails" in str(caught.value.__cause__)
    document = json.loads(next(log.traceback for log in storage.get_run_logs("r") if log.traceback) or "")
    assert [frame["function"] for frame in document["exceptions"][0]["frames"]] == ["fails"]


def test_what_one_output_failed_with_and_cannot_come_back_leaves_the_others_alone(build: Build, handler: Any) -> None:
    several = rs.Asset.from_multi(
        functions.yields_two,
        name="several",
        output_defs=[
            rs.AssetDef("refused", io_handler=functions.RefusesOddly()),
            rs.AssetDef("taken", io_handler=handler),
        ],
    )
    result = build(*two(handler, several)).materialize(raise_on_error=False)
    assert result.failed_assets == [("refused", "Odd: this and that")]
    assert "taken" in result.materialized_assets


def test_a_step_that_cannot_be_made_in_the_worker_says_so_at_every_attempt(build: Build, handler: Any) -> None:
    made_here = functions.MadeHereOnly()

    def step() -> bool:
        return bool(made_here)

    repo = build(*two(handler, asset(step, handler, retry=rs.RetryPolicy(1))))
    assert repo.materialize(raise_on_error=False).failed_assets == [("step", "ImportError: not here")]


def test_a_thread_that_a_step_left_in_the_worker_takes_no_orders_from_it(build: Build, handler: Any) -> None:
    steps = [asset(functions.leaves_a_thread, handler, name) for name in ("one", "two", "three")]
    repo = build(*steps, default_executor=rs.Executor.parallel(1))
    for _ in range(3):
        assert repo.materialize().success


@pytest.mark.rule("execution 2.10", "execution 3.1.6")
def test_a_dead_worker_fails_its_own_step_only_and_the_batch_goes_on(
    build: Build, handler: Any, storage: Storage
) -> None:
    innocent = [asset(functions.process, handler, f"innocent_{number:02}") for number in range(20)]
    repo = build(*innocent[:10], asset(functions.dies, handler), *innocent[10:])
    repo.environment.workers.pace.observe(1e-6)  # so that several are sent at a time
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [
        ("dies", "WorkerDied: step 'dies': the worker process died before it gave an answer: EXIT(7)")
    ]
    for step in innocent:
        types = [event.event_type for event in events(storage, result.run_id, step.name)]
        assert types == ["StepStart", "Materialization", "StepSuccess"]
    assert fact(storage, result.run_id, "dies", "rivers/failure_reason") == "infrastructure"


def test_a_child_that_a_step_forks_and_forgets_in_a_worker_ends_quietly(
    build: Build, handler: Any, storage: Storage
) -> None:
    steps = [asset(functions.forks_and_forgets, handler, f"fork_{number}") for number in range(2)]
    repo = build(*steps)
    result = repo.materialize()
    assert result.success
    assert [repo.load_node(step.name) for step in steps] == ["parent"] * 2
    for step in steps:
        assert len(events(storage, result.run_id, step.name)) == 3


@pytest.mark.rule("execution 2.5")
def test_a_local_function_crosses_by_value_and_one_that_cannot_is_named(build: Build, handler: Any) -> None:
    number, lock = 41, threading.Lock()

    def closure() -> int:
        return number + 1

    def held() -> bool:
        return lock.locked()

    repo = build(asset(closure, handler), asset(held, handler))
    result = repo.materialize(raise_on_error=False)
    assert repo.load_node("closure") == 42
    [(name, text)] = result.failed_assets
    assert name == "held"
    assert "step 'held' cannot be sent to a worker process: its function, a function, cannot be pickled" in text
    assert "in_process" in text


@pytest.mark.rule("execution 2.4")
def test_steps_over_the_memory_of_this_process_run_here(build: Build) -> None:
    in_store = rs.PickleIOHandler(store=MemoryStore())
    repo = build(
        asset(functions.process, rs.InMemoryIOHandler(), "one"),
        asset(functions.process, None, "two"),
        asset(functions.process, in_store, "three"),
    )
    repo.materialize()
    assert {repo.load_node(name) for name in ("one", "two", "three")} == {os.getpid()}


@pytest.mark.rule("execution 2.7")
def test_a_resource_is_rebuilt_in_the_worker_and_set_up_around_each_step(
    build: Build, handler: Any, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    repo = build(
        *two(handler, asset(functions.asks, handler)), resources={"service": functions.Service(log=str(log), secret=7)}
    )
    repo.materialize()
    assert repo.load_node("asks") == 7
    here, *there = [line.split() for line in log.read_text().splitlines()]
    assert here == ["setup", str(os.getpid())]
    assert [what for what, _ in there] == ["setup", "teardown"]
    assert str(os.getpid()) not in {pid for _, pid in there}


@pytest.mark.rule("execution 1.5")
def test_coroutines_are_bounded_by_max_async_concurrent(build: Build) -> None:
    running: list[int] = [0]
    most: list[int] = [0]

    def step(name: str) -> Any:
        async def function() -> None:
            running[0] += 1
            most[0] = max(most[0], running[0])
            await asyncio.sleep(0.001)
            running[0] -= 1

        return asset(function, None, name)

    build(*(step(f"s{number}") for number in range(6)), default_executor=rs.Executor.parallel(1, 2)).materialize()
    assert most == [2]


def cancelled_when(build: Build, storage: Storage, started: Path, *steps: Any, **options: Any) -> Any:
    """The result of a run that is cancelled as soon as a step says that it has started."""
    repo = build(*steps, **options)

    def cancel() -> None:
        while not started.exists():
            time.sleep(0.005)
        storage.cancel_run("r", repo.clock.now_ns())

    canceller = threading.Thread(target=cancel)
    canceller.start()
    result = repo.materialize(run_id_override="r", raise_on_error=False)
    canceller.join()
    return result


@pytest.mark.rule("contexts 1.15", "execution 6.5")
@pytest.mark.parametrize("function", [functions.waits_for_cancellation, functions.sleeps_long], ids=["asks", "sleeps"])
def test_a_cancelled_run_stops_the_step_in_a_worker_that_asks_or_sleeps(
    build: Build, storage: Storage, handler: Any, tmp_path: Path, function: Any
) -> None:
    started = tmp_path / "started"
    step = asset(function, handler, "step", metadata={"started": str(started)})
    later = asset(functions.process, handler, "later", deps=[rs.AssetDef.dep("step")])
    result = cancelled_when(build, storage, started, *two(handler, step, later))
    [(name, text)] = result.failed_assets
    assert name == "step"
    assert text in ("ValueError: stopped as asked", "RunCanceled: the run was cancelled")
    assert "later" not in result.materialized_assets
    record = storage.get_run("r")
    assert record is not None
    assert record.status == "Canceled"


@pytest.mark.rule("execution 6.6")
def test_a_step_that_does_not_stop_is_killed_with_what_it_started(
    build: Build, storage: Storage, handler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rivers.execution.dispatch.loop.STOP_GRACE_SECONDS", 0.1)
    started = tmp_path / "started"

    def deaf() -> None:
        started.touch()
        time.sleep(3600)

    result = cancelled_when(build, storage, started, *two(handler, asset(deaf, handler)))
    assert result.failed_assets == [("deaf", "RunCanceled: the run was cancelled, and the step did not end by itself")]


@pytest.mark.rule("execution 6.9")
@pytest.mark.parametrize("is_beside", [False, True], ids=["on a thread", "in a worker"])
def test_what_a_generator_has_yielded_stands_when_its_time_is_up(
    build: Build, storage: Storage, handler: Any, is_beside: bool
) -> None:
    seen = list[tuple[str, Any]]()

    def some(context: rs.AssetExecutionContext) -> Any:
        yield rs.Output(0, output_name="first")
        yield rs.Output(1, output_name="first", metadata={"rows": 1}, data_version="v1")
        while not (context.cancelled and not is_beside):
            time.sleep(0.05)
        yield rs.Output(2, output_name="second")

    looks = rs.Hook.success(lambda context: seen.append((context.asset_name, context.output)), name="looks")
    metadata = {"rivers/timeout": "1s"}
    outputs = [rs.AssetDef(name, metadata=metadata) for name in ("first", "second")]
    kept = handler if is_beside else None
    step = rs.Asset.from_multi(some, outputs, "some", io_handler=kept, hooks=[looks], retry=rs.RetryPolicy(2))
    after = asset(lambda first: first + 1, kept, "after")
    repo = build(step, after, *(two(handler) if is_beside else []))
    result = repo.materialize(run_id_override="r", raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["second"]
    assert [event.event_type for event in events(storage, "r", "first")] == [
        *("StepStart", "Materialization", "StepSuccess")
    ]
    assert [event.event_type for event in events(storage, "r", "second")] == ["StepStart", "StepFailure"]
    latest = storage.get_latest_materialization("first")
    assert latest is not None
    assert (latest.data_version, latest.metadata[0]) == ("v1", ("rows", '{"Int":{"value":1}}'))
    assert seen == [("first", 1)]
    assert "after" in result.materialized_assets


@pytest.mark.rule("execution 6.1", "metadata 4.7")
def test_a_step_past_its_timeout_is_given_up_and_may_be_retried(build: Build, storage: Storage, handler: Any) -> None:
    def hangs(context: rs.AssetExecutionContext) -> None:
        context.sleep(3600)

    retry = rs.RetryPolicy(1, retry_on=[rs.FailureReason.TIMEOUT])
    repo = build(asset(hangs, handler, metadata={"rivers/timeout": "200ms"}, retry=retry))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [("hangs", "TimeoutError: step 'hangs' did not end within 0.2 s")]
    assert [event.event_type for event in events(storage, result.run_id, "hangs")] == [
        *("StepStart", "StepRetry", "StepStart", "StepFailure")
    ]
    assert fact(storage, result.run_id, "hangs", "rivers/failure_reason") == "timeout"


CLEANING_SECONDS = 0.2
"""Long enough to be overtaken by whoever does not wait for it."""


def cleaning(started: Path, happened: list[str], end: Callable[[], object] = lambda: None) -> Callable[[], Any]:
    """The function of a step that cleans up when it is cancelled; ``end`` is its last deed."""

    begun = started.touch

    async def cleans_up() -> Any:
        begun()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(CLEANING_SECONDS)
            happened.append("cleaned up")
            end()

    return cleans_up


@pytest.mark.rule("execution 6.7")
def test_a_cancelled_coroutine_has_cleaned_up_before_its_end_is_recorded_and_resources_are_torn_down(
    build: Build, storage: Storage, tmp_path: Path
) -> None:
    happened: list[str] = []

    class Connection(rs.Resource):
        url: str = "first"

        def setup(self) -> None:
            happened.append(f"{self.url} set up")

        def teardown(self) -> None:
            happened.append(f"{self.url} torn down")

    started = tmp_path / "started"
    clean_up = cleaning(started, happened)

    async def uses(connection: Connection) -> None:
        await clean_up()

    repo = build(asset(uses, None), resources={"connection": Connection()})
    happened.clear()

    def cancel() -> None:
        while not started.exists():
            time.sleep(0.01)
        storage.cancel_run("r", 5)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    config = {"resources": {"connection": {"url": "other"}}}
    result = repo.materialize(run_id_override="r", raise_on_error=False, config=config)
    canceller.join()
    assert happened == ["other set up", "cleaned up", "other torn down"]
    assert result.failed_assets == [("uses", "RunCanceled: the run was cancelled")]


def test_what_goes_wrong_while_a_cancelled_coroutine_cleans_up_is_recorded(
    build: Build, storage: Storage, tmp_path: Path
) -> None:
    started = tmp_path / "started"

    def fail() -> None:
        raise ValueError("the other side is gone")

    step = asset(cleaning(started, [], fail), None)
    result = cancelled_when(build, storage, started, step)
    assert result.failed_assets == [("cleans_up", "ValueError: the other side is gone")]


@pytest.mark.rule("execution 6.7")
def test_a_coroutine_past_its_timeout_has_cleaned_up_before_its_next_attempt(build: Build, tmp_path: Path) -> None:
    happened: list[str] = []
    clean_up = cleaning(tmp_path / "started", happened)

    async def slow() -> None:
        happened.append("begins")
        await clean_up()

    metadata = {"rivers/timeout": "50ms"}
    repo = build(asset(slow, None, metadata=metadata, retry=rs.RetryPolicy(1)))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [("slow", "TimeoutError: step 'slow' did not end within 0.05 s")]
    assert happened == ["begins", "cleaned up"] * 2


def test_what_goes_wrong_while_a_timed_out_coroutine_cleans_up_is_in_the_traceback(
    build: Build, storage: Storage, tmp_path: Path
) -> None:
    def fail() -> None:
        raise ValueError("the other side is gone")

    step = asset(cleaning(tmp_path / "started", [], fail), None, metadata={"rivers/timeout": "50ms"})
    result = build(step).materialize(raise_on_error=False)
    assert result.failed_assets == [("cleans_up", "TimeoutError: step 'cleans_up' did not end within 0.05 s")]
    run = storage.get_run(result.run_id)
    assert run is not None
    assert "ValueError: the other side is gone" in str(run.traceback)


def test_a_coroutine_has_cleaned_up_when_its_repository_tears_the_resources_down(build: Build, tmp_path: Path) -> None:
    happened: list[str] = []

    class Connection(rs.Resource):
        def teardown(self) -> None:
            happened.append("torn down")

    started = tmp_path / "started"
    clean_up = cleaning(started, happened)

    async def uses(connection: Connection) -> None:
        await clean_up()

    repo = build(asset(uses, None), resources={"connection": Connection()})
    running = threading.Thread(target=lambda: repo.materialize(raise_on_error=False))
    running.start()
    while not started.exists():
        time.sleep(0.01)
    repo.shutdown()
    running.join()
    assert happened == ["cleaned up", "torn down"]


def test_a_coroutine_that_ended_while_it_waited_on_the_clock_leaves_its_loop_to_others(build: Build) -> None:
    ended = threading.Event()

    async def waits(context: rs.AssetExecutionContext) -> None:
        try:
            context.sleep(3600)
        finally:
            ended.set()

    async def quick() -> int:
        return 1

    repo = build(asset(waits, None, metadata={"rivers/timeout": "50ms"}), asset(quick, None))
    with pytest.raises(TimeoutError, match="'waits' did not end"):
        repo.materialize(["waits"])
    assert ended.wait(10)
    assert repo.materialize(["quick"]).success


def run_steps(repo: CodeRepository, steps: list[Step], executor: Any) -> rs.RunResult:
    """Execute steps that no declaration made."""
    environment = repo.environment
    environment.storage.create_run(NewRun("r", None, ("one",), "Started", 1), owner="me", lease_until=2)
    return RunExecution(environment, "r", [steps], executor=executor).execute()


def commands(repo: CodeRepository, *texts: str, timeout: float | None = None) -> list[Step]:
    step = replace(repo._resolved._levels(["process"], repo._resolved.resources, {})[0][0], return_annotation=None)
    return [
        replace(
            step,
            name=f"command_{position}",
            targets=(replace(step.targets[0], name=f"command_{position}"),),
            command=ShellCommand.of(text, None, None),
            timeout=timeout,
        )
        for position, text in enumerate(texts)
    ]


def test_commands_run_beside_each_other_without_a_worker(
    build: Build, storage: Storage, handler: Any, tmp_path: Path
) -> None:
    repo = build(asset(functions.process, handler))
    meet = "touch {mine}; while [ ! -e {other} ]; do sleep 0.01; done; echo {mine}"
    one, other = tmp_path / "one", tmp_path / "other"
    steps = commands(repo, meet.format(mine=one, other=other), meet.format(mine=other, other=one))
    assert run_steps(repo, steps, rs.Executor.parallel(2)).success
    assert repo.environment.workers.idle_count == 0
    assert {log.step_key: log.stdout for log in storage.get_run_logs("r")} == {
        "command_0": f"{one}\n",
        "command_1": f"{other}\n",
    }


@pytest.mark.rule("execution 6.4")
def test_a_command_past_its_timeout_is_ended(build: Build, storage: Storage, handler: Any, tmp_path: Path) -> None:
    repo = build(asset(functions.process, handler))
    pid = tmp_path / "pid"
    steps = commands(repo, f"echo begun; echo $$ > {pid}; sleep 3600", timeout=0.3)
    assert run_steps(repo, steps, rs.Executor.in_process()).failed_assets == [
        ("command_0", "TimeoutError: step 'command_0' did not end within 0.3 s")
    ]
    assert [log.stdout for log in storage.get_run_logs("r") if log.stdout] == ["begun\n"]
    for _ in range(1000):
        if not Path(f"/proc/{pid.read_text().strip()}").exists():
            break
        time.sleep(0.01)
    else:
        raise AssertionError("the command is alive")
