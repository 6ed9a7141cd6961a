"""The core of a run: order, failures, skips, retries, cancellation, and what is recorded about each."""

from __future__ import annotations

import asyncio
import cProfile
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetOutputValidationError, ExecutionError
from rivers.records import StoredEvent
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage

Build = Callable[..., CodeRepository]


def recorded(storage: Storage, run_id: str) -> list[tuple[str, str | None]]:
    return [(event.event_type, event.asset_key) for event in storage.get_events_for_run(run_id)]


def event(storage: Storage, run_id: str, event_type: str, step: str) -> StoredEvent:
    [found] = [
        event
        for event in storage.get_events_for_run(run_id)
        if event.event_type == event_type and event.asset_key == step
    ]
    return found


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


def test_a_chain_runs_in_order_and_every_step_is_recorded(build: Build, storage: Storage) -> None:
    repo = build(doubled, raw)
    result = repo.materialize()
    assert result.success
    assert result.materialized_assets == ["raw", "doubled"]
    assert result.failed_assets == []
    assert recorded(storage, result.run_id) == [
        (event_type, step)
        for step in ("raw", "doubled")
        for event_type in ("StepStart", "Materialization", "StepSuccess")
    ]
    assert repo.load_node("doubled") == 2
    record = storage.get_run(result.run_id)
    assert record is not None
    assert (record.status, record.job_name, record.node_names) == ("Success", None, ["doubled", "raw"])
    assert record.end_time is not None


@pytest.mark.rule("assets 1.13")
def test_a_materialization_carries_metadata_versions_and_the_versions_of_its_inputs(
    build: Build, storage: Storage
) -> None:
    @rs.Asset(code_version="7")
    def up(context: rs.AssetExecutionContext) -> rs.Output:
        context.add_output_metadata({"who": "context", "both": "context"})
        context.register_data_version("from the context")
        return rs.Output(3, metadata={"both": "output", "rows": 3})

    @rs.Asset
    def down(up: int) -> int:
        return up

    repo = build(up, down)
    run_id = repo.materialize().run_id
    upper = event(storage, run_id, "Materialization", "up")
    metadata = {key: json.loads(value) for key, value in upper.metadata}
    assert metadata["who"] == {"Text": {"value": "context"}}
    assert metadata["both"] == {"Text": {"value": "output"}}
    assert metadata["rows"] == {"Int": {"value": 3}}
    assert metadata["storage"] == {"Text": {"value": "memory"}}
    assert upper.data_version == "from the context"
    record = storage.get_asset_record("down")
    assert record is not None
    assert record.last_input_data_versions == [("up", "from the context")]
    upper_record = storage.get_asset_record("up")
    assert upper_record is not None
    assert upper_record.last_materialization_code_version == "7"


@pytest.mark.rule("execution 5.5", "repository 3.2.4", "repository 5.5")
def test_a_failure_skips_its_dependents_and_leaves_other_branches_alone(build: Build, storage: Storage) -> None:
    boom = ValueError("boom")

    @rs.Asset
    def bad(raw: int) -> int:
        raise boom

    @rs.Asset
    def down(bad: int) -> int:
        return bad

    @rs.Asset(deps=[rs.AssetDef.dep("down")])
    def further() -> int:
        return 1

    repo = build(raw, bad, down, further, doubled)
    result = repo.materialize(raise_on_error=False)
    assert not result.success
    skipped = "ExecutionError: Skipped: upstream dependency failed"
    assert result.failed_assets == [("bad", "ValueError: boom"), ("down", skipped), ("further", skipped)]
    assert result.materialized_assets == ["raw", "bad", "doubled", "down", "further"]
    assert [kind for kind, step in recorded(storage, result.run_id) if step == "down"] == ["StepFailure"]
    assert dict(event(storage, result.run_id, "StepFailure", "down").metadata) == {"error": skipped}
    failure = dict(event(storage, result.run_id, "StepFailure", "bad").metadata)
    assert failure["error"] == "ValueError: boom"
    assert failure["rivers/failure_reason"] == "error"
    assert json.loads(failure["rivers/exc_type"])[0] == "builtins.ValueError"
    record = storage.get_run(result.run_id)
    assert record is not None
    assert (record.status, record.error) == ("Failure", "ValueError: boom")
    assert record.traceback is not None
    assert "raise boom" in record.traceback
    assert "rivers/execution" not in record.traceback
    [log] = [log for log in storage.get_run_logs(result.run_id) if log.traceback is not None]
    assert log.step_key == "bad"
    assert log.traceback is not None
    assert json.loads(log.traceback)["exceptions"][-1]["message"] == "boom"


