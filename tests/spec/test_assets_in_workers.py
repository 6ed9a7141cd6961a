"""What holds for steps holds for those in worker processes, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from tests.spec import producing_steps as steps
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, failures_of, metadata_of


@pytest.fixture
def handler(tmp_path: Path) -> rs.PickleIOHandler:
    return rs.PickleIOHandler(store=LocalStore(tmp_path))


def multi(function: Any, *names: str, handler: Any, **settings: Any) -> rs.MultiAsset:
    return rs.Asset.from_multi(function, [rs.AssetDef(name) for name in names], "m", io_handler=handler, **settings)


def beside(handler: Any, name: str = "beside", **settings: Any) -> rs.SingleAsset:
    """Return a step to stand beside another in its level, so that both go to workers."""
    return rs.Asset(steps.process, name=name, io_handler=handler, **settings)


PARALLEL = rs.Executor.parallel(2)


@pytest.mark.rule("graph-assets 3.2.3", "metadata 4.2")
def test_the_tasks_of_a_graph_run_where_its_metadata_say(build: Build, handler: Any) -> None:
    metadata = {"rivers/node/executor": "parallel", "rivers/executor": "in_process"}
    graph = rs.Asset.from_graph(
        lambda: steps.both(steps.first(), steps.second()), "g", node_io_handler=handler, metadata=metadata
    )
    repo = build(graph)
    assert repo.materialize().materialized_assets == ["g/first", "g/second", "g/both", "g"]
    processes = repo.load_node("g")
    assert list(processes) == ["g/first", "g/second"]
    assert os.getpid() not in processes.values()


@pytest.mark.rule("assets 6.13")
def test_a_mapping_comes_back_from_a_worker_with_all_that_was_said(
    build: Build, storage: rs.Storage, handler: Any
) -> None:
    heard: list[Any] = []

    @rs.Hook.success
    def note(context: rs.HookContext) -> None:
        heard.append((context.asset_name, context.output))

    given = multi(steps.mapping, "a", "b", "c", "d", handler=handler, hooks=[note])
    repo = build(given, beside(handler), default_executor=PARALLEL)
    result = repo.materialize(raise_on_error=False)
    assert failures_of(result) == {"d": "KeyError: 'd'"}
    process = repo.load_node("a")
    assert process != os.getpid()
    assert repo.load_node("b") == ("m", True, ["a", "b", "c", "d"])
    assert event_of(storage, result.run_id, "Materialization", "a").data_version == "va"
    assert metadata_of(event_of(storage, result.run_id, "Materialization", "c")) == {"rows": {"Int": {"value": 3}}}
    assert sorted(name for name, _ in heard) == ["a", "b", "c"]
    assert dict(heard)["a"] == process
    assert dict(heard)["c"] is None


@pytest.mark.rule("graph-assets 1.7")
def test_standalone_tasks_and_commands_run_beside_each_other(build: Build, handler: Any) -> None:
    one, two = (rs.Task(steps.process, name=name, io_handler=handler) for name in ("one", "two"))
    command = rs.BashTask("command", "echo done", io_handler=handler)
    repo = build(tasks=[one, two, command], default_executor=PARALLEL)
    assert sorted(repo.materialize().materialized_assets) == ["command", "one", "two"]
    assert os.getpid() not in (repo.load_node("one"), repo.load_node("two"))
    assert repo.load_node("command") == "done"
