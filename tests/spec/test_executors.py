"""Where steps run."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from tests.spec import worker_steps as steps
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, logs_of, metadata_of, told, types_of

PARALLEL = rs.Executor.parallel(2)


@pytest.fixture
def folder(tmp_path: Path) -> steps.Folder:
    return steps.Folder(root=str(tmp_path))


def beside(function: Any, folder: steps.Folder, **settings: Any) -> list[rs.SingleAsset]:
    """An asset, and another one of its level, so that neither is alone."""
    return [
        rs.Asset(function, io_handler=folder, **settings),
        rs.Asset(steps.process, name="other", io_handler=folder),
    ]


@pytest.mark.rule("execution 1.1")
def test_executors_come_from_factories_and_are_told_apart_by_the_nested_classes() -> None:
    with pytest.raises(TypeError):
        rs.Executor()
    assert isinstance(rs.Executor.in_process(), rs.Executor.InProcess)
    assert isinstance(rs.Executor.parallel(), rs.Executor.Parallel)
    assert isinstance(rs.Executor.kubernetes(), rs.Executor.Kubernetes)
    for executor in (rs.Executor.in_process(), rs.Executor.parallel(), rs.Executor.kubernetes()):
        assert isinstance(executor, rs.Executor)


@pytest.mark.rule("execution 1.3")
def test_the_parallel_executor_tells_its_limits() -> None:
    default = rs.Executor.parallel()
    assert (default.max_workers, default.max_async_concurrent) == (len(os.sched_getaffinity(0)), None)
    given = rs.Executor.parallel(3, 4)
    assert (given.max_workers, given.max_async_concurrent) == (3, 4)
    named = rs.Executor.parallel(max_workers=3, max_async_concurrent=4)
    assert (named.max_workers, named.max_async_concurrent) == (3, 4)


@pytest.mark.rule("execution 1.6")
def test_the_kubernetes_executor_is_a_value_with_the_documented_defaults() -> None:
    default = rs.Executor.kubernetes()
    names = ["worker_image", "max_concurrent_steps", "namespace", "service_account", "worker_cpu", "worker_memory"]
    assert [getattr(default, name) for name in names] == [None, None, None, "rivers-executor", "500m", "512Mi"]
    given = rs.Executor.kubernetes("image", max_concurrent_steps=2, namespace="n", worker_cpu="1", worker_memory="1Gi")
    assert (given.worker_image, given.max_concurrent_steps, given.namespace) == ("image", 2, "n")
    with pytest.raises(TypeError):
        rs.Executor.kubernetes("image", 2)


@pytest.mark.rule("execution 1.7")
@pytest.mark.parametrize("error", [OverflowError, ValueError])
def test_a_negative_count_is_refused(error: type[Exception]) -> None:
    for make in (
        lambda: rs.Executor.parallel(-1),
        lambda: rs.Executor.parallel(1, -1),
        lambda: rs.Executor.kubernetes(max_concurrent_steps=-1),
    ):
        with pytest.raises(error):
            make()


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
    """Async steps of one level that end only when all of them have begun."""
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
    """A step that ends when the others have begun."""
    return rs.Asset(steps.meets, name=name, io_handler=folder, metadata={"folder": folder.root, "others": others})


@pytest.mark.rule("execution 1.3")
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


@pytest.mark.rule("execution 2.2")
def test_a_level_of_two_executors_runs_each_step_where_it_belongs(build: Build, folder: steps.Folder) -> None:
    pinned = [
        rs.Asset(steps.process, name=f"pinned{n}", io_handler=folder, metadata={"rivers/executor": "in_process"})
        for n in (1, 2)
    ]
    free = [rs.Asset(steps.process, name=f"free{n}", io_handler=folder) for n in (1, 2)]
    repo = build(pinned[0], free[0], pinned[1], free[1], default_executor=PARALLEL)
    assert repo.materialize().materialized_assets == ["pinned1", "free1", "pinned2", "free2"]
    assert {repo.load_node(asset.name) for asset in pinned} == {os.getpid()}
    assert os.getpid() not in {repo.load_node(asset.name) for asset in free}


@pytest.mark.rule("execution 2.3")
def test_a_single_sync_step_of_a_batch_runs_here_and_so_a_chain_works_with_all_defaults(storage: rs.Storage) -> None:
    first = rs.Asset(name="first")(lambda: os.getpid())
    second = rs.Asset(name="second")(lambda first: (first, os.getpid()))
    with rs.CodeRepository([first, second]) as repo:
        repo.resolve(storage)
        repo.materialize()
        assert repo.load_node("second") == (os.getpid(), os.getpid())


@pytest.mark.rule("execution 2.4")
def test_two_independent_assets_with_all_defaults_run_in_this_process(storage: rs.Storage) -> None:
    with rs.CodeRepository([rs.Asset(steps.process, name=name) for name in ("one", "two")]) as repo:
        repo.resolve(storage)
        assert repo.materialize().success
        assert {repo.load_node(name) for name in ("one", "two")} == {os.getpid()}


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


@pytest.mark.rule("execution 2.7")
def test_a_resource_travels_by_its_fields_and_is_set_up_and_torn_down_in_the_worker(
    build: Build, folder: steps.Folder, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    left = rs.Asset(name="left", io_handler=folder)(lambda: 21)
    products = [rs.Asset(steps.product, name=name, io_handler=folder) for name in ("one", "two")]
    repo = build(left, *products, default_executor=PARALLEL, resources={"meter": steps.Meter(log=str(log), factor=3)})
    repo.materialize()
    assert [repo.load_node(name) for name in ("one", "two")] == [63, 63]
    notes = [line.split() for line in log.read_text().splitlines()]
    assert notes[0] == ["setup", str(os.getpid())]
    for pid in {pid for _, pid in notes[1:]}:
        assert pid != str(os.getpid())
        of_worker = [what for what, one in notes if one == pid]
        assert of_worker == ["setup", "teardown"] * (len(of_worker) // 2)
    assert sum(what == "teardown" for what, _ in notes) == 2


@pytest.mark.rule("execution 2.8")
def test_an_exception_of_a_worker_is_raised_here_with_its_type_and_attributes(
    build: Build, folder: steps.Folder, storage: rs.Storage
) -> None:
    repo = build(*beside(steps.fails, folder), default_executor=PARALLEL)
    with pytest.raises(steps.UserError, match="code 7") as caught:
        repo.materialize(run_id_override="r")
    assert caught.value.code == 7
    assert dict(event_of(storage, "r", "StepFailure", "fails").metadata)["error"] == "UserError: code 7"


@pytest.mark.rule("execution 2.9")
def test_what_a_worker_tells_is_recorded_here(build: Build, folder: steps.Folder, storage: rs.Storage) -> None:
    repo = build(*beside(steps.talks, folder), default_executor=PARALLEL)
    run_id = repo.materialize().run_id
    assert repo.load_node("talks") != os.getpid()
    made = event_of(storage, run_id, "Materialization", "talks")
    assert made.data_version == "v3"
    assert metadata_of(made) == {
        "who": {"Text": {"value": "context"}},
        "rows": {"Int": {"value": 3}},
        "handler": {"Text": {"value": "folder"}},
    }
    [log] = logs_of(storage, run_id, "talks")
    assert (log.stdout, log.stderr, log.logs) == ("to stdout\n", "to stderr\n", "WARNING to the log\n")


@pytest.mark.rule("execution 2.10", "execution 3.1.6")
def test_the_death_of_a_worker_is_the_failure_of_its_step_alone(
    build: Build, folder: steps.Folder, storage: rs.Storage
) -> None:
    repo = build(*beside(steps.dies, folder), default_executor=PARALLEL)
    result = repo.materialize(raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["dies"]
    assert types_of(storage, result.run_id, "other")[-1] == "StepSuccess"
    failure = dict(event_of(storage, result.run_id, "StepFailure", "dies").metadata)
    assert failure["rivers/failure_reason"] == "infrastructure"


@pytest.mark.rule("execution 1.5")
def test_max_async_concurrent_1_runs_coroutines_one_after_another(build: Build) -> None:
    spans: list[str] = []

    def step(name: str) -> rs.SingleAsset:
        async def function() -> None:
            spans.append(f"{name} begins")
            await asyncio.sleep(0.001)
            spans.append(f"{name} ends")

        return rs.Asset(function, name=name)

    build(step("a"), step("b"), step("c"), default_executor=rs.Executor.parallel(2, 1)).materialize()
    assert [one.split()[0] for one in spans[::2]] == [one.split()[0] for one in spans[1::2]]


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


@pytest.mark.rule("execution 2.11")
def test_an_async_generator_may_make_the_outputs_of_a_multi_asset(build: Build) -> None:
    async def pair() -> AsyncGenerator[rs.Output]:
        yield rs.Output(1, output_name="one")
        await asyncio.sleep(0)
        yield rs.Output(2, output_name="two")

    repo = build(rs.Asset.from_multi(pair, [rs.AssetDef("one"), rs.AssetDef("two")]))
    assert repo.materialize().materialized_assets == ["one", "two"]
    assert (repo.load_node("one"), repo.load_node("two")) == (1, 2)


@pytest.mark.rule("execution 1.9")
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), PARALLEL], ids=["in_process", "parallel"])
def test_compute_is_ignored_with_a_logged_warning(
    build: Build, caplog: pytest.LogCaptureFixture, executor: Any
) -> None:
    repo = build(rs.Asset(steps.process, compute=rs.Compute(cpu="2")), default_executor=executor)
    with caplog.at_level(logging.WARNING):
        assert repo.materialize().success
    assert [one.levelname for one in caplog.records if "compute" in one.getMessage()] == ["WARNING"]