def test_the_raised_exception_is_the_very_object_and_comes_after_the_whole_run(build: Build, storage: Storage) -> None:
    boom = ValueError("boom")

    @rs.Asset
    def bad() -> int:
        raise boom

    repo = build(bad, raw)
    with pytest.raises(ValueError) as caught:
        repo.materialize()
    assert caught.value is boom
    assert repo.load_node("raw") == 1


@pytest.mark.rule("repository 3.2.3")
@pytest.mark.parametrize("fault", [SystemExit(2), KeyboardInterrupt()])
def test_an_exit_or_interrupt_inside_a_step_fails_that_step_only(
    build: Build, storage: Storage, fault: BaseException
) -> None:
    @rs.Asset
    def leaves() -> int:
        raise fault

    repo = build(leaves, raw)
    result = repo.materialize(raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["leaves"]
    assert repo.load_node("raw") == 1
    with pytest.raises(type(fault)):
        repo.materialize()


@pytest.mark.rule("assets 5.1", "repository 3.2.2")
def test_a_value_that_does_not_fit_its_annotation_is_never_stored(build: Build) -> None:
    @rs.Asset
    def wrong() -> int:
        return "text"

    repo = build(wrong)
    with pytest.raises(AssetOutputValidationError, match="wrong"):
        repo.materialize()
    with pytest.raises(KeyError):
        repo.load_node("wrong")


@pytest.mark.rule("assets 4.4", "execution 5.4")
def test_an_observation_result_is_recorded_as_one(build: Build, storage: Storage) -> None:
    @rs.Asset
    def seen() -> rs.Observation:
        return rs.Observation(metadata={"rows": 3})

    repo = build(seen)
    run_id = repo.materialize().run_id
    assert [kind for kind, _ in recorded(storage, run_id)] == ["StepStart", "Observation", "StepSuccess"]
    with pytest.raises(KeyError):
        repo.load_node("seen")


def test_text_of_a_step_that_cannot_be_stored_is_escaped(build: Build, storage: Storage) -> None:
    @rs.Asset
    def bad(context: rs.AssetExecutionContext) -> int:
        context.log.warning("log \udcff")
        context.add_output_metadata({"file \udcff": "\udcff"})
        raise ValueError("\x00\udcff")

    @rs.Asset
    def good(context: rs.AssetExecutionContext) -> int:
        context.add_output_metadata({"file \udcff": "\udcff"})
        return 1

    result = build(bad, good).materialize(raise_on_error=False)
    run = storage.get_run(result.run_id)
    assert (run.status, run.error) == ("Failure", "ValueError: \\x00\\udcff")
    assert storage.get_run_logs(result.run_id)[0].logs == "WARNING log \\udcff\n"
    latest = storage.get_latest_materialization("good")
    assert latest is not None
    assert latest.metadata[0] == ("file \\udcff", '{"Text":{"value":"\\udcff"}}')


@pytest.mark.parametrize(
    ("version", "error"), [("\x00", "ValueError: data_version holds a NUL"), (5, "ResultDefinitionError: data_version")]
)
def test_a_data_version_that_cannot_be_stored_is_a_failure_of_the_step(build: Build, version: Any, error: str) -> None:
    @rs.Asset
    def bad() -> rs.Output:
        return rs.Output(1, data_version=version)

    result = build(bad).materialize(raise_on_error=False)
    assert result.failed_assets[0][1].startswith(error)


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_cancellation_from_within_a_step_is_a_failure_of_that_step(build: Build, asynchronous: bool) -> None:
    @rs.Asset(name="bad")
    async def cancelled() -> int:
        raise asyncio.CancelledError

    @rs.Asset(name="bad")
    def raising() -> int:
        raise asyncio.CancelledError

    @rs.Asset
    async def good() -> int:
        return 1

    repo = build(cancelled if asynchronous else raising, good)
    result = repo.materialize(raise_on_error=False)
    ((name, error),) = result.failed_assets
    assert name == "bad"
    assert "CancelledError" in error
    assert repo.load_node("good") == 1


@pytest.mark.rule("execution 6.5")
def test_a_run_cancelled_between_steps_starts_no_further_one(build: Build, storage: Storage) -> None:
    @rs.Asset
    def first(context: rs.AssetExecutionContext) -> int:
        assert context.run_id is not None
        storage.request_cancellation(context.run_id)
        return 1

    @rs.Asset
    def second(first: int) -> int:
        return first

    result = build(first, second).materialize()
    assert (result.success, result.materialized_assets, result.failed_assets) == (False, ["first"], [])
    record = storage.get_run(result.run_id)
    assert record is not None
    assert record.status == "Canceled"


@pytest.mark.rule("execution 6.8")
@pytest.mark.parametrize("raises", [False, True])
def test_a_run_cancelled_while_a_step_executes_does_not_raise_what_the_step_made_of_it(
    build: Build, storage: Storage, raises: bool
) -> None:
    @rs.Asset
    def first(context: rs.AssetExecutionContext) -> None:
        storage.request_cancellation("r")
        try:
            context.sleep(60)
        except rs.exceptions.RunCanceled:
            if raises:
                raise ValueError("stopped as asked") from None
            raise

    second = rs.Asset(name="second")(lambda first: first)
    text = "ValueError: stopped as asked" if raises else "RunCanceled: the run was cancelled"
    result = build(first, second).materialize(run_id_override="r")
    assert (result.success, result.materialized_assets) == (False, ["first"])
    assert result.failed_assets == [("first", text)]
    record = storage.get_run("r")
    assert record is not None
    assert record.status == "Canceled"


@pytest.mark.rule("execution 6.8")
def test_a_run_cancelled_in_its_last_step_stays_cancelled(build: Build, storage: Storage) -> None:
    @rs.Asset
    def only(context: rs.AssetExecutionContext) -> int:
        assert context.run_id is not None
        storage.cancel_run(context.run_id, repo.clock.now_ns())
        return 1

    repo = build(only)
    result = repo.materialize()
    assert not result.success
    record = storage.get_run(result.run_id)
    assert record is not None
    assert record.status == "Canceled"


@pytest.mark.rule("assets 2.13")
def test_a_misplaced_context_fails_the_step_when_it_runs(build: Build) -> None:
    @rs.Asset
    def late(raw: int, context: rs.AssetExecutionContext) -> int:
        return raw

    with pytest.raises(ExecutionError, match="Context must be the first parameter of 'late'"):
        build(raw, late).materialize()


@pytest.mark.rule("assets 3.12")
def test_every_load_goes_through_the_handler_and_its_answer_is_honoured(build: Build) -> None:
    seen: list[tuple[str, str, Any, Any]] = []

    class Translating(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            seen.append(("out", context.asset_name, context.asset_metadata, context.type_hint))

        def load_input(self, context: rs.InputContext) -> Any:
            seen.append((context.downstream_asset, context.asset_name, context.asset_metadata, context.type_hint))
            return 100

    @rs.Asset(io_handler=Translating(), metadata={"delta/mode": "append"})
    def up() -> int:
        return 1

    @rs.Asset(deps=[rs.AssetDef.input("up", metadata={"other": "one"})])
    def down(up: int) -> int:
        return up

    repo = build(up, down)
    repo.materialize()
    assert seen == [("out", "up", {"delta/mode": "append"}, int), ("down", "up", {"other": "one"}, int)]
    assert repo.load_node("down") == 100


@pytest.mark.rule("execution 3.3.6", "metadata 4.5")
def test_an_escalating_policy_retries_its_reasons_and_tells_what_would_be_asked_for(
    build: Build, storage: Storage
) -> None:
    tries: list[int] = []
    policy = rs.RetryPolicy(2, retry_on=[], escalate=rs.ComputeEscalation(max_memory="6Gi"))

    @rs.Asset(retry=policy, compute=rs.Compute(memory="2Gi"))
    def hungry() -> None:
        tries.append(1)
        raise MemoryError

    @rs.Asset(retry=policy)
    def wrong() -> None:
        raise ValueError

    run_id = build(hungry, wrong).materialize(raise_on_error=False).run_id
    assert len(tries) == 3
    retries = [event for event in storage.get_events_for_run(run_id) if event.event_type == "StepRetry"]
    assert [(event.asset_key, dict(event.metadata)["rivers/next_compute"]) for event in retries] == [
        ("hungry", '{"memory": "4Gi"}'),
        ("hungry", '{"memory": "6Gi"}'),
    ]


@pytest.mark.parametrize("executor", [rs.Executor.in_process(), rs.Executor.parallel(2)], ids=["here", "beside"])
def test_a_run_in_which_no_step_names_a_pool_touches_nothing_of_pools(build: Build, executor: Any) -> None:
    """Parallel, the coroutine and the other step execute beside each other; the retry waits."""
    attempts: list[int] = []

    async def coroutine() -> None: ...

    def fails_once() -> None:
        attempts.append(1)
        if len(attempts) % 2:
            raise ValueError("not yet")

    repo = build(rs.Asset(coroutine), rs.Asset(fails_once, retry=rs.RetryPolicy(1)), default_executor=executor)
    repo.materialize()  # which compiles the steps
    profile = cProfile.Profile()
    assert profile.runcall(repo.materialize).success
    paths = [Path(entry.code.co_filename) for entry in profile.getstats() if not isinstance(entry.code, str)]
    called = sorted({path.name for path in paths if "execution" in path.parts})
    assert "loop.py" in called
    assert [name for name in called if "pool" in name] == []
