"""Hooks are called once, in the run's process, when the outcome of their step is settled."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore
from pydantic import BaseModel, field_validator

import rivers as rs
from rivers.clock import SimClock
from rivers.ids import SeededIds
from rivers.simulation.step_behaviour import SimulatedSteps
from tests.execution import worker_functions as functions
from tests.repositories import Build

heard: list[tuple[str, Any]] = []


@rs.Hook.success
def praise(context: rs.HookContext[Any]) -> None:
    heard.append(("praise", (context.asset_name, context.hook_type, context.output, context.error, os.getpid())))


@rs.Hook.failure
def blame(context: rs.HookContext[Any]) -> None:
    heard.append(("blame", (context.asset_name, context.hook_type, context.output, context.error)))


@rs.Hook.success
def loud(context: rs.HookContext[Any]) -> None:
    print("hook speaks")
    raise ValueError("hook falls")


@rs.Hook.success
def leaves(context: rs.HookContext[Any]) -> None:
    sys.exit(3)


@rs.Hook.success
async def later(context: rs.HookContext[Any]) -> None:
    heard.append(("later", context.output))


@pytest.fixture(autouse=True)
def silence() -> None:
    heard.clear()


@pytest.mark.rule("execution 4.3", "execution 4.4", "execution 4.10")
def test_a_success_hook_gets_the_unwrapped_value(build: Build) -> None:
    @rs.Asset(hooks=[praise, blame, later])
    def one() -> rs.Output:
        return rs.Output(7)

    build(one).materialize()
    assert heard == [("praise", ("one", "success", 7, None, os.getpid())), ("later", 7)]


@pytest.mark.rule("execution 3.3.4", "execution 4.3", "execution 4.4")
def test_a_failure_hook_is_called_once_after_the_last_attempt(build: Build) -> None:
    @rs.Asset(hooks=[praise, blame], retry=rs.RetryPolicy(2))
    def bad() -> None:
        raise ValueError("boom")

    build(bad).materialize(raise_on_error=False)
    assert heard == [("blame", ("bad", "failure", None, "ValueError: boom"))]


@pytest.mark.rule("execution 4.7", "execution 4.9")
def test_a_skipped_step_calls_none_and_a_materialization_is_a_success(build: Build) -> None:
    @rs.Asset
    def bad() -> None:
        raise ValueError("boom")

    @rs.Asset(hooks=[praise, blame])
    def below(bad: Any) -> None: ...

    @rs.Asset(hooks=[praise])
    def elsewhere() -> rs.Materialization:
        return rs.Materialization()

    build(bad, below, elsewhere).materialize(raise_on_error=False)
    assert heard == [("praise", ("elsewhere", "success", None, None, os.getpid()))]


@pytest.mark.rule("execution 4.6")
def test_a_hook_that_raises_touches_nothing_and_is_on_record(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    @rs.Asset(hooks=[loud, leaves, praise])
    def one() -> int:
        return 1

    repo = build(one)
    result = repo.materialize()
    assert (result.success, repo.load_node("one")) == (True, 1)
    assert [name for name, _ in heard] == ["praise"]
    assert "ValueError: hook falls" in capsys.readouterr().err
    [log] = repo.storage.get_run_logs(result.run_id)
    assert (log.step_key, log.stdout) == ("one", "hook speaks\n")
    assert log.stderr is not None
    assert log.stderr.startswith("hook 'loud' of 'one' failed:\n")


@pytest.mark.rule("assets 6.31", "execution 4.8")
def test_outputs_call_their_hooks_one_by_one(build: Build) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("a"), rs.AssetDef("b")], hooks=[praise, blame])
    def both() -> dict[str, int]:
        return {"a": 1}

    build(both).materialize(raise_on_error=False)
    assert [(kind, facts[:4]) for kind, facts in heard] == [
        ("praise", ("a", "success", 1, None)),
        ("blame", ("b", "failure", None, "KeyError: 'b'")),
    ]


@pytest.mark.rule("execution 4.3", "execution 4.4")
def test_hooks_get_metadata_and_the_config_of_the_run(build: Build) -> None:
    @rs.Hook.success
    def look(context: rs.HookContext[Any]) -> None:
        heard.append((context.run_id, (context.metadata, context.config.limit)))

    asset = rs.Asset(functions.limited, metadata={"k": "v"}, hooks=[look])
    result = build(asset).materialize(config={"limited": {"limit": 5}})
    assert heard == [(result.run_id, ({"k": "v"}, 5))]


class Picky(BaseModel):
    limit: int = 1

    @field_validator("limit")
    @classmethod
    def leave(cls, limit: int) -> int:
        raise SystemExit(f"{limit} is too much")


def test_a_config_whose_validator_exits_fails_the_step_and_its_hooks_get_none(build: Build) -> None:
    @rs.Hook.failure
    def look(context: rs.HookContext[Any]) -> None:
        heard.append((context.asset_name, (context.error, context.config)))

    @rs.Asset(hooks=[look])
    def picky(context: rs.AssetExecutionContext[Picky]) -> None: ...

    result = build(picky).materialize(config={"picky": {"limit": 5}}, raise_on_error=False)
    assert result.failed_assets == [("picky", "SystemExit: 5 is too much")]
    assert heard == [("picky", ("SystemExit: 5 is too much", None))]


@pytest.mark.rule("execution 4.5")
def test_hooks_of_a_step_in_a_worker_are_called_here_with_its_value(build: Build, tmp_path: Path) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(tmp_path))
    process = rs.Asset(functions.process, io_handler=handler, hooks=[praise])
    other = rs.Asset(functions.process, name="other", io_handler=handler, hooks=[praise])
    build(process, other, default_executor=rs.Executor.parallel(2)).materialize()
    assert sorted(facts[0] for _, facts in heard) == ["other", "process"]
    assert all(facts[2] != os.getpid() and facts[4] == os.getpid() for _, facts in heard)


def test_a_scenario_that_calls_no_functions_calls_no_hooks() -> None:
    steps = SimulatedSteps(durations={}, failures={}, execute=False, patch_time=False)
    clock, ids = SimClock(), SeededIds(1)
    with rs.Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(functions.process, hooks=[praise])])
        sibling = repo.bound(storage.bound(clock, ids), clock, ids, interceptor=steps)
        assert sibling.materialize().success
        sibling.shutdown()
    assert heard == []


def test_a_hook_that_is_awaited_does_not_wait_for_a_coroutine_that_sleeps_on_the_clock(build: Build) -> None:
    async def quick() -> int:
        return 1

    async def sleeps(context: rs.AssetExecutionContext) -> int:
        context.sleep(0.2)
        return 2

    result = build(rs.Asset(quick, hooks=[later]), rs.Asset(sleeps)).materialize()
    assert result.success
    assert heard == [("later", 1)]


def test_hooks_that_get_no_output_since_it_cannot_leave_the_worker_are_told_of(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    takes = functions.TakesEverything()
    steps = [
        rs.Asset(functions.unmakeable, name="odd", io_handler=takes, hooks=[praise]),
        rs.Asset(functions.process, name="beside", io_handler=takes, hooks=[praise]),
    ]
    assert build(*steps, default_executor=rs.Executor.parallel(2)).materialize().success
    outputs = {told[0]: told[2] for _, told in heard}
    assert outputs["odd"] is None
    assert outputs["beside"] != os.getpid()
    told = "the hooks of 'odd' get no output: ExecutionError: what its hooks want to see (Unmakeable) could not be sent"
    [line] = [line for line in capsys.readouterr().err.splitlines() if "get no output" in line]
    assert line.startswith(told)
