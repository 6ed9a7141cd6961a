"""Where steps run."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from tests.spec import worker_steps as steps
from tests.spec.conftest import Build
from tests.spec.recorded import told

PARALLEL = rs.Executor.parallel(2)


@pytest.fixture
def folder(tmp_path: Path) -> steps.Folder:
    return steps.Folder(root=str(tmp_path))


@pytest.mark.rule("execution 1.2")
def test_in_process_runs_sync_steps_one_at_a_time_here(build: Build) -> None:
    running: list[str] = []
    most: list[int] = []

    def step(name: str) -> rs.SingleAsset:
        def function() -> tuple[int, int]:
            running.append(name)
            most.append(len(running))
            running.remove(name)
            return os.getpid(), threading.get_ident()

        return rs.Asset(function, name=name)

    repo = build(*(step(name) for name in "abc"), default_executor=rs.Executor.in_process())
    repo.materialize()
    assert most == [1, 1, 1]
    assert {repo.load_node(name) for name in "abc"} == {(os.getpid(), threading.get_ident())}


def meeting(count: int) -> list[rs.SingleAsset]:
    """Return asynchronous steps of one level that end only when all of them have begun."""
    everybody = asyncio.Barrier(count)

    def step(name: str) -> rs.SingleAsset:
        async def function() -> int:
            await everybody.wait()
            return os.getpid()

        return rs.Asset(function, name=name)

    return [step(f"s{number}") for number in range(count)]


@pytest.mark.rule("execution 1.4")
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), PARALLEL], ids=["in_process", "parallel"])
def test_async_steps_of_a_level_run_concurrently_in_this_process(build: Build, executor: Any) -> None:
    repo = build(*meeting(3), default_executor=executor)
    assert repo.materialize().success
    assert {repo.load_node(name) for name in repo.assets} == {os.getpid()}


def waiting_for(name: str, others: str, folder: steps.Folder) -> rs.SingleAsset:
    """Return a step that ends when the others have begun."""
    return rs.Asset(steps.meets, name=name, io_handler=folder, metadata={"folder": folder.root, "others": others})


@pytest.mark.rule("execution 1.3", "repository 1.3")
def test_two_sync_steps_of_a_level_run_beside_each_other_in_worker_processes(
    build: Build, folder: steps.Folder
) -> None:
    repo = build(waiting_for("one", "two", folder), waiting_for("two", "one", folder), default_executor=PARALLEL)
    repo.materialize()
    workers = {repo.load_node("one"), repo.load_node("two")}
    assert len(workers) == 2
    assert os.getpid() not in workers


@pytest.mark.rule("execution 1.4")
def test_async_steps_run_here_while_sync_steps_run_in_workers(build: Build, folder: steps.Folder) -> None:
    async def waits() -> int:
        root = Path(folder.root)
        (root / "coroutine is here").touch()
        while not (root / "one is here").exists():  # noqa: ASYNC110 - it is another process that comes
            await asyncio.sleep(0.005)
        return os.getpid()

    coroutine = rs.Asset(waits, name="coroutine", io_handler=folder)
    others = [waiting_for(name, "coroutine", folder) for name in ("one", "two")]
    repo = build(coroutine, *others, default_executor=PARALLEL)
    repo.materialize()
    assert repo.load_node("coroutine") == os.getpid()
    assert os.getpid() not in {repo.load_node("one"), repo.load_node("two")}


@pytest.mark.rule("execution 2.1")
def test_a_level_begins_when_the_one_before_has_ended(build: Build, storage: rs.Storage, folder: steps.Folder) -> None:
    first = [waiting_for(name, other, folder) for name, other in (("one", "two"), ("two", "one"))]
    second = [rs.Asset(name=f"{name}_after", io_handler=folder, deps=[rs.AssetDef.dep(name)])(lambda: 1)
              for name in ("one", "two")]  # fmt: skip
    run_id = build(*first, *second, default_executor=PARALLEL).materialize().run_id
    events = told(storage, run_id)
    ends = [events.index(("StepSuccess", name)) for name in ("one", "two")]
    begins = [events.index(("StepStart", f"{name}_after")) for name in ("one", "two")]
    assert max(ends) < min(begins)


@pytest.mark.rule("execution 2.3")
def test_a_single_sync_step_of_a_batch_runs_here_and_so_a_chain_works_with_all_defaults(storage: rs.Storage) -> None:
    first = rs.Asset(name="first")(lambda: os.getpid())
    second = rs.Asset(name="second")(lambda first: (first, os.getpid()))
    with rs.CodeRepository([first, second]) as repo:
        repo.resolve(storage)
        repo.materialize()
        assert repo.load_node("second") == (os.getpid(), os.getpid())


@pytest.mark.rule("execution 2.5", "execution 2.6")
def test_values_do_not_cross_but_go_through_the_handlers_in_the_worker(build: Build, folder: steps.Folder) -> None:
    up = rs.Asset(name="up", io_handler=folder)(lambda: 21)
    downs = [rs.Asset(name=name, io_handler=folder)(lambda up: up * 2) for name in ("one", "two")]
    repo = build(up, *downs, default_executor=PARALLEL)
    repo.materialize()
    assert [repo.load_node(name) for name in ("one", "two")] == [42, 42]
    notes = folder.notes()
    assert notes[0] == ("stored", "up", os.getpid())
    there = [(what, asset) for what, asset, pid in notes if pid != os.getpid()]
    assert sorted(there) == [("loaded", "up"), ("loaded", "up"), ("stored", "one"), ("stored", "two")]


@pytest.mark.rule("execution 2.12")
def test_synchronous_calls_work_on_the_thread_of_a_running_loop(build: Build) -> None:
    async def coroutine() -> int:
        await asyncio.sleep(0)
        return 5

    @rs.Asset.external(io_handler=rs.InMemoryIOHandler())
    async def watched() -> rs.Observation:
        return rs.Observation(metadata={"rows": 1})

    asset = rs.Asset(coroutine)
    repo = build(asset, watched, jobs=[rs.Job("j", [asset])])

    async def main() -> tuple[Any, ...]:
        result = repo.materialize()
        return result.success, repo.load_node("coroutine"), repo.get_job("j").execute().success, list(repo.observe())

    assert asyncio.run(main()) == (True, 5, True, ["watched"])


@pytest.mark.rule("execution 2.11")
def test_coroutines_of_assets_and_tasks_are_awaited(build: Build) -> None:
    async def asset() -> int:
        await asyncio.sleep(0)
        return 20

    async def task(asset: int) -> int:
        await asyncio.sleep(0)
        return asset + 1

    repo = build(rs.Asset(asset), tasks=[rs.Task(task)])
    repo.materialize()
    assert (repo.load_node("asset"), repo.load_node("task")) == (20, 21)
