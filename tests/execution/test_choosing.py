"""Which executor a step gets."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import ConfigurationError
from rivers.execution.choosing import executor_of_run
from rivers.execution.run_config import RunConfig
from rivers.repository.code_repository import CodeRepository
from tests.execution import worker_functions as functions

Build = Callable[..., CodeRepository]
IN_PROCESS, PARALLEL = rs.Executor.in_process(), rs.Executor.parallel(3)


@pytest.mark.rule("execution 1.8", "resources 2.2.9")
@pytest.mark.parametrize(
    ("default", "job", "execution", "expected"),
    [
        (IN_PROCESS, None, {}, IN_PROCESS),
        (IN_PROCESS, PARALLEL, {"executor": "in_process"}, PARALLEL),
        (PARALLEL, None, {"executor": "in_process"}, IN_PROCESS),
        (IN_PROCESS, None, {"executor": "parallel", "max_workers": 2}, rs.Executor.parallel(2)),
        (PARALLEL, None, {"executor": "parallel"}, PARALLEL),
        (PARALLEL, None, {"max_async_concurrent": 4}, rs.Executor.parallel(3, 4)),
    ],
)
def test_the_job_comes_before_the_run_config_and_that_before_the_repository(
    default: Any, job: Any, execution: dict[str, Any], expected: Any
) -> None:
    assert executor_of_run(default, job, RunConfig(execution=execution)) == expected


def test_an_executor_of_a_cluster_is_refused_here() -> None:
    with pytest.raises(ConfigurationError, match="KubernetesExecutor"):
        executor_of_run(rs.Executor.kubernetes(), None, RunConfig())


@pytest.mark.rule("metadata 4.1")
def test_an_unknown_executor_in_metadata_is_refused_when_it_is_to_run(build: Build) -> None:
    asset = rs.Asset(functions.process, metadata={"rivers/executor": "threads"})
    repo = build(asset)
    with pytest.raises(ConfigurationError, match="'threads'; it must be one of in_process, parallel"):
        repo.materialize(raise_on_error=False)


@pytest.mark.rule("execution 1.8", "execution 2.2", "metadata 4.1", "resources 2.2.9")
def test_metadata_and_job_decide_where_steps_run(build: Build, tmp_path: Any) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))

    def steps(executor: str) -> list[Any]:
        metadata = {"rivers/executor": executor}
        return [
            rs.Asset(functions.process, name=f"{executor}_{number}", io_handler=handler, metadata=metadata)
            for number in range(2)
        ]

    free = [rs.Asset(functions.process, name=f"free_{number}", io_handler=handler) for number in range(2)]
    repo = build(
        *steps("in_process"),
        *steps("parallel"),
        *free,
        default_executor=IN_PROCESS,
        jobs=[rs.Job("beside", free, executor=PARALLEL)],
    )
    repo.materialize()
    values = {name: repo.load_node(name) for name in repo.assets}
    assert {values[name] == os.getpid() for name in ("in_process_0", "in_process_1", "free_0", "free_1")} == {True}
    assert os.getpid() not in {values["parallel_0"], values["parallel_1"]}
    repo.get_job("beside").execute()
    assert os.getpid() not in {repo.load_node("free_0"), repo.load_node("free_1")}
    repo.materialize(["free_0", "free_1"], config={"execution": {"executor": "parallel", "max_workers": 1}})
    assert os.getpid() not in {repo.load_node("free_0"), repo.load_node("free_1")}


@pytest.mark.rule("assets 1.22", "execution 1.9")
def test_compute_is_ignored_with_a_warning(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    repo = build(rs.Asset(functions.process, compute=rs.Compute(memory="2Gi")))
    with caplog.at_level(logging.WARNING, "rivers.executors"):
        assert repo.materialize().success
    assert caplog.messages == ["'process' asks for compute=, which ParallelExecutor ignores"]
