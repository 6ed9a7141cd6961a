"""Hooks: what they are told, when, and what they cannot break."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import AssetDefinitionError
from tests.spec import worker_steps as steps
from tests.spec.conftest import Build
from tests.spec.recorded import SKIPPED, failures_of, logs_of, types_of

told: list[rs.HookContext[Any]] = []


@pytest.fixture(autouse=True)
def nothing_told_yet() -> None:
    told.clear()


@rs.Hook.success
def on_success(context: rs.HookContext[Any]) -> None:
    told.append(context)


@rs.Hook.failure
def on_failure(context: rs.HookContext[Any]) -> None:
    told.append(context)


BOTH: list[Any] = [on_success, on_failure]


def heard() -> list[tuple[str, str]]:
    """Which asset was told what, in order."""
    return [(context.asset_name, context.hook_type) for context in told]


@pytest.mark.rule("execution 4.1")
@pytest.mark.parametrize(("factory", "kind"), [("success", rs.Hook.Success), ("failure", rs.Hook.Failure)])
def test_hooks_are_made_bare_or_with_a_name(factory: str, kind: type[Any]) -> None:
    make = getattr(rs.Hook, factory)

    def tell(context: rs.HookContext[Any]) -> None: ...

    for hook, name in ((make(tell), "tell"), (make(name="other")(tell), "other"), (make(tell, name="third"), "third")):
        assert isinstance(hook, kind)
        assert isinstance(hook, rs.Hook)
        assert hook.name == name


@pytest.mark.rule("execution 4.2")
def test_a_hook_is_made_by_its_factories_once_and_of_a_function() -> None:
    with pytest.raises(TypeError):
        rs.Hook()
    with pytest.raises(AssetDefinitionError):
        on_success(lambda context: None)
    for wrong in (3, "text", on_failure):
        with pytest.raises(AssetDefinitionError):
            rs.Hook.success(wrong)


class Limits(BaseModel):
    rows: int = 3


@pytest.mark.rule("execution 4.3", "execution 4.4")
def test_a_success_hook_is_told_everything_about_the_step(build: Build) -> None:
    @rs.Asset(hooks=BOTH, metadata={"owner": "me"})
    def made(context: rs.AssetExecutionContext[Limits]) -> rs.Output:
        return rs.Output([1, 2], metadata={"rows": 2})

    result = build(made).materialize(config={"made": {"rows": 7}})
    [context] = told
    assert (context.asset_name, context.run_id, context.hook_type) == ("made", result.run_id, "success")
    assert (context.output, context.error, context.metadata) == ([1, 2], None, {"owner": "me"})
    assert context.config == Limits(rows=7)


@pytest.mark.rule("execution 4.3", "execution 4.4")
def test_a_failure_hook_is_told_the_error_and_no_output(build: Build) -> None:
    @rs.Asset(hooks=BOTH)
    def bad() -> int:
        raise ValueError("boom")

    build(bad).materialize(raise_on_error=False)
    [context] = told
    assert (context.asset_name, context.hook_type, context.output) == ("bad", "failure", None)
    assert (context.error, context.metadata, context.config) == ("ValueError: boom", None, None)


@pytest.mark.rule("execution 4.4")
def test_every_failure_of_a_step_is_told(build: Build) -> None:
    class Full(rs.BaseIOHandler):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            raise OSError("disk full")

        def load_input(self, context: rs.InputContext) -> Any: ...

    @rs.Asset(hooks=BOTH)
    def wrong() -> int:
        return "text"

    stored = rs.Asset(lambda: 1, name="stored", io_handler=Full(), hooks=BOTH)
    build(wrong, stored).materialize(raise_on_error=False)
    assert heard() == [("wrong", "failure"), ("stored", "failure")]
    assert told[1].error == "OSError: disk full"


@pytest.mark.rule("execution 4.5")
def test_hooks_run_here_though_the_step_ran_in_a_worker(build: Build, tmp_path: Any) -> None:
    folder = steps.Folder(root=str(tmp_path))
    seen: list[tuple[str, int, Any]] = []

    @rs.Hook.success
    def where(context: rs.HookContext[Any]) -> None:
        seen.append((context.asset_name, os.getpid(), context.output))

    both = [rs.Asset(steps.process, name=name, io_handler=folder, hooks=[where]) for name in ("one", "two")]
    repo = build(*both, default_executor=rs.Executor.parallel(2))
    repo.materialize()
    assert sorted(seen) == [(name, os.getpid(), repo.load_node(name)) for name in ("one", "two")]
    assert os.getpid() not in {output for _, _, output in seen}


@pytest.mark.rule("execution 4.5")
def test_hooks_run_in_the_order_of_the_list_when_the_outcome_is_stored(build: Build, storage: rs.Storage) -> None:
    order: list[Any] = []

    def noting(name: str) -> Any:
        def note(context: rs.HookContext[Any]) -> None:
            order.append((name, types_of(storage, context.run_id, "asset")[-1]))

        return rs.Hook.success(note)

    build(rs.Asset(lambda: 1, name="asset", hooks=[noting("c"), noting("a"), noting("b")])).materialize()
    assert order == [(name, "StepSuccess") for name in "cab"]


@pytest.mark.rule("execution 4.6")
def test_a_hook_that_raises_harms_neither_the_step_nor_the_hooks_after_it(
    build: Build, storage: rs.Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    @rs.Hook.success
    def broken(context: rs.HookContext[Any]) -> None:
        raise LookupError("hook is broken")

    @rs.Hook.success
    def leaves(context: rs.HookContext[Any]) -> None:
        sys.exit(3)

    repo = build(rs.Asset(lambda: 1, name="good", hooks=[broken, leaves, on_success]))
    result = repo.materialize()
    assert (result.success, repo.load_node("good")) == (True, 1)
    assert heard() == [("good", "success")]
    run = storage.get_run(result.run_id)
    assert run is not None
    assert run.status == "Success"
    texts = [capsys.readouterr().err, *(log.stderr or "" for log in logs_of(storage, result.run_id, "good"))]
    assert all("hook is broken" in text for text in texts)


@pytest.mark.rule("execution 4.6")
def test_a_failure_hook_that_raises_changes_no_failure(build: Build) -> None:
    @rs.Hook.failure
    def broken(context: rs.HookContext[Any]) -> None:
        raise LookupError("hook is broken")

    def fails() -> int:
        raise ValueError("boom")

    repo = build(rs.Asset(fails, name="bad", hooks=[broken, on_failure]))
    with pytest.raises(ValueError, match="boom"):
        repo.materialize()
    assert heard() == [("bad", "failure")]


@pytest.mark.rule("execution 4.7")
def test_a_skipped_step_fires_no_hook(build: Build) -> None:
    bad = rs.Asset(lambda: 1 / 0, name="bad", hooks=BOTH)
    down = rs.Asset(lambda bad: bad, name="down", hooks=BOTH)
    result = build(bad, down).materialize(raise_on_error=False)
    assert failures_of(result)["down"] == SKIPPED
    assert heard() == [("bad", "failure")]


@pytest.mark.rule("execution 4.7")
def test_a_step_that_a_resumed_run_leaves_out_fires_no_hook_again(build: Build) -> None:
    calls: list[int] = []

    def shaky(first: int) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError
        return first

    repo = build(rs.Asset(lambda: 1, name="first", hooks=BOTH), rs.Asset(shaky, hooks=BOTH))
    repo.materialize(run_id_override="r", raise_on_error=False)
    repo.materialize(run_id_override="r", resume=True)
    assert heard() == [("first", "success"), ("shaky", "failure"), ("shaky", "success")]


@pytest.mark.rule("execution 4.8")
def test_the_hooks_of_a_multi_asset_fire_once_per_output(build: Build) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("one"), rs.AssetDef("two"), rs.AssetDef("lost")], hooks=BOTH)
    def several() -> dict[str, Any]:
        return {"one": 1, "two": rs.Output(2)}

    build(several).materialize(raise_on_error=False)
    assert sorted(heard()) == [("lost", "failure"), ("one", "success"), ("two", "success")]
    assert {context.asset_name: context.output for context in told} == {"one": 1, "two": 2, "lost": None}
    assert {context.error for context in told} == {None, "KeyError: 'lost'"}


@pytest.mark.rule("graph-assets 3.2.8")
def test_the_hooks_of_a_graph_fire_once_under_its_name(build: Build) -> None:
    one = rs.Task(lambda: 1, name="one")
    inc = rs.Task(lambda one: one + 1, name="inc")
    broken = rs.Task(lambda: 1 / 0, name="broken")
    good = rs.Asset.from_graph(lambda: inc(one()), name="good", hooks=BOTH, metadata={"owner": "me"})
    repo = build(good, tasks=[one, inc])
    repo.materialize()
    [context] = told
    assert (context.asset_name, context.hook_type, context.output) == ("good", "success", 2)
    assert context.metadata == {"owner": "me"}
    told.clear()
    bad = rs.Asset.from_graph(lambda: broken(), name="bad", hooks=BOTH)
    build(bad, tasks=[broken]).materialize(raise_on_error=False)
    assert heard() == []  # the step of the graph was skipped: rule 3


@pytest.mark.rule("execution 4.9")
def test_a_materialization_is_a_success_without_an_output(build: Build) -> None:
    @rs.Asset(hooks=BOTH)
    def elsewhere() -> rs.Materialization:
        return rs.Materialization(metadata={"rows": 3})

    build(elsewhere).materialize()
    [context] = told
    assert (context.asset_name, context.hook_type, context.output) == ("elsewhere", "success", None)


@pytest.mark.rule("graph-assets 1.3")
def test_tasks_have_no_hooks() -> None:
    with pytest.raises(TypeError):
        rs.Task(lambda: 1, name="t", hooks=[on_success])
    with pytest.raises(TypeError):
        rs.BashTask("t", "true", hooks=[on_success])


@pytest.mark.rule("execution 4.10")
def test_an_async_hook_is_awaited(build: Build) -> None:
    @rs.Hook.success
    async def tell(context: rs.HookContext[Any]) -> None:
        told.append(context)

    build(rs.Asset(lambda: 1, name="asset", hooks=[tell])).materialize()
    assert heard() == [("asset", "success")]
