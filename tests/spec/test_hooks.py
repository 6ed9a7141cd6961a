"""Hooks: what they are told, when, and what they cannot break."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.recorded import types_of

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
    """Return asset and kind of every call, in order."""
    return [(context.asset_name, context.hook_type) for context in told]


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
def test_hooks_run_in_the_order_of_the_list_when_the_outcome_is_stored(build: Build, storage: rs.Storage) -> None:
    order: list[Any] = []

    def noting(name: str) -> Any:
        def note(context: rs.HookContext[Any]) -> None:
            order.append((name, types_of(storage, context.run_id, "asset")[-1]))

        return rs.Hook.success(note)

    build(rs.Asset(lambda: 1, name="asset", hooks=[noting("c"), noting("a"), noting("b")])).materialize()
    assert order == [(name, "StepSuccess") for name in "cab"]


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
    assert heard() == []  # the step of the graph was skipped
